from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.importing import columns
from orders.importing.columns import Column, typed

LATEST = datetime(2030, 1, 1, tzinfo=UTC)


def read(column: Column, *texts: str | None) -> list[tuple[Any, str | None]]:
    raw = pl.DataFrame({"line": range(len(texts)), "x": texts}, schema_overrides={"x": pl.String}).with_columns(
        code=pl.lit(None, pl.String), value=pl.lit(None, pl.String)
    )
    return typed(raw, {"v": column}).select("v", "code").rows()


def codes(column: Column, *texts: str | None) -> list[str | None]:
    return [code for _value, code in read(column, *texts)]


@given(st.decimals(0, 10**9, places=2))
def test_amounts_are_exact(value: Decimal):
    assert read(columns.amount("x", places=2), f"{value:f}") == [(int(value * 100), None)]


def test_amounts_in_their_spellings():
    assert read(columns.amount("x", places=2), "7", "7.5", "0.05", None) == [
        (700, None),
        (750, None),
        (5, None),
        (None, None),
    ]
    assert read(columns.amount("x", places=2, default=0), None) == [(0, None)]


@pytest.mark.parametrize("text", ["19,99", "1.999", "-1", "1e3", "NaN", "Infinity", "€ 5", "1 000", "9" * 40, "٣"])
def test_what_is_no_amount(text: str):
    assert codes(columns.amount("x", places=2), text) == ["bad_amount"]


@pytest.mark.parametrize(
    ("text", "minor"), [("2.55", 255), ("-11062.06", -1106206), ("0.001", 0), ("38970.0", 3897000), ("1e99", None)]
)
def test_amounts_of_a_book(text: str, minor: int | None):
    assert read(columns.signed_amount("x", places=2), text)[0][0] == minor


@pytest.mark.parametrize(
    ("places", "text", "minor"),
    [
        (0, "1980", 1980),
        (0, "1980.0", 1980),
        (0, "1980.00", 1980),
        (0, "1980.5", None),
        (0, "1.980", None),
        (0, "1.000", None),
        (3, "1.980", 1980),
        (3, "1.5", 1500),
        (3, "7", 7000),
        (3, "1.9801", None),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(places: int, text: str, minor: int | None):
    assert read(columns.amount("x", places=places), text) == [(minor, None if minor is not None else "bad_amount")]
    if minor is not None:
        assert read(columns.signed_amount("x", places=places), f"-{text}") == [(-minor, None)]


def test_whole_numbers():
    whole = columns.integer("x", lowest=1)
    assert read(whole, "3", "17850.0") == [(3, None), (17850, None)]
    assert codes(whole, "0", "-1", "1.5", "1000001", "9" * 30, "x") == ["bad_number"] * 6
    assert codes(columns.integer("x", required=True), None) == ["missing_value"]


def test_rates():
    assert [value for value, _code in read(columns.rate("x"), "0.19", "0", "1", "0.0825")] == [
        "0.1900",
        "0.0000",
        "1.0000",
        "0.0825",
    ]
    assert codes(columns.rate("x"), "19", "1.0001", "19%", "-0.1", "0,19") == ["bad_rate"] * 5


def test_moments_with_and_without_offset():
    berlin = columns.moment("x", time_zone="Europe/Berlin", latest=LATEST)
    noon = datetime(2026, 7, 1, 10, tzinfo=UTC)
    texts = [
        "2026-07-01T10:00:00Z",
        "2026-07-01 12:00",
        "2026-07-01T12:00:00.123+02:00",
        "2026-07-01 05:00:00 -0500",
    ]
    assert read(berlin, *texts) == [(noon, None)] * 4


def test_moments_of_the_clock_change():
    berlin = columns.moment("x", time_zone="Europe/Berlin", latest=LATEST)
    twice, never = read(berlin, "2026-10-25 02:30", "2026-03-29 02:30")
    assert twice == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), None)
    assert never == (None, "bad_time")


def test_what_is_no_moment():
    berlin = columns.moment("x", time_zone="Europe/Berlin", latest=LATEST)
    assert codes(berlin, "2026-13-01T00:00Z", "yesterday", "01.07.2026", "1926-07-01T00:00Z") == ["bad_time"] * 4
    assert codes(berlin, "2031-01-01T00:00Z") == ["in_future"]


def test_days():
    assert read(columns.day("x"), "2026-11-25") == [(date(2026, 11, 25), None)]
    assert codes(columns.day("x"), "2026-02-30", "25.11.2026") == ["bad_day"] * 2


def test_texts():
    assert codes(columns.text("x", longest=3), "abc", "abcd", "a\0b", None) == [
        None,
        "too_long",
        "control_character",
        None,
    ]
    assert codes(columns.email("x"), "ada@example.org", "ada", "a b@example.org", "<a@b.c>", None) == [
        None,
        "bad_email",
        "bad_email",
        "bad_email",
        None,
    ]
    assert read(columns.country("x"), "de", "D") == [("DE", None), ("D", "bad_country")]


def test_the_first_problem_of_a_row_is_told_with_its_column():
    raw = pl.DataFrame({"line": [2], "a": ["x"], "b": ["y"]}).with_columns(
        code=pl.lit(None, pl.String), value=pl.lit(None, pl.String)
    )
    frame = typed(raw, {"first": columns.amount("a", places=2), "second": columns.amount("b", places=2)})
    assert frame.select("code", "column", "value").rows() == [("bad_amount", "a", "x")]


def test_a_row_that_was_wrong_before_stays_so():
    raw = pl.DataFrame({"line": [2], "a": ["x"], "code": ["column_count"], "value": ["1 / 2"]})
    frame = typed(raw, {"first": columns.amount("a", places=2)})
    assert frame.select("code", "value").rows() == [("column_count", "1 / 2")]
