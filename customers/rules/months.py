"""Months as partitions: where they begin, what they are called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

# Events are kept this long unless a shop forgets them earlier; older ones are refused.
KEPT = 25
# Partitions exist this far ahead, so that a schedule may fail for weeks before anybody notices.
AHEAD = 3


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month in UTC."""

    year: int
    number: int  # 1 to 12

    @classmethod
    def of(cls, moment: datetime) -> Self:
        utc = moment.astimezone(UTC)
        return cls(utc.year, utc.month)

    def plus(self, months: int) -> Self:
        year, index = divmod(self.year * 12 + self.number - 1 + months, 12)
        return type(self)(year, index + 1)

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment that is not in it."""
        return self.plus(1).start

    def __str__(self) -> str:
        return f"{self.year:04}_{self.number:02}"


def months_between(first: Month, last: Month) -> Iterator[Month]:
    """Both included."""
    while first <= last:
        yield first
        first = first.plus(1)


def oldest_month(now: datetime) -> Month:
    """The first month whose events are still taken."""
    return Month.of(now).plus(-KEPT)
