"""Days and hours as the shop's people live them: working days are Monday to Saturday. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

SUNDAY = 6


@cache  # a few thousand different questions, asked a hundred thousand times
def after_working_days(day: date, count: int) -> date:
    """The working day that is ``count`` working days later; 0 gives ``day``, or Monday for a Sunday."""
    while count or day.weekday() == SUNDAY:
        day += timedelta(days=1)
        count -= count > 0 and day.weekday() != SUNDAY
    return day


def moment(day: date, fraction: float, zone: ZoneInfo) -> datetime:
    """The UTC moment at ``fraction`` of a local day."""
    seconds = min(int(fraction * 86_400), 86_399)
    clock = time(seconds // 3600, seconds // 60 % 60, seconds % 60)
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
