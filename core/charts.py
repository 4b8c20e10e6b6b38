"""What a chart shows, as plain values; ``parts/chart.html`` draws it and writes the same figures as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any


@dataclass(frozen=True)
class Series:
    """One line or set of bars; ``None`` is a gap. ``compared`` draws it dashed and pale."""

    label: str
    values: Sequence[int | float | None]
    kind: str = "area"  # area | line | bars | steps
    compared: bool = False


@dataclass(frozen=True)
class ChartRow:
    label: date
    values: list[int | float | None]


@dataclass(frozen=True)
class Chart:
    """Series over days, or over months (``grain``; a month is its first day).

    ``key`` is unique on its page; amounts are minor units of ``currency`` when that is given.
    """

    key: str
    title: str
    axis: str
    days: Sequence[date]
    series: Sequence[Series]
    currency: str = ""
    grain: str = "day"

    def data(self) -> dict[str, Any]:
        """What static/cxapp/chart.js reads: seconds since 1970 at UTC midnight, and the series."""
        at = [int(datetime.combine(day, time(), UTC).timestamp()) for day in self.days]
        lines = [
            {"label": str(line.label), "values": list(line.values), "kind": line.kind, "compared": line.compared}
            for line in self.series
        ]
        return {"at": at, "series": lines, "currency": self.currency, "grain": self.grain}

    def rows(self) -> list[ChartRow]:
        """The table for those who do not see the drawing, newest first."""
        rows = [ChartRow(day, [line.values[i] for line in self.series]) for i, day in enumerate(self.days)]
        return rows[::-1]
