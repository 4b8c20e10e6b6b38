"""What a customer's orders add up to, kept on the profile in the transaction that changes an order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from customers.models import Customer
from merchants.models import Merchant
from orders.actions.recounting import store_figures


def lock_customers(merchant: Merchant, ids: Iterable[int | None]) -> None:
    """Of two orders of one customer the second waits here, and then counts the first."""
    wanted = sorted({pk for pk in ids if pk is not None})
    rows = Customer.objects.for_merchant(merchant).filter(pk__in=wanted).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk", flat=True))


def recount_customer(merchant: Merchant, customer_id: int | None) -> None:
    """Recompute the figures of one customer from the facts; its row must be locked. Nothing to do for a guest."""
    if customer_id is not None:
        store_figures(merchant, [customer_id])


def recount_customers(merchant: Merchant, ids: Sequence[int]) -> None:
    """Recompute the figures of these customers; call it in the transaction that changed their orders."""
    lock_customers(merchant, ids)
    store_figures(merchant, ids)
