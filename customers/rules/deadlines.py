"""How long a shop has to answer a person (GDPR Art. 12(3)), counted as EU law counts months (Regulation 1182/71)."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

MONTHS, EXTENSION_MONTHS = 1, 2
GDPR_APPLIES = date(2018, 5, 25)
SATURDAY = 5


def due_on(received: date, *, extended: bool = False) -> date:
    """The last day for the answer: the same day of the month, or its last; from a weekend on to Monday."""
    day = _months_later(received, MONTHS + (EXTENSION_MONTHS if extended else 0))
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return day


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def proof_kept_until(erased: date) -> date:
    """Claims out of advertising lapse three years after the end of the year (BGB §§ 195, 199)."""
    return date(erased.year + 3, 12, 31)
