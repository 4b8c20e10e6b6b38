"""What a customer's orders add up to, kept on the profile in the transaction that changes an order."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, F, Max, Min, Sum

from customers.models import Customer
from merchants.models import Merchant
from orders.models import Order


def lock_customers(merchant: Merchant, ids: Iterable[int | None]) -> None:
    """Of two orders of one customer the second waits here, and then counts the first."""
    wanted = sorted({pk for pk in ids if pk is not None})
    rows = Customer.objects.for_merchant(merchant).filter(pk__in=wanted).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk", flat=True))


def recount_customer(merchant: Merchant, customer_id: int | None) -> None:
    """Recompute the profile's figures from its orders; its row must be locked. Nothing to do for a guest."""
    if customer_id is None:
        return
    counted = Order.objects.for_merchant(merchant).filter(customer=customer_id).counted()
    figures = counted.aggregate(
        orders_count=Count("pk"),
        revenue=Sum(F("total") - F("refunded"), default=0),
        first_order_at=Min("placed_at"),
        last_order_at=Max("placed_at"),
    )
    Customer.objects.for_merchant(merchant).filter(pk=customer_id).update(**figures)
