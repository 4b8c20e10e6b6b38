"""The engine takes short cuts; here the same is worked out the long way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.money import allocate
from promotions.pricing.benefits import take
from promotions.pricing.cart import Cart, Line
from promotions.pricing.conditions import Gap, gaps
from promotions.pricing.definitions import EVERYTHING, LANES, Lane, Promotion, Resolution, Selector
from promotions.pricing.engine import Decision, Outcome, evaluate
from promotions.pricing.index import Index
from promotions.pricing.ledger import Ledger, View
from promotions.pricing.money import spread
from tests.promotions.test_pricing_properties import SETS, carts

BEST = (Lane("line"), Lane("order", Resolution.BEST))
WEIGHTS = st.lists(st.integers(0, 5_000), min_size=1, max_size=6)


@given(st.integers(-20_000, 20_000), WEIGHTS)
def test_an_amount_is_split_by_largest_remainder(amount: int, weights: list[int]) -> None:
    shares = weights if any(weights) else [1] * len(weights)
    parts = [abs(amount) * weight // sum(shares) for weight in shares]
    by_remainder = sorted(range(len(shares)), key=lambda at: (-(abs(amount) * shares[at] % sum(shares)), at))
    for at in by_remainder[: abs(amount) - sum(parts)]:
        parts[at] += 1
    assert allocate(amount, weights) == [part if amount >= 0 else -part for part in parts]


@given(st.integers(0, 20_000), WEIGHTS)
def test_parts_that_bear_what_they_weigh_are_filled_as_any_others(amount: int, bearable: list[int]) -> None:
    """A weight twice as large is the same proportion, and no short cut."""
    assert spread(amount, bearable, weights=bearable) == spread(amount, bearable, weights=[2 * one for one in bearable])
    assert spread(amount, bearable) == spread(amount, bearable, weights=bearable)


@given(carts(), SETS, st.sampled_from([LANES, BEST]))
@settings(max_examples=300)
def test_every_explanation_is_that_of_the_cart_at_the_promotion_s_turn(
    cart: Cart, offers: list[Promotion], lanes: Sequence[Lane]
) -> None:
    index = Index(offers)
    decision = evaluate(index, cart, lanes=lanes)
    ranks = {lane.name: rank for rank, lane in enumerate(lanes)}
    expected = sorted(index.candidates(cart), key=lambda entry: (ranks[entry.lane], entry.order))
    assert decision.outcomes == [_outcome(decision, entry, ranks) for entry in expected]


def _outcome(decision: Decision, promotion: Promotion, ranks: dict[str, int]) -> Outcome:
    if any(entry.promotion is promotion for entry in decision.applications):
        return Outcome(promotion, "applied")
    view = View(_at_its_turn(decision, promotion, ranks), promotion)
    missing = gaps(promotion.condition, view)
    if missing:
        added = [_filler(number, gap, decision.cart) for number, gap in enumerate(missing)]
        filled = View(_at_its_turn(decision, promotion, ranks, added), promotion)
        saves = None if any(gap.missing is None for gap in missing) else take(filled).amount
        return Outcome(promotion, "not_met", missing, would_save=saves)
    taking = take(view)
    if taking.gives_nothing:
        return Outcome(promotion, "nothing_to_give")
    winners = tuple(entry.promotion.id for entry in decision.applications)
    return Outcome(promotion, "outbid", outbid_by=winners, would_save=taking.amount)


def _at_its_turn(decision: Decision, promotion: Promotion, ranks: dict[str, int], added: Sequence[Line] = ()) -> Ledger:
    """A ledger of its own, booked anew; lines are added as if they had always been there."""

    def turn(entry: Promotion) -> Any:
        return ranks[entry.lane], entry.order

    ledger = Ledger(replace(decision.cart, lines=(*decision.cart.lines, *added)))
    for entry in decision.applications:
        if turn(entry.promotion) >= turn(promotion):
            break
        ledger.book(entry.promotion, entry.taking)
    return ledger


def _filler(number: int, gap: Gap, cart: Cart) -> Line:
    """So much money, or so many of the cheapest that fits."""
    of, missing = gap.of or EVERYTHING, gap.missing or 0
    cheapest = min((line.unit_price for line in cart.lines if of.takes(line)), default=0)
    quantity, price = (1, missing) if gap.kind == "spend" else (missing, cheapest)
    sku = min(of.products, default="\0")
    return Line(f"\0{number}", sku, quantity, price, categories=of.categories[:1])


SELECTORS = st.builds(
    Selector,
    products=st.frozensets(st.sampled_from("ABCDEFG"), max_size=5),
    categories=st.sampled_from([(), ("X",), ("X › Y", "Z")]),
    price_until=st.none() | st.integers(0, 20_000),
    excluded=st.none() | st.just(Selector(products=frozenset("A"))),
)


@given(carts(), SELECTORS)
def test_a_selection_is_every_line_that_fits(cart: Cart, selector: Selector) -> None:
    added = [Line("\0", "A", 1, 1), Line("\1", "B", 2, 500, categories=("X",))]
    ledger = Ledger(cart)
    longer = ledger.extended(added)
    fitting = [at for at, line in enumerate([*cart.lines, *added]) if selector.takes(line)]
    assert longer.select(selector) == fitting
    assert ledger.select(selector) == [at for at in fitting if at < len(cart.lines)]
