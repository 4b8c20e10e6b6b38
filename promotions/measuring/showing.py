"""The results of a promotion as a screen shows them: uses by day, and the comparison in no bigger words than it bears."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.charts import Chart, Series
from core.comparing import Comparison, needed, of_all, per_person
from core.measuring.holdout import HOLDOUT, TREATED
from promotions.models import Exposure, Promotion, PromotionReport, Redemption, RedemptionUse

PERIODS = (30, 90)


@dataclass(frozen=True)
class Arm:
    """One side as a row of the table; amounts per person in minor units."""

    label: str
    people: int
    buyers: int
    revenue: int | None
    margin: int | None

    @property
    def share(self) -> float | None:
        return self.buyers / self.people if self.people else None


@dataclass(frozen=True)
class Results:
    """``uses`` and ``discount`` are those of the period; the comparison is over everybody who ever qualified."""

    days: int
    uses: int
    discount: int
    chart: Chart | None
    holdout: int
    report: PromotionReport | None
    arms: list[Arm] = field(default_factory=list)
    revenue: Comparison | None = None
    margin: Comparison | None = None
    in_all: Comparison | None = None
    people: Chart | None = None
    known: float | None = None


def results(promotion: Promotion, *, days: int, holdout: int) -> Results:
    """Three queries, whatever was used."""
    today = timezone.localdate(timezone=promotion.merchant.tz)
    axis = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    used = _used(promotion, axis[0])
    report = PromotionReport.objects.for_merchant(promotion.merchant_id).filter(promotion=promotion).first()
    found: dict[str, Any] = {}
    if report and report.report:
        found = _compared(promotion, report.report)
    qualified = _qualified(promotion, axis[0])
    return Results(
        days=days,
        uses=sum(count for count, _amount in used.values()),
        discount=sum(amount for _count, amount in used.values()),
        chart=_uses_chart(promotion, axis, used) if used else None,
        holdout=holdout,
        report=report,
        people=_people_chart(axis, qualified) if qualified else None,
        **found,
    )


def _midnight(promotion: Promotion, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=promotion.merchant.tz)


def _used(promotion: Promotion, since: date) -> dict[date, tuple[int, int]]:
    """What was used and kept, by day: (uses, taken off)."""
    rows = RedemptionUse.objects.for_merchant(promotion.merchant_id).filter(
        promotion=promotion, created_at__gte=_midnight(promotion, since), redemption__state__in=Redemption.HOLDING
    )
    by_day = rows.annotate(day=TruncDate("created_at", tzinfo=promotion.merchant.tz)).values("day").order_by()
    counted = by_day.annotate(uses=Count("pk"), taken=Sum("amount"))
    return {day: (uses, taken) for day, uses, taken in counted.values_list("day", "uses", "taken")}


def _qualified(promotion: Promotion, since: date) -> dict[tuple[date, str], int]:
    """People who qualified for the first time, by day and arm."""
    rows = Exposure.objects.for_merchant(promotion.merchant_id).filter(
        promotion=promotion, occurred_at__gte=_midnight(promotion, since)
    )
    by_day = rows.annotate(day=TruncDate("occurred_at", tzinfo=promotion.merchant.tz)).values("day", "arm").order_by()
    counted = by_day.annotate(people=Count("pk"))
    return {(day, arm): people for day, arm, people in counted.values_list("day", "arm", "people")}


def _uses_chart(promotion: Promotion, axis: Sequence[date], used: dict[date, tuple[int, int]]) -> Chart:
    return Chart(
        key="promotion-discount",
        title=_("Taken off per day"),
        axis=_("Day"),
        days=axis,
        series=[Series(_("Taken off"), [used.get(day, (0, 0))[1] for day in axis], "bars")],
        currency=promotion.merchant.currency,
    )


def _people_chart(axis: Sequence[date], qualified: dict[tuple[date, str], int]) -> Chart:
    return Chart(
        key="promotion-people",
        title=_("People who qualified, by the day of their first checkout"),
        axis=_("Day"),
        days=axis,
        series=[
            Series(_("Got it"), [qualified.get((day, TREATED), 0) for day in axis]),
            Series(_("Held out"), [qualified.get((day, HOLDOUT), 0) for day in axis], "line"),
        ],
    )


def _compared(promotion: Promotion, report: dict[str, Any]) -> dict[str, Any]:
    labels = {TREATED: _("Got it"), HOLDOUT: _("Held out")}
    net = report[TREATED]["net"] + report[HOLDOUT]["net"]
    return {
        "arms": [_arm(labels[name], report[name]) for name in (TREATED, HOLDOUT)],
        "revenue": _comparison(promotion, report, "revenue"),
        "margin": _comparison(promotion, report, "margin"),
        "in_all": _in_all(promotion, report),
        "known": (report[TREATED]["covered"] + report[HOLDOUT]["covered"]) / net if net else None,
    }


def _arm(label: str, side: dict[str, Any]) -> Arm:
    people = side["revenue"]["people"]

    def mean(name: str) -> int | None:
        return round(side[name]["total"] / people) if people else None

    return Arm(label, people, side["revenue"]["buyers"], mean("revenue"), mean("margin"))


def _comparison(promotion: Promotion, report: dict[str, Any], name: str) -> Comparison:
    """The difference per person."""
    found = report[name]
    return per_person(found, promotion.merchant.currency) if found else _too_early(report)


def _in_all(promotion: Promotion, report: dict[str, Any]) -> Comparison:
    """What the promotion earned beyond its own cost: the difference in margin, times the people who got it."""
    found = report["margin"]
    people = report[TREATED]["margin"]["people"]
    return of_all(found, people, promotion.merchant.currency) if found else _too_early(report)


def _too_early(report: dict[str, Any]) -> Comparison:
    """What is lacking until something can be said, on the side that lacks more."""
    people = min(report[arm]["margin"]["people"] for arm in (TREATED, HOLDOUT))
    buyers = min(report[arm]["margin"]["buyers"] for arm in (TREATED, HOLDOUT))
    there = ngettext(
        "The smaller side has %(people)s person so far, %(buyers)s of them bought.",
        "The smaller side has %(people)s people so far, %(buyers)s of them bought.",
        people,
    ) % {"people": number_format(people, force_grouping=True), "buyers": number_format(buyers, force_grouping=True)}
    return Comparison("neutral", _("not enough data yet"), f"{needed()} {there}")
