"""What impressions and clicks came to: figures per day, and outcomes per person for the comparison with the holdout.

An order counts for a click when the person bought the clicked product within ``ATTRIBUTED`` days; of several clicks the
last one. What was only seen and then bought counts for nothing here: what recommendations earn on top is what the
treated spend more than those held back, whatever they clicked (``outcomes``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from core.measuring.uplift import Outcomes
from merchants.models import Merchant
from recommendations.models import PlacementDay

ATTRIBUTED = 7
# Returns come in later: so many days are figured anew each time.
REFIGURED = 35
# Of every person what they bought so long after they first saw the placement in the window.
FOLLOWED = 14
TIMEOUT = "10min"

# A profile that was merged is the one that holds it now; a visitor is the profile that it joined since.
_PERSON = """
    coalesce(merge.kept_id, shown.customer_id, identity.customer_id)
"""
_JOINS = """
    LEFT JOIN customers_merge AS merge ON merge.merchant_id = %(merchant)s
        AND merge.absorbed_id = shown.customer_id AND merge.undone_at IS NULL
    LEFT JOIN customers_identity AS identity ON identity.merchant_id = %(merchant)s
        AND shown.customer_id IS NULL AND shown.visitor <> '' AND identity.kind = 'anonymous_id'
        AND identity.value = shown.visitor AND identity.blocked_at IS NULL
"""
_DAYS = f"""
WITH seen AS (
    SELECT (shown.occurred_at AT TIME ZONE %(zone)s)::date AS day, placement, arm, count(*) AS impressions
    FROM recommendations_impression AS shown
    WHERE merchant_id = %(merchant)s AND occurred_at >= %(since)s GROUP BY 1, 2, 3
), clicked AS (
    SELECT (shown.occurred_at AT TIME ZONE %(zone)s)::date AS day, placement, arm,
           count(DISTINCT answer) AS clicked, count(*) AS clicks
    FROM recommendations_click AS shown
    WHERE merchant_id = %(merchant)s AND occurred_at >= %(since)s GROUP BY 1, 2, 3
), clicks AS (
    SELECT shown.id, shown.placement, shown.arm, shown.product_id, shown.occurred_at, {_PERSON} AS customer_id
    FROM recommendations_click AS shown {_JOINS}
    WHERE shown.merchant_id = %(merchant)s
        AND shown.occurred_at >= %(since)s::timestamptz - make_interval(days => %(attributed)s)
), sold AS (
    SELECT DISTINCT ON (line.id) line.id, line.order_id, clicks.placement, clicks.arm,
           (orders.placed_at AT TIME ZONE %(zone)s)::date AS day,
           line.quantity - line.cancelled - line.returned AS kept, line.quantity, line.total, line.tax_rate,
           line.unit_cost
    FROM clicks
    JOIN orders_order AS orders ON orders.customer_id = clicks.customer_id AND orders.merchant_id = %(merchant)s
        AND orders.placed_at >= clicks.occurred_at AND orders.placed_at >= %(since)s
        AND orders.placed_at < clicks.occurred_at + make_interval(days => %(attributed)s)
        AND orders.state <> 'cancelled'
    JOIN orders_orderline AS line ON line.order_id = orders.id AND line.product_id = clicks.product_id
    ORDER BY line.id, clicks.occurred_at DESC, clicks.id DESC
), earned AS (
    SELECT day, placement, arm, count(DISTINCT order_id) AS orders,
           coalesce(sum(round(total::numeric * kept / quantity)), 0) AS revenue,
           coalesce(sum(round(total::numeric * kept / quantity / (1 + tax_rate)) - unit_cost * kept)
               FILTER (WHERE unit_cost IS NOT NULL), 0) AS margin,
           coalesce(sum(round(total::numeric * kept / quantity)) FILTER (WHERE unit_cost IS NOT NULL), 0) AS covered
    FROM sold WHERE kept > 0 GROUP BY 1, 2, 3
)
SELECT day, placement, arm, coalesce(impressions, 0), coalesce(clicked, 0), coalesce(clicks, 0), coalesce(orders, 0),
       coalesce(revenue, 0), coalesce(margin, 0), coalesce(covered, 0)
FROM seen FULL JOIN clicked USING (day, placement, arm) FULL JOIN earned USING (day, placement, arm)
"""  # noqa: S608  # made of our own words only
_OUTCOMES = f"""
WITH people AS (
    SELECT shown.placement, shown.arm, shown.occurred_at, {_PERSON} AS customer_id,
           coalesce({_PERSON}::text, 'v' || shown.visitor) AS person
    FROM recommendations_impression AS shown {_JOINS}
    WHERE shown.merchant_id = %(merchant)s AND shown.arm <> 'open'
        AND shown.occurred_at >= %(since)s AND shown.occurred_at < %(until)s
        AND (shown.customer_id IS NOT NULL OR shown.visitor <> '')
), firsts AS (
    SELECT DISTINCT ON (placement, person) placement, arm, occurred_at, customer_id
    FROM people ORDER BY placement, person, occurred_at
), bought AS (
    SELECT firsts.placement, firsts.arm, orders.revenue, orders.margin
    FROM firsts LEFT JOIN LATERAL (
        SELECT coalesce(sum(placed.total - placed.refunded), 0) AS revenue, coalesce(sum(goods.margin), 0) AS margin
        FROM orders_order AS placed
        LEFT JOIN LATERAL (
            SELECT sum(round(line.total::numeric * (line.quantity - line.cancelled - line.returned) / line.quantity
                   / (1 + line.tax_rate)) - line.unit_cost * (line.quantity - line.cancelled - line.returned)) AS margin
            FROM orders_orderline AS line WHERE line.order_id = placed.id AND line.unit_cost IS NOT NULL
        ) AS goods ON true
        WHERE placed.customer_id = firsts.customer_id AND placed.merchant_id = %(merchant)s
            AND placed.state <> 'cancelled' AND placed.placed_at >= firsts.occurred_at
            AND placed.placed_at < firsts.occurred_at + make_interval(days => %(followed)s)
    ) AS orders ON true
)
SELECT placement, arm, count(*), count(*) FILTER (WHERE revenue > 0),
       sum(revenue)::float8, sum(revenue::float8 ^ 2), sum(margin)::float8, sum(margin::float8 ^ 2)
FROM bought GROUP BY placement, arm
"""  # noqa: S608
_CLICKED_BY = """
WITH seen AS (
    SELECT impression.answer, entry.product_id, entry.source, entry.place
    FROM recommendations_impression AS impression,
         unnest(impression.products, impression.sources) WITH ORDINALITY AS entry (product_id, source, place)
    WHERE impression.merchant_id = %(merchant)s AND impression.occurred_at >= %(since)s
        AND impression.arm <> 'holdout'
)
SELECT seen.source, least(seen.place, %(deepest)s), count(*), count(click.id)
FROM seen LEFT JOIN recommendations_click AS click
    ON click.merchant_id = %(merchant)s AND click.answer = seen.answer AND click.product_id = seen.product_id
GROUP BY 1, 2
"""
DEEPEST = 10


@dataclass(frozen=True, slots=True)
class ArmOutcomes:
    """What the people of one arm of a placement spent, and what was earned on it (revenue and margin)."""

    placement: str
    arm: str
    revenue: Outcomes
    margin: Outcomes


@dataclass(frozen=True, slots=True)
class Shown:
    """How often products of one source stood at one position, and were clicked there."""

    source: int
    position: int
    seen: int
    clicks: int


@transaction.atomic
def figure_days(merchant: Merchant, *, today: date) -> int:
    """Figure the days of the last five weeks anew; returns how many rows there are."""
    first = today - timedelta(days=REFIGURED)
    found = _rows(_DAYS, merchant, since=_midnight(merchant, first), attributed=ATTRIBUTED)
    names = ["day", "placement", "arm", "impressions", "clicked", "clicks", "orders", "revenue", "margin"]
    names.append("covered_revenue")
    PlacementDay.objects.for_merchant(merchant).filter(day__gte=first).delete()
    days = [PlacementDay(merchant=merchant, **dict(zip(names, row, strict=True))) for row in found]
    PlacementDay.objects.bulk_create(days, batch_size=1000)
    return len(days)


def outcomes(merchant: Merchant, *, since: datetime, until: datetime) -> list[ArmOutcomes]:
    """Of everybody who saw a measured placement in the time: by intention to treat, in the arm they saw first."""
    rows = _rows(_OUTCOMES, merchant, since=since, until=until, followed=FOLLOWED)
    return [
        ArmOutcomes(placement, arm, Outcomes(people, buyers, *revenue), Outcomes(people, buyers, *margin))
        for placement, arm, people, buyers, *amounts in rows
        for revenue, margin in [(amounts[:2], amounts[2:])]
    ]


def shown(merchant: Merchant, *, since: datetime) -> list[Shown]:
    """By source and position (``DEEPEST`` stands for all beyond); without what those held back saw."""
    return [Shown(*row) for row in _rows(_CLICKED_BY, merchant, since=since, deepest=DEEPEST)]


def _midnight(merchant: Merchant, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=merchant.tz)


def _rows(statement: str, merchant: Merchant, **values: Any) -> list[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [TIMEOUT])
        parameters: dict[str, Any] = {"merchant": merchant.pk, "zone": merchant.time_zone, **values}
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def windows(now: datetime) -> Iterator[tuple[str, datetime]]:
    """The windows of the comparison: their names and beginnings."""
    for days in (28, 90):
        yield str(days), now - timedelta(days=days)
