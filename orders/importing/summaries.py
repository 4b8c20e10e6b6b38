"""What customers' orders add up to, for many customers in one statement."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from merchants.models import Merchant
from orders.actions.facts import lock_customers

# The same figures as ``orders.actions.facts.recount_customer``.
_RECOUNT = """
UPDATE customers_customer AS customer
SET orders_count = figures.orders_count, revenue = figures.revenue,
    first_order_at = figures.first_order_at, last_order_at = figures.last_order_at
FROM (
    SELECT wanted.id, count(orders.id) AS orders_count,
           coalesce(sum(orders.total - orders.refunded), 0) AS revenue,
           min(orders.placed_at) AS first_order_at, max(orders.placed_at) AS last_order_at
    FROM unnest(%(ids)s::bigint[]) AS wanted (id)
    LEFT JOIN orders_order AS orders
        ON orders.customer_id = wanted.id AND orders.merchant_id = %(merchant)s AND orders.state <> 'cancelled'
    GROUP BY wanted.id
) AS figures
WHERE customer.id = figures.id AND customer.merchant_id = %(merchant)s
"""


def recount_customers(merchant: Merchant, ids: Sequence[int]) -> None:
    """Recompute these profiles' figures from their orders; call it in the transaction that changed an order."""
    lock_customers(merchant, ids)
    with connection.cursor() as cursor:
        cursor.execute(_RECOUNT, {"ids": list(ids), "merchant": merchant.pk})
