"""The arithmetic of customers' figures, from the facts, for one customer or for all of a shop in one statement.

One statement serves every way in (an order, an import, the demo, a rebuild), so that they cannot disagree.
docs/kpis.md says in words what is computed here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from customers.rules import value
from merchants.models import Merchant

# Columns of the profile, and of its KPIs, in the order in which the statement names them.
PROFILE = ["orders_count", "revenue", "first_order_at", "last_order_at"]
KPIS = [
    "units_bought",
    "units_returned",
    "returned_value",
    "discounts",
    "net_revenue",
    "goods_cost",
    "payment_fees",
    "shipping_costs",
    "return_costs",
    "covered_revenue",
    "margin",
    "mean_gap_days",
    "payment_methods",
    "payments_count",
    "payment_days",
    "overdue_days",
    "first_channel",
    "last_channel",
    "lifecycle",
    "profitability",
]

# The money of the orders in ``counted``: net revenue (``net``), the share of it whose costs are known (``known``), and
# the costs. A statement that uses it names the orders in ``counted`` and the shop's costs in ``shop``.
PRICED = """goods AS (
    SELECT line.order_id, sum(line.quantity - line.cancelled) AS bought, sum(line.returned) AS returned,
           sum(line.discount) AS discounts,
           sum((line.quantity - line.cancelled - line.returned) * coalesce(line.unit_cost, 0)) AS cost,
           sum(line.total::numeric * (line.quantity - line.cancelled - line.returned) / line.quantity) AS kept,
           sum(line.total::numeric * (line.quantity - line.cancelled - line.returned) / line.quantity)
               FILTER (WHERE line.unit_cost IS NOT NULL) AS kept_known,
           bool_and(line.unit_cost IS NOT NULL OR line.quantity = line.cancelled + line.returned) AS all_known
    FROM counted JOIN orders_orderline AS line ON line.order_id = counted.id
    GROUP BY line.order_id
), parcels AS (
    SELECT parcel.order_id, count(*) AS sent
    FROM counted JOIN orders_shipment AS parcel ON parcel.order_id = counted.id GROUP BY parcel.order_id
), returns AS (
    SELECT back.order_id, count(DISTINCT back.id) AS received, coalesce(sum(line.refund), 0) AS value
    FROM counted JOIN orders_return AS back ON back.order_id = counted.id
    LEFT JOIN orders_returnline AS line ON line.parcel_id = back.id
    GROUP BY back.order_id
), priced AS (
    SELECT counted.*, coalesce(goods.bought, 0) AS bought, coalesce(goods.returned, 0) AS returned,
           coalesce(goods.discounts, 0) + counted.discount AS discounts, coalesce(goods.cost, 0) AS cost,
           coalesce(returns.value, 0) AS returned_value,
           counted.revenue - coalesce(round(counted.tax::numeric * counted.revenue / nullif(counted.total, 0)), 0)
               AS net,
           CASE WHEN goods.all_known THEN 1
                WHEN coalesce(goods.kept, 0) = 0 THEN 0
                ELSE coalesce(goods.kept_known, 0) / goods.kept END AS known,
           round(counted.total * coalesce(fee.share, 0)) + coalesce(fee.fixed, 0) AS fee,
           shop.parcel_cost * greatest(coalesce(parcels.sent, 0), (counted.channel <> 'pos')::int) AS sending,
           shop.return_cost * coalesce(returns.received, 0) AS handling
    FROM counted
    CROSS JOIN shop
    LEFT JOIN goods ON goods.order_id = counted.id
    LEFT JOIN parcels ON parcels.order_id = counted.id
    LEFT JOIN returns ON returns.order_id = counted.id
    LEFT JOIN orders_paymentfee AS fee
        ON fee.merchant_id = %(merchant)s AND fee.method = lower(counted.payment_method)
)
"""
_FIGURES = f"""
WITH wanted AS MATERIALIZED (
    SELECT id FROM customers_customer
    WHERE merchant_id = %(merchant)s AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s::bigint[]))
        AND erased_at IS NULL -- whoever was erased left figures and no orders
), shop AS MATERIALIZED (
    SELECT coalesce(max(costs.parcel_cost), 0) AS parcel_cost, coalesce(max(costs.return_cost), 0) AS return_cost,
           coalesce(max(kpis.typical_gap_days), %(default_gap)s::float8) AS typical_gap,
           max(kpis.top_margin) AS top_margin
    FROM merchants_merchant AS merchant
    LEFT JOIN orders_costsettings AS costs ON costs.merchant_id = merchant.id
    LEFT JOIN customers_shopkpis AS kpis ON kpis.merchant_id = merchant.id
    WHERE merchant.id = %(merchant)s
), counted AS MATERIALIZED (
    SELECT orders.id, orders.customer_id, orders.placed_at, orders.channel, orders.payment_method, orders.total,
           orders.total - orders.refunded AS revenue, orders.tax, orders.discount
    FROM wanted JOIN orders_order AS orders ON orders.customer_id = wanted.id
    WHERE orders.merchant_id = %(merchant)s AND orders.state <> 'cancelled'
), {PRICED}, sums AS (
    SELECT customer_id, count(*) AS orders_count, sum(revenue) AS revenue, min(placed_at) AS first_order_at,
           max(placed_at) AS last_order_at, sum(bought) AS units_bought, sum(returned) AS units_returned,
           sum(returned_value) AS returned_value, sum(discounts) AS discounts, sum(net) AS net_revenue,
           sum(cost) AS goods_cost, sum(round(fee * known)) AS payment_fees,
           sum(round(sending * known)) AS shipping_costs, sum(round(handling * known)) AS return_costs,
           sum(round(net * known)) AS covered_revenue, bool_or(known > 0) AS has_costs,
           extract(epoch FROM max(placed_at) - min(placed_at)) / 86400 / nullif(count(*) - 1, 0) AS mean_gap_days,
           (array_agg(channel ORDER BY placed_at, id))[1] AS first_channel,
           (array_agg(channel ORDER BY placed_at DESC, id DESC))[1] AS last_channel
    FROM priced GROUP BY customer_id
), methods AS (
    SELECT customer_id, jsonb_object_agg(payment_method, orders) AS payment_methods
    FROM (
        SELECT customer_id, payment_method, count(*) AS orders FROM counted
        WHERE payment_method <> '' GROUP BY customer_id, payment_method
    ) AS used GROUP BY customer_id
), paid AS (
    SELECT counted.customer_id, count(*) AS payments_count,
           avg(extract(epoch FROM payment.paid_at - counted.placed_at) / 86400) AS payment_days,
           avg(greatest((payment.paid_at AT TIME ZONE %(zone)s)::date - payment.due_on, 0))
               FILTER (WHERE payment.due_on IS NOT NULL) AS overdue_days
    FROM counted JOIN orders_payment AS payment ON payment.order_id = counted.id
    GROUP BY counted.customer_id
), figures AS (
    SELECT wanted.id AS customer_id, coalesce(sums.orders_count, 0) AS orders_count,
           coalesce(sums.revenue, 0) AS revenue, sums.first_order_at, sums.last_order_at,
           coalesce(sums.units_bought, 0) AS units_bought, coalesce(sums.units_returned, 0) AS units_returned,
           coalesce(sums.returned_value, 0) AS returned_value, coalesce(sums.discounts, 0) AS discounts,
           coalesce(sums.net_revenue, 0) AS net_revenue, coalesce(sums.goods_cost, 0) AS goods_cost,
           coalesce(sums.payment_fees, 0) AS payment_fees, coalesce(sums.shipping_costs, 0) AS shipping_costs,
           coalesce(sums.return_costs, 0) AS return_costs, coalesce(sums.covered_revenue, 0) AS covered_revenue,
           CASE WHEN sums.has_costs THEN sums.covered_revenue - sums.goods_cost - sums.payment_fees
               - sums.shipping_costs - sums.return_costs END AS margin,
           sums.mean_gap_days::float8 AS mean_gap_days,
           coalesce(methods.payment_methods, '{{}}'::jsonb) AS payment_methods,
           coalesce(paid.payments_count, 0) AS payments_count, paid.payment_days::float8 AS payment_days,
           paid.overdue_days::float8 AS overdue_days, coalesce(sums.first_channel, '') AS first_channel,
           coalesce(sums.last_channel, '') AS last_channel,
           extract(epoch FROM %(now)s - sums.last_order_at) / 86400 AS silent,
           greatest((coalesce(sums.mean_gap_days * (sums.orders_count - 1), 0)::float8 + shop.typical_gap)
               / greatest(sums.orders_count, 1), %(shortest_gap)s) AS gap,
           shop.top_margin
    FROM wanted
    CROSS JOIN shop
    LEFT JOIN sums ON sums.customer_id = wanted.id
    LEFT JOIN methods ON methods.customer_id = wanted.id
    LEFT JOIN paid ON paid.customer_id = wanted.id
)
SELECT figures.*,
       CASE WHEN orders_count = 0 THEN 'lead'
            WHEN silent <= %(defecting)s * gap THEN CASE WHEN orders_count = 1 THEN 'first_time' ELSE 'active' END
            WHEN silent <= %(inactive)s * gap THEN 'defecting'
            ELSE 'inactive' END AS lifecycle,
       CASE WHEN margin IS NULL OR covered_revenue < %(known)s * net_revenue THEN 'unknown'
            WHEN margin < -%(even)s * greatest(net_revenue, 0) THEN 'unprofitable'
            WHEN margin <= %(even)s * greatest(net_revenue, 0) THEN 'break_even'
            WHEN margin >= top_margin THEN 'very_profitable'
            ELSE 'profitable' END AS profitability
FROM figures
"""  # noqa: S608  # made of our own words only
_UPDATE_PROFILES = f"""
UPDATE customers_customer AS customer
SET {", ".join(f"{name} = figures.{name}" for name in PROFILE)}
FROM figured AS figures
WHERE customer.id = figures.customer_id AND customer.merchant_id = %(merchant)s
  AND ({", ".join(f"customer.{name}" for name in PROFILE)})
      IS DISTINCT FROM ({", ".join(f"figures.{name}" for name in PROFILE)})
"""  # noqa: S608  # our own column names
_STORE = f"""
WITH figured AS MATERIALIZED ({_FIGURES}), profiles AS ({_UPDATE_PROFILES})
INSERT INTO customers_customerkpis AS stored (merchant_id, customer_id, rfm_group, updated_at, {", ".join(KPIS)})
SELECT %(merchant)s, customer_id, '', %(now)s, {", ".join(KPIS)} FROM figured
ON CONFLICT (customer_id) DO UPDATE
SET updated_at = excluded.updated_at, {", ".join(f"{name} = excluded.{name}" for name in KPIS)}
WHERE ({", ".join(f"stored.{name}" for name in KPIS)}) IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in KPIS)})
"""  # noqa: S608
_COMPARE = f"""
WITH figured AS MATERIALIZED ({_FIGURES})
SELECT figured.customer_id,
       to_jsonb(ARRAY[{", ".join(f"to_jsonb(customer.{name})" for name in PROFILE)},
                      {", ".join(f"to_jsonb(stored.{name})" for name in KPIS)}]),
       to_jsonb(ARRAY[{", ".join(f"to_jsonb(figured.{name})" for name in [*PROFILE, *KPIS])}])
FROM figured
JOIN customers_customer AS customer ON customer.id = figured.customer_id
LEFT JOIN customers_customerkpis AS stored ON stored.customer_id = figured.customer_id
WHERE ({", ".join(f"customer.{name}" for name in PROFILE)}, {", ".join(f"stored.{name}" for name in KPIS)})
      IS DISTINCT FROM ({", ".join(f"figured.{name}" for name in [*PROFILE, *KPIS])})
  AND (stored.id IS NOT NULL OR figured.orders_count > 0)
ORDER BY figured.customer_id
"""  # noqa: S608


@dataclass(frozen=True)
class Difference:
    """A figure that is not what the facts say."""

    customer_id: int
    name: str
    stored: Any
    facts: Any


def store_figures(merchant: Merchant, ids: Sequence[int] | None) -> int:
    """Compute the figures of these customers (None: of all) and store what changed; returns how many KPI rows did."""
    with connection.cursor() as cursor:
        cursor.execute(_STORE, _parameters(merchant, ids))
        return int(cursor.rowcount)


def differences(merchant: Merchant) -> Iterator[Difference]:
    """Every stored figure of the shop's customers that is not what the facts say now; writes nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE, _parameters(merchant, None))
        for customer_id, stored, facts in cursor.fetchall():
            pairs = zip([*PROFILE, *KPIS], _values(stored), _values(facts), strict=True)
            yield from (Difference(customer_id, name, was, now) for name, was, now in pairs if was != now)


def _values(row: Any) -> list[Any]:
    values: list[Any] = row if isinstance(row, list) else json.loads(row)
    return values


def _parameters(merchant: Merchant, ids: Sequence[int] | None) -> dict[str, Any]:
    return {
        "merchant": merchant.pk,
        "ids": None if ids is None else list(ids),
        "now": timezone.now(),
        "zone": merchant.time_zone,
        "default_gap": value.DEFAULT_GAP,
        "shortest_gap": value.SHORTEST_GAP,
        "defecting": value.DEFECTING_AFTER,
        "inactive": value.INACTIVE_AFTER,
        "known": value.KNOWN_ENOUGH,
        "even": value.BREAK_EVEN,
    }
