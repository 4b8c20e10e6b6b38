"""The cases of the promotion contract, one by one; the numbers are those of its table."""

from __future__ import annotations

import pytest

from promotions.pricing.definitions import (
    AllOf,
    Amount,
    AmountPerUnit,
    Basis,
    Benefit,
    BundlePrice,
    Code,
    Combination,
    GroupDeal,
    Percent,
    Selector,
    Threshold,
    Tiered,
)
from promotions.pricing.engine import pending_codes
from tests.promotions.carts import cart, decide, line, minor, promotion, taken

TEN, TWENTY = Percent(1000), Percent(2000)


def off(units: float) -> Amount:
    return Amount(minor(units))


def test_1_an_amount_is_split_over_the_lines_in_proportion():
    assert taken(decide(cart(line(1, 200), line(1, 600)), promotion(off(400)))) == [[minor(100), minor(300)]]


def test_2_a_second_amount_is_split_over_what_the_first_left():
    decision = decide(cart(line(1, 50), line(1, 150)), promotion(off(30)), promotion(off(50)))
    assert taken(decision) == [[750, 2250], [1250, 3750]]


def test_3_a_second_percentage_is_of_what_the_first_left():
    assert taken(decide(cart(line(1, 50), line(1, 150)), promotion(TEN), promotion(TEN))) == [[500, 1500], [450, 1350]]


def test_4_cents_that_cannot_be_split_go_to_the_earlier_lines():
    lines = [line(1, 2, sku=sku) for sku in "ABC"]
    assert taken(decide(cart(*lines), promotion(off(4)))) == [[134, 133, 133]]


def test_5_an_amount_per_unit_takes_no_unit_below_nothing():
    assert decide(cart(line(2, 2), line(1, 4)), promotion(AmountPerUnit(300))).discount == 700


def test_6_three_for_two_gives_the_cheapest():
    decision = decide(cart(line(4, 4), line(4, 2)), promotion(GroupDeal(size=3, units=1), times=1))
    assert taken(decision) == [[0, 200]]


def test_7_any_three_for_twenty():
    assert decide(cart(line(4, 8)), promotion(BundlePrice(size=3, price=2000))).discount == 400


def test_8_discounts_end_at_nothing():
    decision = decide(cart(line(1, 20)), promotion(off(100)), promotion(off(100)))
    assert (decision.total, decision.discount) == (0, 2000)


def test_9_a_threshold_says_how_far_away_it_is():
    decision = decide(cart(line(1, 5)), promotion(off(1), condition=Threshold("spend", 1000)))
    [outcome] = decision.outcomes
    assert (decision.discount, outcome.status, outcome.gaps[0].missing) == (0, "not_met", 500)
    assert outcome.would_save == 100


def test_10_a_threshold_looks_at_what_earlier_promotions_left():
    half = promotion(Percent(5000), condition=Threshold("quantity", 3))
    more = promotion(TEN, condition=Threshold("spend", minor(1000)))
    assert decide(cart(line(3, 500)), half, more).total == minor(750)


def test_11_the_order_lane_runs_after_the_line_lane():
    sale = cart(line(2, 1000, tags=("sale",)), line(1, 5000))
    order = promotion(Percent(1500), lane="order", priority=1)
    items = promotion(Percent(5000), lane="line", priority=2, target=Selector(tags=frozenset({"sale"})))
    assert decide(sale, order, items).total == minor(5100)


@pytest.mark.parametrize("combination", [Combination.EXCLUSIVE_IN_LANE, Combination.EXCLUSIVE_OVERALL])
def test_12_of_exclusive_promotions_the_best_applies(combination: Combination):
    fixed, percent = promotion(off(5.5), combination=combination), promotion(TWENTY, combination=combination)
    decision = decide(cart(line(1, 30)), fixed, percent)
    assert decision.discount == 600
    assert {outcome.promotion.benefit: outcome.status for outcome in decision.outcomes} == {
        fixed.benefit: "outbid",
        TWENTY: "applied",
    }


@pytest.mark.parametrize(("quantity", "price", "pay"), [(1, 100, 80), (1, 20, 20), (3, 20, 40)])
def test_13_a_threshold_of_a_category(quantity: int, price: float, pay: float):
    category = Selector(categories=("Sun care",))
    shopping = cart(line(quantity, price, categories=("Sun care › Lotion",)))
    given = promotion(off(20), target=category, condition=Threshold("spend", 5000, category))
    assert decide(shopping, given).total == minor(pay)


def test_14_the_priority_decides_between_percent_and_amount():
    fixed = off(10)
    assert decide(cart(line(1, 100)), promotion(TWENTY, priority=1), promotion(fixed, priority=2)).total == 7000
    assert decide(cart(line(1, 100)), promotion(TWENTY, priority=2), promotion(fixed, priority=1)).total == 7200


def test_15_jackets():
    jackets = Selector(products=frozenset({"jacket"}))
    each = promotion(TWENTY, target=jackets)
    all_ = promotion(off(50), target=jackets, condition=Threshold("spend", minor(500), jackets))
    assert decide(cart(line(7, 100, sku="jacket")), each, all_).total == minor(510)


@pytest.mark.parametrize(("quantity", "discount"), [(1, 100), (2, 300), (3, 600)])
def test_16_tiers(quantity: int, discount: int):
    tiers = Tiered(by="spend", steps=((0, 1000), (2000, 1500), (3000, 2000)))
    assert decide(cart(line(quantity, 10)), promotion(tiers)).discount == discount


def test_17_a_capped_percentage():
    decision = decide(cart(line(1, 120), line(1, 230), line(1, 300)), promotion(Percent(1500, cap=5000)))
    assert taken(decision) == [[923, 1769, 2308]]


@pytest.mark.parametrize(("basis", "discount"), [(Basis.ORIGINAL, 750), (Basis.REMAINING, 700)])
def test_18_additive_and_sequential(basis: Basis, discount: int):
    both: list[Benefit] = [TEN, TWENTY]
    decision = decide(cart(line(2, 10), line(1, 5)), *[promotion(benefit, basis=basis) for benefit in both])
    assert decision.discount == discount


def test_19_a_code_waits_until_the_cart_qualifies():
    coded = promotion(off(5), condition=AllOf((Code(frozenset({"SAVE5"})), Threshold("spend", 3000))))
    ten, both = [line(1, 10, sku="A")], [line(1, 10, sku="A"), line(1, 25, sku="B")]
    small, large = decide(cart(*ten, codes=("SAVE5",)), coded), decide(cart(*both, codes=("SAVE5",)), coded)
    assert (pending_codes(small), small.discount) == (["SAVE5"], 0)
    assert (pending_codes(large), large.discount) == ([], 500)
    assert pending_codes(decide(cart(*ten, codes=("SAVE5",)), coded)) == ["SAVE5"]
