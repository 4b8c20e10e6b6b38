"""What an order is worth in points, worked out from frozen terms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotions.pricing.points import (
    Bought,
    Extra,
    Rounding,
    Terms,
    divided,
    due,
    months_later,
    points_for,
    still_spent,
    worth,
)
from promotions.pricing.referring import Person, mailbox, refusal


@st.composite
def orders(draw: st.DrawFn) -> list[Bought]:
    lines = []
    for number in range(draw(st.integers(1, 5))):
        quantity, price = draw(st.integers(1, 6)), draw(st.integers(0, 5000))
        kept = draw(st.integers(0, quantity))
        lines.append(Bought(f"S-{number}", quantity * price, kept * price, kept))
    return lines


TERMS = st.builds(
    Terms,
    each=st.integers(0, 20),
    per=st.integers(1, 500),
    hundredths=st.integers(100, 300),
    rounding=st.sampled_from(list(Rounding)),
    extras=st.tuples(st.builds(Extra, st.integers(0, 500), st.frozensets(st.sampled_from(["S-0", "S-1"])))),
    fixed=st.integers(0, 500),
    at_least=st.integers(0, 3000),
)


@given(TERMS, orders())
def test_fewer_units_are_never_worth_more_and_none_are_worth_nothing(terms: Terms, lines: list[Bought]) -> None:
    whole = [Bought(line.sku, line.paid, line.paid, 6) for line in lines]
    assert 0 <= due(terms, lines) <= due(terms, whole)
    assert due(terms, [Bought(line.sku, line.paid, 0, 0) for line in lines]) == 0


@given(TERMS, orders())
def test_the_order_of_lines_does_not_matter_and_terms_survive_their_json(terms: Terms, lines: list[Bought]) -> None:
    assert due(terms, lines) == due(terms, lines[::-1])
    assert Terms.from_json(terms.as_json()) == terms


@given(st.integers(0, 100_000), orders())
def test_points_that_were_paid_return_with_the_units_all_with_the_last(points: int, lines: list[Bought]) -> None:
    assert 0 <= still_spent(points, lines) <= points
    assert still_spent(points, [Bought(line.sku, line.paid, line.paid, 1) for line in lines]) == points
    assert still_spent(points, [Bought(line.sku, line.paid, 0, 0) for line in lines]) == 0


@given(st.integers(1, 10_000_000), st.integers(1, 10_000))
def test_the_points_for_an_amount_are_worth_it_and_one_fewer_is_not(amount: int, value: int) -> None:
    points = points_for(amount, value)
    assert worth(points, value) >= amount > worth(points - 1, value)


@pytest.mark.parametrize(("rounding", "points"), [("down", 2), ("nearest", 3), ("up", 3)])
def test_halves(rounding: str, points: int) -> None:
    assert divided(5, 2, Rounding(rounding)) == points


def test_months_end_where_the_month_does() -> None:
    assert months_later(datetime(2026, 1, 31, tzinfo=UTC), 1) == datetime(2026, 2, 28, tzinfo=UTC)
    assert months_later(datetime(2026, 1, 31, tzinfo=UTC), -2) == datetime(2025, 11, 30, tzinfo=UTC)


ADA = Person(1, ["ada@example.org"], ["+49301234"], ("Ada", "Muster"), ("10115", "Berlin"))


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (Person(1), "same_profile"),
        (Person(2, ["Ada+friend@Example.org"]), "same_email"),
        (Person(2, ["bob@example.org"], ["+49301234"]), "same_phone"),
        (Person(2, names=("ADA", "muster "), place=("10115", "berlin")), "same_address"),
        (Person(2, names=("Bob", "Muster"), place=("10115", "Berlin")), ""),
        (Person(2, ["bob@example.org"]), ""),
    ],
)
def test_nobody_invites_themselves(other: Person, why: str) -> None:
    assert refusal(ADA, other) == why


def test_two_people_of_whom_nothing_is_known_are_two() -> None:
    assert refusal(Person(1), Person(2)) == ""
    assert mailbox("a.da@googlemail.com") == mailbox("ada+x@gmail.com")
