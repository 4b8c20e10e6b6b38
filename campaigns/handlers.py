"""What happens in lower apps that people are told of."""

from __future__ import annotations

from django.db import transaction

from campaigns.actions.queueing import queue_double_opt_in, queue_order_confirmation
from campaigns.tasks import SEND_DUE_MESSAGES
from core.events import subscribe
from core.rings import ring
from customers.events import ConsentRequested
from customers.models import ConsentRequest
from orders.events import OrderPlaced
from orders.models import Order


@subscribe(OrderPlaced)
def confirm_order(event: OrderPlaced) -> None:
    """Queue the order confirmation and ring for it."""
    orders = Order.objects.for_merchant(event.merchant_id).select_related("merchant", "customer")
    order = orders.filter(pk=event.order_id).first()
    # An order that was deleted meanwhile needs no confirmation.
    if order and queue_order_confirmation(order):
        transaction.on_commit(lambda: ring(SEND_DUE_MESSAGES))


@subscribe(ConsentRequested)
def ask_for_confirmation(event: ConsentRequested) -> None:
    """Queue the message with the confirmation link and ring for it."""
    requests = ConsentRequest.objects.for_merchant(event.merchant_id).select_related("merchant", "customer", "text")
    request = requests.filter(pk=event.request_id).first()
    # A person who was erased meanwhile is asked nothing.
    if request and queue_double_opt_in(request):
        transaction.on_commit(lambda: ring(SEND_DUE_MESSAGES))
