"""Order confirmations of the newest demo orders: decided, recommended and rendered for real, and kept here.

They never reach a mail server, whatever EMAIL_URL says: nobody lives at the demo's addresses.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from email.utils import format_datetime

from django.db import transaction
from django.db.models import F

from campaigns.actions import delivery
from campaigns.actions.queueing import add_order_confirmation
from campaigns.composing import Stuck, compose
from campaigns.models import Message, MessageBlock
from campaigns.recommending import Recommender
from core.bulk import Tick
from cxapp.demo.assortment import MAIN
from merchants.models import Merchant
from orders.models import Order

NEWEST = 60
# What a shop's order takes from its arrival here to the end of its confirmation.
TAKES = timedelta(seconds=3)
_DATE = re.compile(rb"^Date: [^\r\n]*", re.MULTILINE)


def are_missing() -> bool:
    """Whether the main demo shop is there and no message of it is."""
    shop = Merchant.objects.filter(slug=MAIN).first()
    return shop is not None and not Message.objects.for_merchant(shop).exists()


def confirm_newest(merchant: Merchant, tick: Tick, *, count: int = NEWEST) -> Counter[str]:
    """Confirms the newest demo orders that have no confirmation yet; how many messages ended in which state."""
    states: Counter[str] = Counter()
    with Recommender() as recommender:
        for order in _newest(merchant, count):
            states[_confirm(order, recommender)] += 1
            tick(1)
    return states


def _newest(merchant: Merchant, count: int) -> list[Order]:
    """Oldest first. Whose buyer decided something later is left out: the gate would judge by what came after."""
    demo = Order.objects.for_merchant(merchant).filter(source=Order.Source.DEMO)
    undecided = demo.counted().exclude(customer__consent_records__occurred_at__gt=F("placed_at"))
    newest = undecided.select_related("merchant", "customer").prefetch_related("lines__product__category")
    orders = list(newest.order_by("-placed_at", "-id")[:count])
    known = set(Message.objects.for_merchant(merchant).filter(order__in=orders).values_list("order_id", flat=True))
    return [order for order in reversed(orders) if order.pk not in known]


@transaction.atomic
def _confirm(order: Order, recommender: Recommender) -> str:
    """In one transaction, so that no worker sees the message while it waits to be sent."""
    message = add_order_confirmation(order)
    message.order = order
    [outcome] = compose([message], recommender)
    if isinstance(outcome, Stuck):
        delivery.settle_stuck(message, outcome.state, outcome.code, outcome.detail)
    else:
        delivery.write_down([outcome])
        delivery.hand_over(message)
        delivery.settle_kept(message)
    _date_back(message, order.placed_at)
    return message.state


def _date_back(message: Message, placed_at: datetime) -> None:
    """To when the order came in: an order confirmation that is a day late would be a lie about this product."""
    done = placed_at + TAKES
    rows = Message.objects.for_merchant(message.merchant_id).filter(pk=message.pk)
    body = rows.values_list("body", flat=True).get()
    local = done.astimezone(message.merchant.tz)
    rows.update(
        queued_at=placed_at,
        due_at=placed_at,
        rendered_at=done if body else None,
        body=_DATE.sub(b"Date: " + format_datetime(local).encode(), bytes(body), count=1) if body else None,
        history=[
            {**entry, "at": (placed_at if n == 0 else done).isoformat()} for n, entry in enumerate(message.history)
        ],
    )
    MessageBlock.objects.for_merchant(message.merchant_id).filter(message=message).update(decided_at=done)
