"""What a till is told about a customer's orders: the last ones, and those that have not arrived."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from core.api.serializers import MomentField
from core.providers import LookupSection, OpenMatter
from customers.models import Customer
from orders.models import Order

LAST = 3
MOST_OPEN = 5


class LastOrderOutput(serializers.Serializer[Order]):
    """One of the newest orders; the amount in minor units."""

    number = serializers.CharField()
    state = serializers.ChoiceField(choices=Order.State.choices)
    placed_at = MomentField()
    total = serializers.IntegerField()
    currency = serializers.CharField()


def _last_orders(customer: Customer) -> Sequence[Order]:
    orders = Order.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    return list(orders.order_by("-placed_at", "-id")[:LAST])


last_orders = LookupSection(LastOrderOutput(many=True, help_text="The newest first."), _last_orders)


def orders_on_their_way(customer: Customer) -> list[OpenMatter]:
    """Provider: orders that are neither delivered nor cancelled; urgent are those whose promised day is over."""
    orders = Order.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    undone = orders.filter(state__in=[Order.State.PLACED, Order.State.SHIPPED]).order_by("-placed_at", "-id")
    today = timezone.localdate(timezone=customer.merchant.tz)
    return [_matter(order, is_late=order.is_late(today)) for order in undone[:MOST_OPEN]]


def _matter(order: Order, *, is_late: bool) -> OpenMatter:
    title = _("Order %(number)s is late") if is_late else _("Order %(number)s has not arrived yet")
    return OpenMatter(
        kind="order_late" if is_late else "order_open",
        title=title % {"number": order.number},
        since=order.placed_at,
        reference=order.number,
        is_urgent=is_late,
    )
