"""The nightly round over a shop's customers: costs filled in, thresholds, classes, predictions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.errors import DomainError
from core.jobs import start_job
from core.models import Job
from customers.models import Customer, CustomerKpis, ShopKpis
from customers.rules import rfm
from merchants.actions import record_audit
from merchants.models import Merchant, Staff
from orders.actions.facts import recount_customers

if TYPE_CHECKING:
    from customers.rules.forecasting import Forecast, Purchases

VALUATION = "value_customers"
BATCH = 2000
# Customers with two orders below which the shop has no rhythm of its own.
ENOUGH_GAPS = 20
DAY_ZERO = date(1970, 1, 1)

_FILL_COSTS = """
UPDATE orders_orderline AS line SET unit_cost = product.cost
FROM catalog_product AS product
WHERE product.id = line.product_id AND line.merchant_id = %(merchant)s AND line.unit_cost IS NULL
  AND product.cost IS NOT NULL
"""
_THRESHOLDS = """
SELECT CASE WHEN count(kpis.mean_gap_days) >= %(enough)s
            THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY kpis.mean_gap_days) END,
       percentile_disc(0.8) WITHIN GROUP (ORDER BY kpis.margin)
FROM customers_customerkpis AS kpis JOIN customers_customer AS customer ON customer.id = kpis.customer_id
WHERE kpis.merchant_id = %(merchant)s AND customer.orders_count > 0
"""
# Equal values fall into one class: a fifth is a share of the buyers that are beaten, not a count of rows.
_CLASSES = """
WITH buyers AS (
    SELECT customer.id, customer.orders_count > 0 AND count(*) FILTER (WHERE orders_count > 0) OVER () >= %(enough)s
               AS is_ranked,
           least(1 + floor(5 * percent_rank() OVER (PARTITION BY orders_count > 0 ORDER BY last_order_at)), 5) AS r,
           least(1 + floor(5 * percent_rank() OVER (PARTITION BY orders_count > 0 ORDER BY orders_count)), 5) AS f,
           least(1 + floor(5 * percent_rank() OVER (PARTITION BY orders_count > 0 ORDER BY revenue)), 5) AS m
    FROM customers_customer AS customer WHERE merchant_id = %(merchant)s
), classes AS (
    SELECT buyers.id, CASE WHEN is_ranked THEN r END AS r, CASE WHEN is_ranked THEN f END AS f,
           CASE WHEN is_ranked THEN m END AS m, CASE WHEN is_ranked THEN groups.name ELSE '' END AS name
    FROM buyers
    LEFT JOIN unnest(%(recency)s::int[], %(frequency)s::int[], %(names)s::text[]) AS groups (r, f, name) USING (r, f)
)
UPDATE customers_customerkpis AS kpis
SET recency_class = classes.r, frequency_class = classes.f, monetary_class = classes.m,
    rfm_group = coalesce(classes.name, '')
FROM classes
WHERE kpis.customer_id = classes.id AND kpis.merchant_id = %(merchant)s
  AND (kpis.recency_class, kpis.frequency_class, kpis.monetary_class, kpis.rfm_group)
      IS DISTINCT FROM (classes.r, classes.f, classes.m, coalesce(classes.name, ''))
"""
_PURCHASES = """
SELECT customer_id, (placed_at AT TIME ZONE %(zone)s)::date - DATE '1970-01-01', sum(total - refunded)
FROM orders_order
WHERE merchant_id = %(merchant)s AND customer_id IS NOT NULL AND state <> 'cancelled'
GROUP BY 1, 2
"""
_PREDICT = """
UPDATE customers_customerkpis AS kpis
SET predicted_orders = made.orders, predicted_value = made.value, alive = made.alive, predicted_at = %(now)s
FROM unnest(%(ids)s::bigint[], %(orders)s::float8[], %(values)s::bigint[], %(alive)s::float8[])
    AS made (id, orders, value, alive)
WHERE kpis.customer_id = made.id AND kpis.merchant_id = %(merchant)s
"""


class Progress(Protocol):
    """Who watches: ``core.jobs.Progress``, or a bar on the terminal."""

    def step(self, text: str, *, total: int | None = None) -> None: ...

    def advance(self, count: int = 1) -> None: ...


@transaction.atomic
def request_valuation(merchant: Merchant, *, staff: Staff | None, ring_worker: bool = True) -> Job:
    """Queue a round. Raises DomainError ``valuation_running`` while another is waiting or running."""
    # Of two clicks the second waits here until the first one's job is visible.
    Merchant.objects.select_for_update().get(pk=merchant.pk)
    if Job.objects.for_merchant(merchant).unfinished().filter(kind=VALUATION).exists():
        raise DomainError("valuation_running", _("The figures of this shop are being computed already."))
    if staff is not None:
        record_audit(merchant, "valuation.requested", staff=staff)
    title = gettext_noop("Figures and predictions of customers")
    return start_job(merchant, VALUATION, title=title, staff=staff, ring_worker=ring_worker)


def value_customers(merchant: Merchant, progress: Progress) -> dict[str, Any]:
    """One round: every figure from the facts, thresholds, classes, predictions; returns the job's result.

    Each batch is a transaction of its own, so that orders come in meanwhile; a round that breaks off is begun anew.
    """
    rebuild_figures(merchant, progress)
    if set_thresholds(merchant):
        rebuild_figures(merchant, progress, text=gettext_noop("Judging customers by the shop's rhythm"))
    progress.step(gettext_noop("Ranking customers"))
    rank_customers(merchant)
    return predict_customers(merchant, progress)


def rebuild_figures(merchant: Merchant, progress: Progress, *, text: str = gettext_noop("Adding up orders")) -> None:
    """Compute every customer's figures anew; costs that the catalogue learnt meanwhile are filled in first."""
    progress.step(text, total=Customer.objects.for_merchant(merchant).count())
    with connection.cursor() as cursor:
        cursor.execute(_FILL_COSTS, {"merchant": merchant.pk})
    for ids in _batches(merchant):
        # Locked first, read then: what an order changes meanwhile is not overwritten by what was before it.
        with transaction.atomic():
            recount_customers(merchant, ids)
        progress.advance(len(ids))


def _batches(merchant: Merchant) -> Iterator[list[int]]:
    last = 0
    while True:
        rows = Customer.objects.for_merchant(merchant).filter(pk__gt=last).order_by("pk")
        ids = list(rows.values_list("pk", flat=True)[:BATCH])
        if not ids:
            return
        yield ids
        last = ids[-1]


@transaction.atomic
def set_thresholds(merchant: Merchant) -> bool:
    """The shop's typical gap and the margin of its best fifth, from the stored figures; whether they changed."""
    with connection.cursor() as cursor:
        cursor.execute(_THRESHOLDS, {"merchant": merchant.pk, "enough": ENOUGH_GAPS})
        gap, margin = cursor.fetchone()
    shop, _created = ShopKpis.objects.for_merchant(merchant).get_or_create(merchant=merchant)
    before = (shop.typical_gap_days, shop.top_margin)
    shop.typical_gap_days, shop.top_margin, shop.figured_at = gap, margin, timezone.now()
    shop.save(update_fields=["typical_gap_days", "top_margin", "figured_at"])
    return before != (gap, margin)


def rank_customers(merchant: Merchant) -> None:
    """Quintiles of recency, frequency and monetary value among all buyers, in one statement."""
    cells = list(rfm.GROUPS.items())
    parameters: dict[str, Any] = {
        "merchant": merchant.pk,
        "enough": rfm.ENOUGH_BUYERS,
        "recency": [recency for (recency, _frequency), _name in cells],
        "frequency": [frequency for (_recency, frequency), _name in cells],
        "names": [name for _cell, name in cells],
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLASSES, parameters)


def predict_customers(merchant: Merchant, progress: Progress) -> dict[str, Any]:
    """Fit, test against the newest months, and store what every buyer is expected to bring; returns the figures."""
    # scipy's optimisers take a second to load: only this round needs them.
    from customers.rules.forecasting import back_test, forecast  # noqa: PLC0415

    progress.step(gettext_noop("Fitting the prediction"))
    today = (timezone.localdate(timezone=merchant.tz) - DAY_ZERO).days
    purchases = _purchases(merchant)
    if not len(purchases.who):
        return _keep_model(merchant, {"method": "none"})
    made = forecast(purchases, today=today)
    progress.step(gettext_noop("Testing the prediction against the newest months"))
    test = back_test(purchases, today=today)
    _store(merchant, made, progress)
    return _keep_model(
        merchant,
        {
            "method": made.method,
            "parameters": made.parameters,
            "customers": len(made.customers),
            "repeaters": made.repeaters,
            "orders": float(made.orders.sum()),
            "value": round(float(made.value.sum())),
            "back_test": test,
        },
    )


def _purchases(merchant: Merchant) -> Purchases:
    import numpy as np  # noqa: PLC0415

    from customers.rules.forecasting import Purchases  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(_PURCHASES, {"merchant": merchant.pk, "zone": merchant.time_zone})
        rows = cursor.fetchall()
    who, day, value = zip(*rows, strict=True) if rows else ((), (), ())
    return Purchases(
        np.array(who, dtype=np.int64),
        np.array(day, dtype=np.int64),
        np.array([float(v) for v in value], dtype=np.float64),
    )


def _store(merchant: Merchant, made: Forecast, progress: Progress) -> None:
    progress.step(gettext_noop("Storing predictions"), total=len(made.customers))
    now = timezone.now()
    alive = [None] * len(made.customers) if made.alive is None else made.alive.tolist()
    rows = list(
        zip(made.customers.tolist(), made.orders.tolist(), made.value.round().astype(int).tolist(), alive, strict=True)
    )
    for start in range(0, len(rows), BATCH):
        ids, orders, values, probabilities = map(list, zip(*rows[start : start + BATCH], strict=True))
        parameters = {"ids": ids, "orders": orders, "values": values, "alive": probabilities}
        with connection.cursor() as cursor:
            cursor.execute(_PREDICT, parameters | {"merchant": merchant.pk, "now": now})
        progress.advance(len(ids))
    # Who has no orders any more is not predicted any more.
    gone = CustomerKpis.objects.for_merchant(merchant).filter(predicted_at__lt=now)
    gone.update(predicted_orders=None, predicted_value=None, alive=None, predicted_at=None)


def _keep_model(merchant: Merchant, model: dict[str, Any]) -> dict[str, Any]:
    ShopKpis.objects.for_merchant(merchant).filter(merchant=merchant).update(model=model)
    return model
