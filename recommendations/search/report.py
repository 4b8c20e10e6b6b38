"""What people searched for, and what they did not find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Q, Sum
from django.utils import timezone

from merchants.models import Merchant
from recommendations.models import SearchTerm

MOST_SHOWN, MOST_EXPORTED = 100, 10_000


@dataclass(frozen=True, slots=True)
class Totals:
    """Searches of a period; ``missed`` found nothing."""

    searches: int
    missed: int
    texts: int

    @property
    def share_missed(self) -> float | None:
        return self.missed / self.searches if self.searches else None


@dataclass(frozen=True, slots=True)
class Term:
    """A text and how often it was searched for."""

    text: str
    searches: int
    missed: int
    last: date

    @property
    def share_missed(self) -> float:
        return self.missed / self.searches


@dataclass(frozen=True, slots=True)
class Period:
    """The last ``days`` days of the shop, today included."""

    merchant: Merchant
    days: int

    @property
    def first(self) -> date:
        return timezone.localdate(timezone=self.merchant.tz) - timedelta(days=self.days - 1)

    def rows(self) -> Any:
        return SearchTerm.objects.for_merchant(self.merchant).filter(day__gte=self.first)

    def totals(self) -> Totals:
        found = self.rows().aggregate(searches=Sum("searches"), missed=Sum("without_result"))
        texts = self.rows().values("text").distinct().count()
        return Totals(found["searches"] or 0, found["missed"] or 0, texts)

    def earlier_searches(self) -> int:
        """Of as many days before."""
        before = SearchTerm.objects.for_merchant(self.merchant).filter(
            day__lt=self.first, day__gte=self.first - timedelta(days=self.days)
        )
        return before.aggregate(searches=Sum("searches"))["searches"] or 0

    def by_day(self) -> tuple[list[date], list[int], list[int]]:
        """Days, searches, and those without result."""
        counted = {
            row["day"]: (row["total"], row["missed"])
            for row in self.rows().values("day").annotate(total=Sum("searches"), missed=Sum("without_result"))
        }
        days = [self.first + timedelta(days=number) for number in range(self.days)]
        figures = [counted.get(day, (0, 0)) for day in days]
        return days, [total for total, _missed in figures], [missed for _total, missed in figures]

    def terms(self, *, missed_only: bool, containing: str = "", limit: int = MOST_SHOWN) -> Sequence[Term]:
        """The most frequent texts; with ``missed_only`` those that found nothing, the most often missed first."""
        found = self.rows().filter(text__icontains=containing.casefold()) if containing else self.rows()
        counted = found.by_text().filter(Q(missed__gt=0) if missed_only else Q())
        ordered = counted.order_by("-missed" if missed_only else "-total", "-total", "text")
        return [Term(row["text"], row["total"], row["missed"], row["last"]) for row in ordered[:limit]]
