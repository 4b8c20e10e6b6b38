"""Words and figures in the reader's language."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone, translation

from core.charts import Chart, Series
from core.templatetags.cx import (
    ago,
    clock,
    country_name,
    day,
    initials,
    moment,
    money,
    month,
    percent,
    signed,
    spoken_day,
    spoken_language,
)
from core.templatetags.screens import json_value, spoken_key

AT = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(("language", "text"), [("en", "Nov 21, 2026"), ("de", "21.11.2026")])
def test_a_day_is_that_of_the_shop(language: str, text: str) -> None:
    with translation.override(language), timezone.override(ZoneInfo("Asia/Tokyo")):
        assert day(AT) == text
        assert day(date(2026, 11, 21)) == text


def test_a_moment_is_a_time_element_in_the_zone_of_the_shop() -> None:
    with translation.override("de"), timezone.override(ZoneInfo("Europe/Berlin")):
        assert moment(AT) == '<time datetime="2026-11-20T23:30:00+01:00">20.11.2026, 23:30</time>'


def test_a_time_of_day_is_that_of_the_shop() -> None:
    with translation.override("de"), timezone.override(ZoneInfo("Europe/Berlin")):
        assert clock(AT) == '<time datetime="2026-11-20T23:30:00+01:00">23:30</time>'


@time_machine.travel(AT, tick=False)
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 11, 21), "Today"),
        (date(2026, 11, 20), "Yesterday"),
        (date(2026, 11, 19), "Thursday, November 19, 2026"),
    ],
)
def test_near_days_have_names_of_their_own(value: date, text: str) -> None:
    with translation.override("en"), timezone.override(ZoneInfo("Asia/Tokyo")):
        assert spoken_day(value) == text


@pytest.mark.parametrize("show", [day, moment, ago])
def test_never_is_a_dash(show: Any) -> None:
    assert show(None) == "–"


def test_money_is_written_as_the_reader_writes_it() -> None:
    with translation.override("de"):
        assert money(1234567, "EUR") == "12.345,67\xa0€"
        assert money(None, "EUR") == "–"
    with translation.override("en"):
        assert money(1234567, "EUR") == "€12,345.67"


def test_names_are_those_of_the_language() -> None:
    with translation.override("de"):
        assert (country_name("DE"), spoken_language("en-GB"), month(date(2026, 3, 1))) == (
            "Deutschland",
            "Englisch",
            "März 2026",
        )
    with translation.override("en"):
        assert (country_name("DE"), country_name("ZZZ"), spoken_language("xx")) == ("Germany", "ZZZ", "xx")


@pytest.mark.parametrize(
    ("share", "language", "text"),
    [(0.256, "en", "26%"), (0.256, "de", "26 %"), (None, "en", "–"), (-0.5, "en", "−50%")],
)
def test_a_share_is_a_percentage(share: float | None, language: str, text: str) -> None:
    with translation.override(language):
        assert percent(share) == text


def test_time_ago_is_spoken() -> None:
    with translation.override("de"):
        assert ago(timezone.now() - timedelta(hours=3, minutes=1)) == "vor 3 Stunden"


@pytest.mark.parametrize(
    ("person", "letters"),
    [
        ("Ada Lovelace", "AL"),
        ("ada@example.org", "A"),
        ("Anna Maria von der Au", "AA"),
        ("", "?"),
        ("@", "?"),
        ("ß", "SS"),
    ],
)
def test_initials(person: str, letters: str) -> None:
    assert initials(person) == letters


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        ("", "–"),
        (True, "yes"),
        (False, "no"),
        (12345, "12,345"),
        (["a", None], "a, –"),
        ([], "–"),
        ({"rows_read": 3, "ok": True}, "Rows read: 3, Ok: yes"),
        ("<b>", "<b>"),
    ],
)
def test_json_is_read_by_people(value: Any, text: str) -> None:
    assert json_value(value) == text


def test_keys_are_spoken() -> None:
    assert spoken_key("dry_run") == "Dry run"


def test_a_chart_gives_the_drawing_and_the_table_the_same_figures() -> None:
    days = [date(2026, 3, 28), date(2026, 3, 29)]
    chart = Chart("k", "T", "Day", days, [Series("a", [1, None]), Series("b", [3, 4], compared=True)], currency="EUR")
    data = chart.data()
    assert data["at"] == [1774656000, 1774742400]  # midnights at UTC, whatever the clocks do that night
    assert [line["values"] for line in data["series"]] == [[1, None], [3, 4]]
    assert [(row.label, row.values) for row in chart.rows()] == [(days[1], [None, 4]), (days[0], [1, 3])]


def test_a_change_of_a_count_wears_its_sign() -> None:
    assert [signed(count) for count in (1234, -5)] == ["+1,234", "−5"]
    with translation.override("de"):
        assert [signed(count) for count in (1234, -1234)] == ["+1.234", "−1.234"]
