"""Money: exact, and every split adds up."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import allocate, format_money, included_tax, to_major, to_minor

AMOUNTS = st.integers(-(10**13), 10**13)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [("19.99", "EUR", 1999), ("0.005", "EUR", 1), ("-0.005", "EUR", -1), ("1e2", "CHF", 10000), ("7", "JPY", 7)],
)
def test_to_minor(value: str, currency: str, minor: int) -> None:
    assert to_minor(value, currency) == minor


@pytest.mark.parametrize("value", ["", "1,99", "NaN", "Infinity", "-Infinity", "sNaN", "19.99 €", "1e400", "-1e30"])
def test_what_is_no_amount_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        to_minor(value, "EUR")


@given(AMOUNTS, st.sampled_from(["EUR", "JPY", "BHD"]))
def test_major_and_minor_are_inverse(amount: int, currency: str) -> None:
    assert to_minor(to_major(amount, currency), currency) == amount


def test_money_is_written_as_its_reader_writes_it() -> None:
    assert format_money(123456, "EUR", "de") == "1.234,56\N{NO-BREAK SPACE}€"
    assert format_money(123456, "EUR", "en") == "€1,234.56"
    assert format_money(-5, "GBP", "en-GB") == "−£0.05"


@given(AMOUNTS, WEIGHTS)
def test_parts_add_up_and_are_in_proportion_to_one_unit(amount: int, weights: list[int]) -> None:
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        exact = Decimal(amount) * weight / total if total else Decimal(amount) / len(weights)
        assert abs(part - exact) < 1


@given(AMOUNTS, WEIGHTS)
def test_a_split_of_the_opposite_is_the_opposite_split(amount: int, weights: list[int]) -> None:
    assert allocate(-amount, weights) == [-part for part in allocate(amount, weights)]


@given(st.integers(0, 10**9), WEIGHTS)
def test_no_part_exceeds_its_weight_when_the_whole_does_not(amount: int, weights: list[int]) -> None:
    parts = allocate(min(amount, sum(weights)), weights)
    if any(weights):
        assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


def test_ties_go_to_the_earlier_part() -> None:
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(5, [0, 0]) == [3, 2]


@pytest.mark.parametrize("weights", [[], [1, -1]])
def test_weights_that_cannot_be_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        allocate(1, weights)


@given(st.integers(0, 10**13), st.sampled_from([Decimal("0.19"), Decimal("0.07"), Decimal(0), Decimal(1)]))
def test_included_tax_is_the_nearest_unit(gross: int, rate: Decimal) -> None:
    tax = included_tax(gross, rate)
    assert abs(tax - gross * rate / (1 + rate)) <= Decimal("0.5")
    assert 0 <= tax <= gross
