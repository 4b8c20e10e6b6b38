"""Once a night on the shop's wall clock, also in the two nights in which the clock is changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.slots import last_slot, next_slot

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


def test_the_slot_is_of_today_or_of_yesterday():
    assert last_slot(3, BERLIN, utc(2026, 11, 21, 2, 0)) == utc(2026, 11, 21, 2, 0)  # 3 o'clock sharp in Berlin
    assert last_slot(3, BERLIN, utc(2026, 11, 21, 1, 59)) == utc(2026, 11, 20, 2, 0)
    assert next_slot(3, BERLIN, utc(2026, 11, 21, 2, 0)) == utc(2026, 11, 22, 2, 0)
    assert next_slot(3, BERLIN, utc(2026, 11, 21, 1, 59)) == utc(2026, 11, 21, 2, 0)


def test_an_hour_that_does_not_exist_is_the_moment_of_the_jump():
    """On 29 March 2026 the clock in Berlin goes from 2 to 3."""
    assert last_slot(2, BERLIN, utc(2026, 3, 29, 12, 0)) == utc(2026, 3, 29, 1, 0)


def test_an_hour_that_exists_twice_counts_once():
    """On 25 October 2026 it is 2 o'clock in Berlin at 0 and at 1 o'clock UTC."""
    for moment in (utc(2026, 10, 25, 0, 0), utc(2026, 10, 25, 1, 0), utc(2026, 10, 25, 23, 0)):
        assert last_slot(2, BERLIN, moment) == utc(2026, 10, 25, 0, 0)


@pytest.mark.parametrize("hour", [0, 2, 3, 23])
def test_a_year_has_one_slot_per_night(hour: int):
    for zone in ZONES:
        moments = (utc(2026, 1, 1) + timedelta(minutes=20 * number) for number in range(365 * 72))
        slots = {last_slot(hour, zone, moment) for moment in moments}
        assert len(slots) in (365, 366)


@given(
    st.integers(0, 23),
    st.sampled_from(ZONES),
    st.integers(0, 15 * 365 * 24 * 60).map(lambda minutes: utc(2020, 1, 1) + timedelta(minutes=minutes)),
)
def test_now_lies_between_two_slots(hour: int, zone: ZoneInfo, now: datetime):
    assert last_slot(hour, zone, now) <= now < next_slot(hour, zone, now)
