"""A replay as its screen shows it: figures, days, the orders that show it best, and what it displaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from core.charts import Chart, Series
from orders.models import Order
from promotions.models import Promotion, Replay


@dataclass(frozen=True)
class ExampleRow:
    """An order whose price changes; ``order`` None: it is gone."""

    order: Order | None
    before: int
    after: int
    displaced: list[str]

    @property
    def difference(self) -> int:
        return self.after - self.before


@dataclass(frozen=True)
class Displaced:
    """A promotion that took less because of this one."""

    name: str
    pk: int | None
    orders: int
    amount: int


@dataclass(frozen=True)
class Shown:
    """``first`` and ``last``: the days that the orders span."""

    replay: Replay
    report: dict[str, Any]
    chart: Chart | None
    best: list[ExampleRow]
    worst: list[ExampleRow]
    displaced: list[Displaced]
    first: date | None
    last: date | None

    @property
    def share(self) -> float | None:
        """Of the orders that would have it."""
        return self.report["with_it"] / self.report["orders"] if self.report["orders"] else None

    @property
    def revenue_change(self) -> float | None:
        return _change(self.report["revenue"])

    @property
    def margin_change(self) -> float | None:
        return _change(self.report["margin"])

    @property
    def known(self) -> float | None:
        """The share of the net revenue whose costs are known."""
        return self.report["covered"] / self.report["net"] if self.report["net"] else None

    @property
    def lasts_until(self) -> date | None:
        run_out = self.report["run_out"]
        return date.fromisoformat(run_out["on"]) if run_out and run_out["on"] else None


def _change(amounts: dict[str, int]) -> float | None:
    return (amounts["after"] - amounts["before"]) / amounts["before"] if amounts["before"] > 0 else None


def shown(replay: Replay) -> Shown:
    """Two queries: the orders of the examples, and the promotions that were displaced."""
    report = replay.report
    orders = _orders(replay, [*report["best"], *report["worst"]])
    names = _names(replay, report)
    days = [(date.fromisoformat(day), orders_with, taken) for day, orders_with, taken in report["days"]]
    return Shown(
        replay=replay,
        report=report,
        chart=_chart(replay, days) if report["with_it"] else None,
        best=_examples(report["best"], orders, names),
        worst=_examples(report["worst"], orders, names),
        displaced=[
            Displaced(names[row["promotion"]][0], names[row["promotion"]][1], row["orders"], row["amount"])
            for row in report["displaced"]
        ],
        first=days[0][0] if days else None,
        last=days[-1][0] if days else None,
    )


def _orders(replay: Replay, rows: Sequence[dict[str, Any]]) -> dict[int, Order]:
    found = Order.objects.for_merchant(replay.merchant_id).filter(pk__in=[row["order"] for row in rows])
    return {order.pk: order for order in found.select_related("customer").prefetch_related("customer__identities")}


def _names(replay: Replay, report: dict[str, Any]) -> dict[str, tuple[str, int | None]]:
    """Name and id of every promotion in the report; of one that is gone, its key."""
    keys = {row["promotion"] for row in report["displaced"]}
    keys |= {key for row in [*report["best"], *report["worst"]] for key in row["displaced"]}
    rows = Promotion.objects.for_merchant(replay.merchant_id).filter(key__in=keys).values_list("key", "name", "pk")
    found: dict[str, tuple[str, int | None]] = {key: (name, pk) for key, name, pk in rows}
    return {key: found.get(key, (key, None)) for key in keys}


def _examples(
    rows: Sequence[dict[str, Any]], orders: dict[int, Order], names: dict[str, tuple[str, int | None]]
) -> list[ExampleRow]:
    return [
        ExampleRow(orders.get(row["order"]), row["before"], row["after"], [names[key][0] for key in row["displaced"]])
        for row in rows
    ]


def _chart(replay: Replay, days: Sequence[tuple[date, int, int]]) -> Chart:
    """Days without orders are days without cost."""
    by_day = {day: taken for day, _orders_with, taken in days}
    first, last = days[0][0], days[-1][0]
    axis = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return Chart(
        key="replay-cost",
        title=_("What it would have taken off per day"),
        axis=_("Day"),
        days=axis,
        series=[Series(_("Taken off"), [by_day.get(day, 0) for day in axis], "bars")],
        currency=replay.promotion.merchant.currency,
    )
