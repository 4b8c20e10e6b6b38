"""What a block may show, as tables; no database."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.offers import Candidate, LeftOut, Offer, choose_offers, range_of

SEPARATOR = " › "


def candidate(number: int, **fields) -> Candidate:
    defaults = {"title": f"Product {number}", "price": 1000, "is_reduced": False, "is_available": True, "range": "Camp"}
    return Candidate(product_id=number, sku=f"S-{number}", **defaults | fields)


def choose(candidates, *, ordered=(), similar_to=None, lowest_prices=None):
    return choose_offers(candidates, ordered=ordered, similar_to=similar_to, lowest_prices=lowest_prices or {})


@pytest.mark.parametrize(("available", "shown"), [(0, 0), (2, 0), (3, 3), (4, 4), (9, 4)])
def test_three_to_four_products_or_none(available, shown):
    choice = choose([candidate(number) for number in range(available)])
    assert [offer.product_id for offer in choice.offers] == list(range(shown))


@pytest.mark.parametrize(
    ("flawed", "reason"),
    [
        ({"product_id_in_order": True}, LeftOut.IN_ORDER),
        ({"is_available": False}, LeftOut.UNAVAILABLE),
        ({"range": "Kitchen"}, LeftOut.NOT_SIMILAR),
        ({"range": ""}, LeftOut.NOT_SIMILAR),
        ({"price": 0}, LeftOut.NO_PRICE),
        ({"is_reduced": True}, LeftOut.LOWEST_PRICE_UNKNOWN),
    ],
)
def test_what_may_not_be_shown_is_left_out_with_its_reason(flawed, reason):
    ordered = {0} if flawed.pop("product_id_in_order", False) else set()
    good = [candidate(number) for number in range(1, 5)]
    choice = choose([candidate(0, **flawed), *good], ordered=ordered, similar_to={"Camp"})
    assert [offer.product_id for offer in choice.offers] == [1, 2, 3, 4]
    assert choice.left_out == (("S-0", reason),)


def test_with_a_consent_goods_need_not_be_similar():
    choice = choose([candidate(number, range=f"Range {number}") for number in range(4)], similar_to=None)
    assert len(choice.offers) == 4


def test_a_shop_without_categories_sells_one_range():
    choice = choose([candidate(number, range="") for number in range(4)], similar_to={""})
    assert len(choice.offers) == 4


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Outdoor", "Outdoor"),
        ("Outdoor › Tents", "Outdoor"),
        ("Outdoor › Camping › Tents", "Outdoor › Camping"),
        ("", ""),
    ],
)
def test_range_of_is_the_category_above(path, expected):
    assert range_of(path, SEPARATOR) == expected


@pytest.mark.parametrize(
    ("price", "lowest", "reduction"),
    [
        (8000, 10000, "0.20"),
        (7990, 9990, "0.20"),
        (6667, 10000, "0.33"),  # 33.33 % is told as 33 %, never as 34 %
        (9999, 10000, "0"),
        (10000, 10000, "0"),
        (10000, 9000, "0"),  # it was cheaper within the 30 days: no reduction
    ],
)
def test_a_reduction_is_measured_by_the_lowest_price_of_30_days(price, lowest, reduction):
    reduced = [candidate(number, price=price, is_reduced=True) for number in range(3)]
    choice = choose(reduced, lowest_prices=dict.fromkeys(range(3), lowest))
    assert choice.offers[0].reduction == Decimal(reduction)
    told = choice.offers[0].as_content()["lowest_price"]
    assert told == (lowest if Decimal(reduction) else None)


def test_a_price_that_is_not_reduced_tells_no_reduction_whatever_the_history_says():
    choice = choose([candidate(number) for number in range(3)], lowest_prices=dict.fromkeys(range(3), 99999))
    assert {offer.reduction for offer in choice.offers} == {Decimal(0)}


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_reduction_never_promises_more_than_it_gives(price, lowest):
    offer = Offer(1, "S", "t", price, lowest_price=lowest)
    assert 0 <= offer.reduction < 1
    assert price <= lowest * (1 - offer.reduction) or offer.reduction == 0


@given(
    st.lists(
        st.builds(
            candidate,
            st.integers(0, 30),
            is_available=st.booleans(),
            is_reduced=st.booleans(),
            price=st.integers(0, 100),
            range=st.sampled_from(["Camp", "Kitchen"]),
        ),
        max_size=20,
    ),
    st.sets(st.integers(0, 30)),
)
def test_nothing_that_breaks_a_rule_is_ever_offered(candidates, ordered):
    choice = choose(candidates, ordered=ordered, similar_to={"Camp"})
    assert len(choice.offers) in (0, 3, 4)
    for offer in choice.offers:
        [*same] = [c for c in candidates if c.product_id == offer.product_id]
        assert offer.product_id not in ordered
        assert offer.price > 0
        assert any(c.is_available and c.range == "Camp" and not c.is_reduced for c in same)
