"""Requests answered by a whole model: what may appear, in which order, and why."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommendations.engines.anti_stalking import anti_stalking
from recommendations.engines.blend import IMPERSONAL, Model, best
from recommendations.engines.blends import BLENDS
from recommendations.engines.pipeline import recommend
from recommendations.engines.request import BASKET, HOME, ORDER_CONFIRMATION, PLACEMENTS, PRODUCT, REPLENISH, Request
from tests.recommendations.worlds import GROUPS, PER_GROUP, interactions, tastes

SIZE = GROUPS * PER_GROUP
positions = st.integers(0, SIZE - 1)
# Other tests share the cores: time says nothing about these.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.fit(tastes())


def sold_out(gone: set[int]) -> np.ndarray:
    """What may be shown when these are gone."""
    return ~np.isin(np.arange(SIZE), list(gone))


@st.composite
def requests(draw: st.DrawFn) -> Request:
    return Request(
        placement=draw(st.sampled_from(PLACEMENTS)),
        customer=draw(st.none() | st.integers(0, 149)),
        recent=draw(st.lists(positions, max_size=5)),
        basket=draw(st.lists(positions, max_size=8)),
        product=draw(st.none() | positions),
        session=draw(st.lists(positions, max_size=5, unique=True)),
        excluded=draw(st.lists(positions, max_size=8)),
        eligible=draw(st.none() | st.sets(positions, max_size=SIZE).map(sold_out)),
        limit=draw(st.integers(1, 50)),
    )


@patient
@given(requests())
def test_every_answer_keeps_the_rules(model: Model, request_: Request):
    answer = recommend(model, request_)
    shown = [ranked.product for ranked in answer]
    assert len(shown) == len(set(shown)) <= request_.limit
    forbidden = {*request_.recent, *request_.basket, *request_.excluded, request_.product}
    assert not forbidden & set(shown)
    if request_.eligible is not None:
        assert request_.eligible[shown].all()
    assert all(ranked.score > 0 for ranked in answer)
    assert answer == recommend(model, request_)


@patient
@given(requests())
def test_an_answer_is_only_short_when_products_run_out(model: Model, request_: Request):
    allowed = np.ones(SIZE, bool) if request_.eligible is None else request_.eligible.copy()
    allowed[model.hidden(request_)] = False
    for _stage, _code, where in anti_stalking(model, request_):
        allowed[where] = False
    if request_.placement != REPLENISH:  # which offers nothing but what the person bought
        assert len(recommend(model, request_)) == min(request_.limit, int(allowed.sum()))


@pytest.mark.parametrize("placement", [BASKET, ORDER_CONFIRMATION])
def test_what_goes_with_a_basket_is_of_its_group(model: Model, placement: str):
    basket = [2 * PER_GROUP, 2 * PER_GROUP + 1]
    answer = recommend(model, Request(placement, basket=basket))
    assert {ranked.product // PER_GROUP for ranked in answer} == {2}
    assert {ranked.because for ranked in answer if ranked.source == "copurchase"} <= set(basket)


def test_a_product_page_shows_its_group_to_a_stranger(model: Model):
    answer = recommend(model, Request(PRODUCT, product=PER_GROUP, limit=6))
    assert {ranked.product // PER_GROUP for ranked in answer} == {1}


def test_home_knows_the_customer_and_says_why(model: Model):
    answer = recommend(model, Request(HOME, customer=3))
    assert sum(ranked.product // PER_GROUP == 3 for ranked in answer) >= 7
    assert "bought_before" in {ranked.code for ranked in answer}


def test_a_stranger_with_a_basket_gets_its_group_at_home(model: Model):
    answer = recommend(model, Request(HOME, basket=[4 * PER_GROUP, 4 * PER_GROUP + 1], limit=5))
    assert sum(ranked.product // PER_GROUP == 4 for ranked in answer) >= 4


def test_a_stranger_without_anything_gets_what_is_popular(model: Model):
    answer = recommend(model, Request(HOME, limit=5))
    assert {ranked.source for ranked in answer} == {"popularity"}
    assert {ranked.because for ranked in answer} == {None}


def test_a_purchase_since_the_training_counts_and_is_not_shown_again(model: Model):
    bought = [2 * PER_GROUP, 2 * PER_GROUP + 1, 2 * PER_GROUP + 2]
    answer = recommend(model, Request(HOME, customer=None, recent=bought, limit=5))
    assert sum(ranked.product // PER_GROUP == 2 for ranked in answer) >= 4
    assert not set(bought) & {ranked.product for ranked in answer}


def test_an_empty_basket_falls_back_to_home(model: Model):
    assert (
        model.context(Request(BASKET, customer=3)).anchors.tolist() == model.context(Request(HOME, 3)).anchors.tolist()
    )


@pytest.mark.parametrize(
    ("request_", "because", "code"),
    [
        (Request(HOME, recent=[5]), 5, "because_you_bought"),
        (Request(HOME, basket=[5]), 5, "goes_with"),
        (Request(PRODUCT, product=5), 5, "similar"),
        (Request(ORDER_CONFIRMATION, basket=[5]), 5, "because_you_bought"),
    ],
)
def test_the_sentence_depends_on_what_the_person_did(model: Model, request_: Request, because: int, code: str):
    personal = Model(model.engines, {placement: {"item_knn": 1.0} for placement in PLACEMENTS})
    answer = recommend(personal, request_)
    assert {(ranked.because, ranked.code) for ranked in answer} == {(because, code)}


def test_a_product_bought_before_is_not_explained_by_itself(model: Model):
    for customer in range(30):
        for ranked in recommend(model, Request(HOME, customer=customer)):
            assert ranked.because != ranked.product or ranked.code == "bought_before"


def test_a_model_of_popularity_only_answers_every_placement():
    model = Model.fit(tastes(), IMPERSONAL)
    assert not model.is_personal
    for placement in set(PLACEMENTS) - {REPLENISH}:
        answer = recommend(model, Request(placement, customer=None, basket=[0], product=1, limit=4))
        assert len(answer) == 4


def test_a_model_survives_its_arrays(model: Model):
    again = Model.from_arrays(model.arrays(), BLENDS)
    request = Request(BASKET, customer=7, basket=[1, 2], recent=[30])
    assert recommend(again, request) == recommend(model, request)


def test_a_shop_with_one_product():
    model = Model.fit(interactions([(1, 10, 1, 1.0), (2, 10, 2, 1.0)]))
    assert [ranked.product for ranked in recommend(model, Request(HOME))] == [0]
    assert recommend(model, Request(PRODUCT, product=0)) == []


@patient
@given(st.lists(st.integers(0, 4), max_size=30), st.integers(1, 12))
def test_best_equals_sorting(values: list[int], limit: int):
    expected = sorted((position for position, value in enumerate(values) if value), key=lambda p: (-values[p], p))
    assert best(np.array(values, np.float32), limit).tolist() == expected[:limit]
