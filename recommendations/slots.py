"""Once a night, on the wall clock of the shop; pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def last_slot(hour: int, zone: ZoneInfo, now: datetime) -> datetime:
    """The newest moment up to ``now`` (aware) at which it was ``hour`` o'clock in ``zone``, in UTC.

    In the night in which the hour exists twice the first one counts, in the night in which it does not, the moment at
    which the clock jumps over it.
    """
    today = now.astimezone(zone).date()
    slot = _slot(today, hour, zone)
    return slot if slot <= now else _slot(today - timedelta(days=1), hour, zone)


def next_slot(hour: int, zone: ZoneInfo, now: datetime) -> datetime:
    """The first such moment after ``now``."""
    today = now.astimezone(zone).date()
    slot = _slot(today, hour, zone)
    return slot if slot > now else _slot(today + timedelta(days=1), hour, zone)


def _slot(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)
