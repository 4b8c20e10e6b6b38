"""Promotions are found by what can trigger them."""

from __future__ import annotations

from hypothesis import given

from promotions.pricing.definitions import (
    AllOf,
    AnyOf,
    BuyGet,
    Code,
    Not,
    OneOf,
    Percent,
    Selector,
    Threshold,
)
from promotions.pricing.engine import evaluate
from promotions.pricing.index import Index, trigger
from promotions.pricing.writing import decision_json
from tests.promotions.carts import cart, line, promotion
from tests.promotions.test_pricing_properties import SETS, carts

ADA = OneOf("customer", frozenset({"ada"}))
TENTS = Selector(categories=("Outdoor › Tents",))


def test_the_most_telling_key_files_a_promotion():
    coded = AllOf((Code(frozenset({"X"})), OneOf("channel", frozenset({"web"}))))
    assert trigger(promotion(Percent(1), condition=AllOf((coded, ADA)))) == {("customer", "ada")}
    assert trigger(promotion(Percent(1), condition=coded, target=TENTS)) == {("code", "X")}
    assert trigger(promotion(Percent(1), target=TENTS)) == {("category", "Outdoor › Tents")}
    assert trigger(promotion(Percent(1), condition=Threshold("spend", 1, TENTS))) == {("category", "Outdoor › Tents")}
    either = AnyOf((ADA, Code(frozenset({"X"}))))
    assert trigger(promotion(Percent(1), condition=either)) == {("customer", "ada"), ("code", "X")}


def test_what_could_apply_to_any_cart_is_always_looked_at():
    assert trigger(promotion(Percent(1))) is None
    assert trigger(promotion(Percent(1), condition=Not(ADA))) is None
    assert trigger(promotion(Percent(1), condition=AnyOf((ADA, Threshold("spend", 1))))) is None
    assert trigger(promotion(Percent(1), condition=Threshold("spend", 0, TENTS))) is None


def test_one_person_s_offers_are_not_looked_at_for_others():
    offers = [
        promotion(Percent(100), name=f"p{number}", condition=OneOf("customer", frozenset({f"c-{number}"})))
        for number in range(1000)
    ]
    assert Index(offers).candidates(cart(line(1, 10))) == []


def test_a_category_is_found_from_what_lies_below_it():
    offer = promotion(Percent(1000), target=Selector(categories=("Outdoor",)))
    tent = cart(line(1, 10, categories=("Outdoor › Tents › Domes",)))
    assert Index([offer]).candidates(tent) == [offer]
    assert Index([offer]).candidates(cart(line(1, 10, categories=("Outdoors",)))) == []


def test_both_halves_of_buy_and_get_are_needed():
    deal = BuyGet(1, Selector(products=frozenset({"A"})), 1, TENTS)
    assert trigger(promotion(deal)) == {("product", "A")}


class Everything(Index):
    """Looks at each promotion, as an engine without an index would."""

    def candidates(self, cart):  # type: ignore[no-untyped-def]
        return list(self.promotions)


@given(carts(), SETS)
def test_the_index_leaves_out_nothing_that_would_apply(cart, offers):
    told = [decision_json(evaluate(kind(offers), cart)) for kind in (Index, Everything)]
    for entry in told:
        del entry["explanations"]  # those that could never match are not looked at, so nothing is said of them
    assert told[0] == told[1]
