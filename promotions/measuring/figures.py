"""What the people of both arms bought after they qualified, and what the shop earned on it: one statement per promotion.

Everybody who qualified counts, in the arm of their first checkout, with everything they ordered in ``FOLLOWED`` days
from then on, also with nothing at all. So a discount that only moves a purchase forward, or is given to somebody who
would have bought anyhow, shows as what it is. Margins are contribution margins as docs/kpis.md defines them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.jobs import start_job
from core.measuring.holdout import HOLDOUT, TREATED
from core.measuring.uplift import Outcomes, uplift
from core.models import Job
from merchants.models import Staff
from orders.actions.recounting import PRICED
from promotions.models import Exposure, Promotion, PromotionReport

RESULTS = "promotion_results"
TITLE = gettext_noop("What %(name)s earned")
FOLLOWED = 28
TIMEOUT = "10min"

# A profile that was merged is the one that holds it now; whoever had none at the checkout has that of their order.
_OUTCOMES = f"""
WITH shop AS MATERIALIZED (
    SELECT coalesce(max(parcel_cost), 0) AS parcel_cost, coalesce(max(return_cost), 0) AS return_cost
    FROM orders_costsettings WHERE merchant_id = %(merchant)s
), qualified AS (
    SELECT exposure.id, exposure.arm, exposure.amount, exposure.occurred_at,
           coalesce(redemption.customer_id, merge.kept_id, exposure.customer_id) AS customer_id
    FROM promotions_exposure AS exposure
    LEFT JOIN promotions_redemption AS redemption ON redemption.id = exposure.redemption_id
    LEFT JOIN customers_merge AS merge ON merge.merchant_id = %(merchant)s
        AND merge.absorbed_id = exposure.customer_id AND merge.undone_at IS NULL
    WHERE exposure.merchant_id = %(merchant)s AND exposure.promotion_id = %(promotion)s
), people AS MATERIALIZED (
    SELECT DISTINCT ON (coalesce(customer_id::text, 'e' || id)) id, arm, amount, occurred_at, customer_id
    FROM qualified ORDER BY coalesce(customer_id::text, 'e' || id), occurred_at, id
), counted AS MATERIALIZED (
    SELECT orders.id, people.id AS person, orders.channel, orders.payment_method, orders.total,
           orders.total - orders.refunded AS revenue, orders.tax, orders.discount
    FROM people JOIN orders_order AS orders ON orders.customer_id = people.customer_id
    WHERE orders.merchant_id = %(merchant)s AND orders.state <> 'cancelled'
        AND orders.placed_at >= people.occurred_at - interval '10 minutes' -- the shop's clock may differ from ours
        AND orders.placed_at < people.occurred_at + make_interval(days => %(followed)s)
), {PRICED}, earned AS (
    SELECT person, sum(revenue) AS revenue, sum(net) AS net, sum(round(net * known)) AS covered,
           sum(CASE WHEN known > 0
               THEN round(net * known) - cost - round(fee * known) - round(sending * known) - round(handling * known)
               ELSE 0 END) AS margin
    FROM priced GROUP BY person
), outcomes AS (
    SELECT people.arm, people.amount, coalesce(earned.revenue, 0)::float8 AS revenue,
           coalesce(earned.margin, 0)::float8 AS margin, earned.net, earned.covered
    FROM people LEFT JOIN earned ON earned.person = people.id
)
SELECT arm, count(*), count(*) FILTER (WHERE revenue > 0), sum(revenue), sum(revenue ^ 2), sum(margin), sum(margin ^ 2),
       coalesce(sum(net), 0)::float8, coalesce(sum(covered), 0)::float8, sum(amount)::bigint
FROM outcomes GROUP BY arm
"""  # noqa: S608  # made of our own words only


@dataclass(frozen=True, slots=True)
class Side:
    """One arm: what its people spent and what was earned on it; ``covered`` of ``net`` revenue has known costs.

    ``amount``: what the promotion took off their first qualifying carts, or would have.
    """

    revenue: Outcomes = field(default_factory=Outcomes)
    margin: Outcomes = field(default_factory=Outcomes)
    net: float = 0.0
    covered: float = 0.0
    amount: int = 0


def sides(promotion: Promotion) -> dict[str, Side]:
    """Both arms, by their names."""
    asked = {"merchant": promotion.merchant_id, "promotion": promotion.pk, "followed": FOLLOWED}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [TIMEOUT])
        cursor.execute(_OUTCOMES, asked)
        rows = cursor.fetchall()
    found = {TREATED: Side(), HOLDOUT: Side()}
    for arm, people, buyers, revenue, revenues, margin, margins, net, covered, amount in rows:
        outcomes = Outcomes(people, buyers, revenue, revenues), Outcomes(people, buyers, margin, margins)
        found[arm] = Side(*outcomes, net, covered, amount)
    return found


def make_report(promotion: Promotion, *, now: datetime | None = None) -> PromotionReport:
    """Figure the comparison anew; may be run at any time and any number of times."""
    arms = sides(promotion)
    report: dict[str, Any] = {
        arm: {"net": side.net, "covered": side.covered, "amount": side.amount} for arm, side in arms.items()
    }
    for name in ("revenue", "margin"):
        treated, held = (getattr(arms[arm], name) for arm in (TREATED, HOLDOUT))
        report[TREATED][name], report[HOLDOUT][name] = asdict(treated), asdict(held)
        difference = uplift(treated, held)
        report[name] = None if difference is None else asdict(difference) | {"verdict": difference.verdict}
    row, _created = PromotionReport.objects.update_or_create(
        merchant=promotion.merchant,
        promotion=promotion,
        defaults={"report": report, "figured_at": now or timezone.now()},
    )
    return row


@transaction.atomic
def request_report(promotion: Promotion, *, staff: Staff | None = None) -> Job:
    """Queue the figures of one promotion; also while others are waiting."""
    about = {"promotion": promotion.pk, "name": promotion.name}
    return start_job(promotion.merchant, RESULTS, title=TITLE, parameters=about, staff=staff)


def figure_measured() -> int:
    """Every night: all promotions that somebody was held out of lately; returns how many."""
    since = timezone.now() - timedelta(days=2 * FOLLOWED)
    recent = Exposure.objects.all_merchants().filter(occurred_at__gte=since).order_by()
    promotions = Promotion.objects.all_merchants().filter(pk__in=recent.values("promotion")).order_by("pk")
    found = list(promotions)
    for promotion in found:
        make_report(promotion)
    return len(found)
