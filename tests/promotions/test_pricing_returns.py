"""What is paid back when units come back, by policy."""

from __future__ import annotations

import pytest

from promotions.pricing.definitions import Amount, GroupDeal, Percent, ReturnPolicy, Selector, Threshold
from promotions.pricing.index import Index
from promotions.pricing.returns import refund
from tests.promotions.carts import cart, decide, line, promotion


def test_20_two_of_three_units_come_back():
    offer = promotion(Percent(1000))
    decision = decide(cart(line(3, 100)), offer)
    assert refund(decision, Index([offer]), {"1": [1, 2]}) == 18_000


def test_21_everything_comes_back():
    offer = promotion(Percent(2500))
    decision = decide(cart(line(10, 23.90)), offer)
    assert decision.total == 17_925
    assert refund(decision, Index([offer]), {"1": list(range(10))}) == 17_925


@pytest.mark.parametrize(
    ("policy", "dear", "free"),
    [
        (ReturnPolicy.KEEP, 10_000, 0),
        # 180.00 were paid for 210.00 worth of goods: each unit at 6/7.
        (ReturnPolicy.PRORATE, 8_571, 2_572),
        # The two that stay are no three: they cost their full price.
        (ReturnPolicy.CLAWBACK, 7_000, 0),
    ],
)
def test_three_for_two_by_policy(policy: ReturnPolicy, dear: int, free: int):
    offer = promotion(GroupDeal(size=3, units=1), returns=policy)
    decision = decide(cart(line(1, 100, sku="A"), line(1, 80, sku="B"), line(1, 30, sku="C")), offer)
    index = Index([entry.promotion for entry in decision.applications])
    assert decision.total == 18_000
    assert refund(decision, index, {"1": [0]}) == dear
    assert refund(decision, index, {"3": [0]}) == free


def test_clawback_takes_back_what_the_kept_cart_does_not_earn():
    offer = promotion(Amount(2000), condition=Threshold("spend", 10_000), returns=ReturnPolicy.CLAWBACK)
    decision = decide(cart(line(2, 60)), offer)
    index = Index([entry.promotion for entry in decision.applications])
    assert decision.total == 10_000
    assert refund(decision, index, {"1": [1]}) == 4_000  # the other one costs 60.00 now
    assert refund(decision, index, {"1": [0, 1]}) == 10_000


def test_policies_side_by_side():
    kept = promotion(Percent(1000), name="kept", target=Selector(products=frozenset({"A"})))
    back = promotion(Amount(1000), name="back", condition=Threshold("spend", 15_000), returns=ReturnPolicy.CLAWBACK)
    decision = decide(cart(line(1, 100, sku="A"), line(1, 100, sku="B")), kept, back)
    index = Index([entry.promotion for entry in decision.applications])
    assert decision.total == 18_000
    assert refund(decision, index, {"2": [0]}) == 9_000  # A stays at 90.00: its own discount, not the order's


@pytest.mark.parametrize("returned", [{"1": [3]}, {"1": [-1]}, {"9": [0]}])
def test_a_unit_that_was_not_bought_is_refused(returned: dict[str, list[int]]):
    decision = decide(cart(line(3, 100)))
    with pytest.raises(ValueError, match="has no unit"):
        refund(decision, Index([]), returned)
