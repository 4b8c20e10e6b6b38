"""How many points an order, as it stands, is worth: pure arithmetic on frozen terms.

What was earned is never added up from events: it is worked out anew from the units that stayed, and the difference is
booked. So it does not matter in which order returns, cancellations and changes arrive, or how often.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

# A multiplier is kept in hundredths: 1.5 is 150.
ONCE = 100


class Rounding(StrEnum):
    """What becomes of a part of a point; once per order, on the sum of its goods."""

    DOWN = "down"
    NEAREST = "nearest"
    UP = "up"


@dataclass(frozen=True)
class Bought:
    """A line of an order: what was paid for all of its units, and for those that stayed."""

    sku: str
    paid: int
    kept_paid: int
    kept: int


@dataclass(frozen=True)
class Extra:
    """What a promotion gave beside the programme's rate, for the goods of these SKUs (none: for all)."""

    points: int
    skus: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Terms:
    """What counted when the order came: ``each`` points per ``per`` minor units, times ``hundredths``/100.

    ``fixed`` points are given as long as goods of ``at_least`` stayed.
    """

    each: int = 0
    per: int = 1
    hundredths: int = ONCE
    rounding: Rounding = Rounding.DOWN
    extras: tuple[Extra, ...] = ()
    fixed: int = 0
    at_least: int = 0

    def as_json(self) -> dict[str, Any]:
        extras = [{"points": extra.points, "skus": sorted(extra.skus)} for extra in self.extras]
        return {
            "each": self.each,
            "per": self.per,
            "hundredths": self.hundredths,
            "rounding": str(self.rounding),
            "extras": extras,
            "fixed": self.fixed,
            "at_least": self.at_least,
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Terms:
        extras = tuple(Extra(entry["points"], frozenset(entry["skus"])) for entry in said.get("extras", ()))
        plain = {name: said[name] for name in ("each", "per", "hundredths", "fixed", "at_least") if name in said}
        return cls(**plain, rounding=Rounding(said.get("rounding", Rounding.DOWN)), extras=extras)


def due(terms: Terms, lines: Sequence[Bought]) -> int:
    """The points for what stayed of an order; none where nothing did."""
    if not any(line.kept for line in lines):
        return 0
    kept = sum(line.kept_paid for line in lines)
    points = divided(kept * terms.each * terms.hundredths, terms.per * ONCE, terms.rounding)
    points += sum(_extra(extra, lines) for extra in terms.extras)
    return points + (terms.fixed if kept >= terms.at_least else 0)


def _extra(extra: Extra, lines: Sequence[Bought]) -> int:
    """In proportion to what stayed of its goods, rounded down; all of it where all stayed."""
    mine = [line for line in lines if not extra.skus or line.sku in extra.skus]
    paid, kept = sum(line.paid for line in mine), sum(line.kept_paid for line in mine)
    if paid == 0:
        return extra.points if any(line.kept for line in mine) else 0
    return extra.points * kept // paid


def divided(amount: int, by: int, rounding: Rounding) -> int:
    """A quotient of non-negative whole numbers, rounded."""
    match rounding:
        case Rounding.UP:
            return -(-amount // by)
        case Rounding.NEAREST:
            return (2 * amount + by) // (2 * by)
    return amount // by


def still_spent(points: int, lines: Sequence[Bought]) -> int:
    """Of points an order was paid with: how many the goods that stayed account for, rounded up; the rest goes back."""
    if not any(line.kept for line in lines):
        return 0
    paid, kept = sum(line.paid for line in lines), sum(line.kept_paid for line in lines)
    return points if paid == 0 else -(-points * kept // paid)


def worth(points: int, value_of_hundred: int) -> int:
    """What points are worth as payment, in minor units, rounded down."""
    return points * value_of_hundred // 100


def points_for(amount: int, value_of_hundred: int) -> int:
    """The fewest points that are worth ``amount``."""
    return -(-amount * 100 // value_of_hundred)


def months_later(moment: datetime, months: int) -> datetime:
    """The same day so many months later (or earlier), or the last one of that month."""
    number = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(number, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
