"""What holds for every cart and every set of promotions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from promotions.pricing.cart import Cart, Line
from promotions.pricing.definitions import (
    Amount,
    AmountPerUnit,
    Basis,
    Benefit,
    BundlePrice,
    BuyGet,
    Combination,
    FixedPrice,
    GroupDeal,
    Lane,
    Percent,
    Promotion,
    Resolution,
    ReturnPolicy,
    Selector,
    ShippingPercent,
    Tax,
    Threshold,
    Tiered,
)
from promotions.pricing.engine import Decision, evaluate
from promotions.pricing.index import Index
from promotions.pricing.returns import refund, unit_discounts
from promotions.pricing.writing import decision_json
from tests.promotions.carts import AT

SKUS = ["A", "B", "C", "D"]
AMOUNTS = st.integers(0, 30_000)
HUNDREDTHS = st.integers(0, 10_000)
SELECTORS = st.sampled_from(
    [
        Selector(),
        Selector(products=frozenset({"A"})),
        Selector(products=frozenset({"B", "C"})),
        Selector(categories=("X",)),
    ]
)
SMALL = st.integers(1, 3)
BENEFITS: st.SearchStrategy[Benefit] = st.one_of(
    st.builds(Percent, HUNDREDTHS, st.none() | AMOUNTS),
    st.builds(Amount, AMOUNTS, st.booleans()),
    st.builds(AmountPerUnit, AMOUNTS),
    st.builds(FixedPrice, AMOUNTS),
    st.builds(BundlePrice, SMALL, AMOUNTS),
    st.builds(GroupDeal, st.just(3), SMALL, HUNDREDTHS, st.sampled_from(["cheapest", "dearest"])),
    st.builds(BuyGet, SMALL, SELECTORS, SMALL, SELECTORS, HUNDREDTHS),
    st.builds(Tiered, st.just("spend"), st.just(((0, 500), (5_000, 1_500)))),
    st.builds(ShippingPercent, HUNDREDTHS),
)


def promotions(**fixed: Any) -> st.SearchStrategy[Promotion]:
    said: dict[str, st.SearchStrategy[Any]] = {
        "benefit": BENEFITS,
        "condition": st.builds(Threshold, st.sampled_from(["spend", "quantity"]), st.integers(0, 10_000), SELECTORS),
        "target": SELECTORS,
        "lane": st.sampled_from(["line", "order"]),
        "priority": st.integers(1, 3),
        "basis": st.sampled_from(Basis),
        "combination": st.sampled_from([Combination.STACK] * 4 + [*Combination]),
        "times": st.none() | SMALL,
        "floor": st.sampled_from([0, 0, 0, 700]),
        "tax": st.sampled_from([Tax.CART, Tax.CART, Tax.NET]),
        "returns": st.sampled_from(ReturnPolicy),
    }
    chosen = said | {name: st.just(value) for name, value in fixed.items()}
    return st.builds(Promotion, id=st.just("p"), version=st.just(1), **chosen)


def named(drawn: list[Promotion]) -> list[Promotion]:
    return [replace(entry, id=f"p{number}", age=number) for number, entry in enumerate(drawn)]


SETS = st.lists(promotions(), max_size=5).map(named)


@st.composite
def carts(draw: st.DrawFn) -> Cart:
    skus = draw(st.lists(st.sampled_from(SKUS), min_size=1, max_size=4))
    lines = tuple(
        Line(
            id=str(number),
            sku=sku,
            quantity=draw(st.integers(1, 5)),
            unit_price=draw(st.integers(0, 20_000)),
            categories=("X › Y",) if sku == "C" else (),
            tax_rate=draw(st.sampled_from([0, 700, 1900])),
        )
        for number, sku in enumerate(skus)
    )
    return Cart(lines=lines, at=AT, shipping=draw(st.sampled_from([0, 499])))


def decide(cart: Cart, given_promotions: list[Promotion]) -> Decision:
    return evaluate(Index(given_promotions), cart)


@given(carts(), SETS)
def test_nothing_costs_less_than_nothing_and_every_cent_is_somewhere(cart: Cart, offers: list[Promotion]):
    decision = decide(cart, offers)
    ledger = decision.ledger
    assert min(ledger.remaining) >= 0
    assert ledger.shipping >= 0
    assert sum(ledger.original) + cart.shipping - decision.discount == decision.total
    for entry in decision.applications:
        assert all(sum(units) == entry.taking.lines[at] for at, units in entry.taking.units.items())
        assert min([*entry.taking.lines.values(), 0]) >= 0


@given(carts(), SETS)
def test_units_bear_exactly_what_their_lines_bear_and_none_goes_below_nothing(cart: Cart, offers: list[Promotion]):
    decision = decide(cart, offers)
    left = [[line.unit_price] * line.quantity for line in cart.lines]
    for entry, rows in zip(decision.applications, unit_discounts(decision), strict=True):
        for at, row in enumerate(rows):
            assert sum(row) == entry.taking.lines.get(at, 0)
            left[at] = [before - share for before, share in zip(left[at], row, strict=True)]
            assert min(left[at]) >= 0
    assert [sum(units) for units in left] == decision.ledger.remaining
    assert [decision.ledger.units(at) for at in range(len(left))] == left


@given(carts(), SETS)
def test_the_same_input_gives_the_same_answer_to_the_byte(cart: Cart, offers: list[Promotion]):
    assert decision_json(decide(cart, offers)) == decision_json(decide(cart, list(reversed(offers))))


@given(carts(), SETS)
def test_a_promotion_for_somebody_else_changes_nothing(cart: Cart, offers: list[Promotion]):
    other = Promotion(id="other", version=1, benefit=Percent(5000), target=Selector(products=frozenset({"Z"})))
    assert decision_json(decide(cart, [other, *offers])) == decision_json(decide(cart, offers))


@given(carts(), st.lists(promotions(benefit=Percent(1234), floor=0, times=None), max_size=3).map(named), st.randoms())
def test_the_order_of_lines_moves_no_more_than_the_cents_of_ties(cart: Cart, offers: list[Promotion], chance: Any):
    shuffled = list(cart.lines)
    chance.shuffle(shuffled)
    assert decide(replace(cart, lines=tuple(shuffled)), offers[:1]).total == decide(cart, offers[:1]).total


@given(carts(), SETS)
def test_a_floor_holds(cart: Cart, offers: list[Promotion]):
    with_floor = [replace(entry, floor=700, tax=Tax.CART) for entry in offers]
    ledger = decide(cart, with_floor).ledger
    for at, line in enumerate(cart.lines):
        assert min(ledger.units(at)) >= min(line.unit_price, 700)


@given(carts(), SETS, st.randoms())
def test_refunds_of_all_units_add_up_to_what_was_paid(cart: Cart, offers: list[Promotion], chance: Any):
    decision, index = decide(cart, offers), Index(offers)
    units = [(line.id, unit) for line in cart.lines for unit in range(line.quantity)]
    chance.shuffle(units)
    returned: dict[str, list[int]] = {}
    for line, unit in units:
        returned.setdefault(line, []).append(unit)
        assert 0 <= refund(decision, index, returned) <= sum(decision.ledger.remaining)
    assert refund(decision, index, returned) == sum(decision.ledger.remaining)


@given(carts(), st.lists(promotions(returns=ReturnPolicy.KEEP), max_size=4).map(named))
def test_kept_discounts_refund_what_was_paid_for_the_unit(cart: Cart, offers: list[Promotion]):
    decision = decide(cart, offers)
    for at, line in enumerate(cart.lines):
        if sum(entry.quantity for entry in cart.lines) > 1:
            assert refund(decision, Index(offers), {line.id: [0]}) == decision.ledger.units(at)[0]


@settings(max_examples=60)
@given(carts(), st.lists(promotions(combination=Combination.STACK, lane="order"), max_size=4).map(named))
def test_the_best_deal_is_never_worse_than_the_sequence(cart: Cart, offers: list[Promotion]):
    best = evaluate(Index(offers), cart, lanes=(Lane("order", Resolution.BEST),))
    assert best.discount >= evaluate(Index(offers), cart, lanes=(Lane("order"),)).discount
    assert not best.search_was_bounded
