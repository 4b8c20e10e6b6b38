"""What was measured, as people read it: per placement and day, and what may be said of the comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.charts import Chart, Series
from core.comparing import Comparison, needed, per_person
from core.measuring.holdout import HOLDOUT, TREATED
from core.measuring.uplift import LEAST_PEOPLE
from merchants.models import Merchant
from recommendations.models import OnlineReport, Placement, PlacementDay, PlacementSettings

PERIODS = (28, 90)
SUMS = ("impressions", "clicked", "clicks", "orders", "revenue", "margin", "covered_revenue")
SOURCE_LABELS = {
    "history": gettext_lazy("Bought before"),
    "als": gettext_lazy("Taste (ALS)"),
    "bpr": gettext_lazy("Taste (BPR)"),
    "ease": gettext_lazy("Products bought by the same people (EASE)"),
    "item_knn": gettext_lazy("Products bought by the same people"),
    "copurchase": gettext_lazy("Bought together"),
    "popularity": gettext_lazy("Popular now"),
    "category_popularity": gettext_lazy("Popular in the category"),
    "content": gettext_lazy("Alike by description"),
    "sessions": gettext_lazy("What others did in such visits"),
    "tifu": gettext_lazy("Next basket"),
    "range": gettext_lazy("The rest of the range"),
    "season": gettext_lazy("Sells at this time of the year"),
    "repurchase": gettext_lazy("Time to buy it again"),
    "pinned": gettext_lazy("Pinned by a rule"),
    "explored": gettext_lazy("Explored"),
    "search": gettext_lazy("Searched for"),
    "other": gettext_lazy("Other"),
}


@dataclass(frozen=True)
class PlacementResult:
    """One placement in the period; amounts in minor units, None where nothing can be said."""

    placement: str
    label: str
    sums: dict[str, int]
    holdout_percent: int
    revenue: Comparison
    margin: Comparison

    @property
    def click_rate(self) -> float | None:
        return self.sums["clicked"] / self.sums["impressions"] if self.sums["impressions"] else None


@dataclass(frozen=True)
class Rate:
    """How often something was shown and clicked."""

    label: str
    seen: int
    clicks: int

    @property
    def share(self) -> float:
        return self.clicks / self.seen if self.seen else 0.0


@dataclass(frozen=True)
class Results:
    """The screen: sums over all placements, each placement, a chart of days, click rates, the weeks of one placement."""

    days: int
    report: OnlineReport | None
    sums: dict[str, int]
    placements: list[PlacementResult]
    chart: Chart | None
    sources: list[Rate]
    positions: list[Rate]
    weeks: Chart | None

    @property
    def click_rate(self) -> float | None:
        return self.sums["clicked"] / self.sums["impressions"] if self.sums["impressions"] else None


def results(merchant: Merchant, *, days: int, placement: str = "") -> Results:
    """Five queries, whatever was measured."""
    today = timezone.localdate(timezone=merchant.tz)
    since = today - timedelta(days=days - 1)
    measured = PlacementDay.objects.for_merchant(merchant).filter(day__gte=since)
    report = OnlineReport.objects.for_merchant(merchant).exclude(figured_at=None).first()
    figures: dict[str, Any] = report.report if report else {}
    held = dict(PlacementSettings.objects.for_merchant(merchant).values_list("placement", "holdout_percent"))
    by_placement = _sums_by_placement(measured)
    named = [name for name in Placement.values if name in by_placement or held.get(name)]
    compared = figures.get("uplift", {})
    shown = placement if placement in compared else next((name for name in named if held.get(name)), "")
    return Results(
        days=days,
        report=report,
        sums={name: sum(sums[name] for sums in by_placement.values()) for name in SUMS},
        placements=[
            _placement(merchant, name, by_placement.get(name), held.get(name, 0), compared.get(name, {}).get(str(days)))
            for name in named
        ],
        chart=_days_chart(measured, since, days) if by_placement else None,
        sources=[
            Rate(str(SOURCE_LABELS.get(row["source"], row["source"])), row["seen"], row["clicks"])
            for row in figures.get("sources", [])
        ],
        positions=[_position(row) for row in figures.get("positions", [])],
        weeks=_weeks_chart(merchant, figures.get("weeks", []), shown) if shown else None,
    )


def _position(row: dict[str, int]) -> Rate:
    last = row["position"] >= 10
    return Rate(_("10 and later") if last else str(row["position"]), row["seen"], row["clicks"])


def _sums_by_placement(measured: QuerySet[PlacementDay]) -> dict[str, dict[str, int]]:
    """Of what recommendations showed; what people held back saw is the comparison, not the result."""
    rows = measured.exclude(arm=HOLDOUT).values("placement").annotate(**{f"all_{name}": Sum(name) for name in SUMS})
    found: list[dict[str, Any]] = list(rows.order_by())  # type: ignore[arg-type]  # a row has more keys than the stubs know
    return {row["placement"]: {name: row[f"all_{name}"] or 0 for name in SUMS} for row in found}


def _placement(
    merchant: Merchant, name: str, sums: dict[str, int] | None, held: int, compared: dict[str, Any] | None
) -> PlacementResult:
    return PlacementResult(
        placement=name,
        label=str(Placement(name).label),
        sums=sums or dict.fromkeys(SUMS, 0),
        holdout_percent=held,
        revenue=_comparison(merchant, held, (compared or {}).get("revenue")),
        margin=_comparison(merchant, held, (compared or {}).get("margin")),
    )


def _comparison(merchant: Merchant, held: int, compared: dict[str, Any] | None) -> Comparison:
    """In words, and no more than the figures bear."""
    if compared is None:
        if not held:
            return Comparison("neutral", _("not measured"), _("Nobody is held back here."))
        return Comparison("neutral", _("too few yet"), _("Nobody has been seen yet."))
    people = _("%(treated)s people with recommendations, %(held)s held back.") % {
        "treated": number_format(compared[TREATED]["people"], force_grouping=True),
        "held": number_format(compared[HOLDOUT]["people"], force_grouping=True),
    }
    found = compared["uplift"]
    if found is None:
        return Comparison("neutral", _("too few yet"), f"{people} {needed()}")
    told = per_person(found, merchant.currency)
    return replace(told, detail=f"{told.detail} {people}")


def _days_chart(measured: QuerySet[PlacementDay], since: date, days: int) -> Chart:
    rows = measured.exclude(arm=HOLDOUT).values("day").annotate(seen=Sum("impressions"), opened=Sum("clicks"))
    by_day = {row["day"]: (row["seen"], row["opened"]) for row in rows.order_by()}
    axis: Sequence[date] = [since + timedelta(days=number) for number in range(days)]
    return Chart(
        key="recommendation-days",
        title=_("Views and clicks per day"),
        axis=_("Day"),
        days=axis,
        series=[
            Series(_("Views"), [by_day.get(day, (0, 0))[0] for day in axis]),
            Series(_("Clicks"), [by_day.get(day, (0, 0))[1] for day in axis], "line"),
        ],
    )


def _weeks_chart(merchant: Merchant, weeks: list[dict[str, Any]], placement: str) -> Chart | None:
    """What people spent in the two weeks after they first saw the placement, by the week in which they did."""
    if not any(placement in week["placements"] for week in weeks):
        return None

    def values(arm: str) -> list[int | float | None]:
        found = [week["placements"].get(placement, {}).get(arm) for week in weeks]
        return [round(one["mean"]) if one and one["people"] >= LEAST_PEOPLE else None for one in found]

    return Chart(
        key="recommendation-weeks",
        title=_("Revenue per person by week: %(placement)s") % {"placement": Placement(placement).label},
        axis=_("Week from"),
        days=[date.fromisoformat(week["from"]) for week in weeks],
        series=[
            Series(_("With recommendations"), values(TREATED), "line"),
            Series(_("Held back"), values(HOLDOUT), "line", compared=True),
        ],
        currency=merchant.currency,
    )
