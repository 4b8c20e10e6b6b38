"""Order arithmetic: every split adds up to what was paid."""

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from orders.pricing import (
    amount_of_units,
    goods_paid,
    included_taxes,
    line_total,
    order_total,
    shipping_paid,
    unit_amounts,
)

RATES = [Decimal("0.19"), Decimal("0.07"), Decimal(0)]


@dataclass(frozen=True)
class Line:
    quantity: int
    unit_price: int
    discount: int = 0
    tax_rate: Decimal = Decimal("0.19")


@st.composite
def lines(draw: st.DrawFn) -> Line:
    quantity, unit_price = draw(st.integers(1, 50)), draw(st.integers(0, 10**6))
    discount = draw(st.integers(0, quantity * unit_price))
    return Line(quantity, unit_price, discount, draw(st.sampled_from(RATES)))


@st.composite
def carts(draw: st.DrawFn) -> tuple[list[Line], int, int]:
    """Lines, shipping, and a discount that the order can carry."""
    bought, shipping = draw(st.lists(lines(), min_size=1, max_size=8)), draw(st.integers(0, 5000))
    return bought, shipping, draw(st.integers(0, sum(map(line_total, bought)) + shipping))


def test_the_total_of_the_documented_order() -> None:
    assert order_total([Line(2, 1999)], shipping=499, discount=0) == 4497


def test_tax_by_rate_shares_discount_and_shipping_in_proportion() -> None:
    bought = [Line(1, 11900), Line(1, 10700, tax_rate=Decimal("0.07"))]
    assert included_taxes(bought, shipping=0, discount=0) == {Decimal("0.07"): 700, Decimal("0.19"): 1900}
    # 226.00 of goods, 22.60 off: each rate carries a tenth less.
    assert included_taxes(bought, shipping=0, discount=2260) == {Decimal("0.07"): 630, Decimal("0.19"): 1710}


def test_shipping_of_a_free_sample_is_taxed_at_its_rate() -> None:
    assert included_taxes([Line(1, 0)], shipping=1190, discount=0) == {Decimal("0.19"): 190}


def test_a_discount_beyond_the_goods_comes_off_the_shipping() -> None:
    assert goods_paid([1000, 500], discount=1700) == [0, 0]
    assert shipping_paid([1000, 500], shipping=499, discount=1700) == 299


@given(carts())
def test_what_was_paid_for_lines_and_shipping_adds_up_to_the_total(cart: tuple[list[Line], int, int]) -> None:
    bought, shipping, discount = cart
    totals = [line_total(line) for line in bought]
    goods = goods_paid(totals, discount=discount)
    carried = shipping_paid(totals, shipping=shipping, discount=discount)
    assert sum(goods) + carried == order_total(bought, shipping=shipping, discount=discount)
    assert all(0 <= paid <= total for paid, total in zip(goods, totals, strict=True))
    assert 0 <= carried <= shipping


@given(carts())
def test_the_tax_is_within_a_unit_per_rate_of_the_exact_tax(cart: tuple[list[Line], int, int]) -> None:
    bought, shipping, discount = cart
    taxes = included_taxes(bought, shipping=shipping, discount=discount)
    total = order_total(bought, shipping=shipping, discount=discount)
    assert set(taxes) == {line.tax_rate for line in bought}
    assert 0 <= sum(taxes.values()) <= total
    if len(taxes) == 1:
        (rate, tax), *_none = taxes.items()
        assert abs(tax - total * rate / (1 + rate)) <= Decimal("0.5")


@given(st.integers(0, 10**9), st.integers(1, 200))
def test_units_of_a_line_add_up_to_what_was_paid_for_it(paid: int, quantity: int) -> None:
    amounts = unit_amounts(paid, quantity)
    assert sum(amounts) == paid
    assert max(amounts) - min(amounts) <= 1


@given(st.integers(0, 10**9), st.integers(1, 200), st.data())
def test_any_run_of_units_costs_what_its_units_cost(paid: int, quantity: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, quantity))
    count = data.draw(st.integers(0, quantity - first))
    expected = sum(unit_amounts(paid, quantity)[first : first + count])
    assert amount_of_units(paid, quantity, first=first, count=count) == expected
