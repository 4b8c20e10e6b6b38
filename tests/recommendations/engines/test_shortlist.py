"""Of a big range a short list is scored: it holds what scoring everything would have answered."""

from collections.abc import Callable

import numpy as np
import pytest

from recommendations.engines import pipeline
from recommendations.engines.blend import Model
from recommendations.engines.blends import BLENDS
from recommendations.engines.interactions import Interactions
from recommendations.engines.pipeline import explain, recommend
from recommendations.engines.refreshing import grown
from recommendations.engines.request import BASKET, DISCOVER, HOME, PLACEMENTS, PRODUCT, REPLENISH, Ranked, Request
from recommendations.engines.shortlist import SMALL, highest
from recommendations.engines.steering import Steering
from tests.recommendations.worlds import NOON, frame, products

GROUPS, PER_GROUP = 50, 50
SIZE = GROUPS * PER_GROUP
CUSTOMERS = 300


def world() -> Interactions:
    """Everybody buys from two of fifty groups of fifty products, of which some sell far better than others."""
    random = np.random.default_rng(5)
    rows: list[tuple[int | None, int, int, float]] = []
    for customer in range(CUSTOMERS):
        for order in range(6):
            group = (customer + 7 * (order % 2)) % GROUPS
            day = float(random.uniform(0, 150))
            ranks = np.minimum(random.pareto(0.8, 4) * 3, PER_GROUP - 1).astype(int).tolist()
            rows += [(customer, group * PER_GROUP + rank, customer * 6 + order, day) for rank in ranks]
    ids = list(range(SIZE))
    categories: list[int | None] = [product // PER_GROUP if product % 10 else None for product in ids]
    return Interactions.from_frames(frame(rows), products(ids, categories), NOON)


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.fit(world())


def question(placement: str, customer: int) -> Request:
    random = np.random.default_rng(customer)
    drawn = [int(product) for product in random.integers(0, SIZE, 8)]
    return Request(
        placement,
        customer=customer if customer % 5 else None,
        product=drawn[0],
        basket=drawn[1:3] if placement == BASKET else (),
        session=drawn[3:7] if customer % 2 else (),
        excluded=drawn[7:],
        eligible=random.random(SIZE) < 0.8,
    )


def shown(answer: list[Ranked]) -> list[int]:
    return [ranked.product for ranked in answer]


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Callable[[Model, Request], list[Ranked]]:
    """The answer when everything is scored."""

    def answer(model: Model, request: Request) -> list[Ranked]:
        with monkeypatch.context() as patched:
            patched.setattr(pipeline, "SMALL", SIZE + 10)
            return recommend(model, request)

    return answer


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_the_answer_is_that_of_scoring_everything(
    model: Model, whole: Callable[[Model, Request], list[Ranked]], placement: str
):
    same = 0
    for customer in range(60):
        request = question(placement, customer)
        short, full = recommend(model, request), whole(model, request)
        assert len(short) == len(full)
        assert [ranked.score for ranked in short[:4]] == pytest.approx([ranked.score for ranked in full[:4]], rel=1e-4)
        same += shown(short) == shown(full)
    # What no engine puts forward may stand at the end of an answer: of sixty, in a few.
    assert same >= 54


def test_reasons_are_the_same(model: Model, whole: Callable[[Model, Request], list[Ranked]]):
    for customer in (1, 2, 3):
        request = question(HOME, customer)
        assert [(one.source, one.code, one.because) for one in recommend(model, request)[:4]] == [
            (one.source, one.code, one.because) for one in whole(model, request)[:4]
        ]


def test_what_is_out_is_not_shown_and_the_list_is_full_without_it(model: Model):
    request = question(HOME, 1)
    assert request.eligible is not None
    answer = shown(recommend(model, request))
    assert len(answer) == request.limit
    assert all(request.eligible[product] for product in answer)
    assert not set(answer) & {request.product, *request.excluded}


def test_what_nobody_puts_forward_can_be_pinned_and_pushed(model: Model):
    last = SIZE - 1
    pinned = recommend(model, Request(HOME, customer=2, steering=Steering(pinned=((1, last),))))
    assert shown(pinned)[1] == last
    before = recommend(model, Request(HOME, customer=2, limit=50))[45].product
    factor = np.ones(SIZE, np.float32)
    factor[before] = 5
    after = shown(recommend(model, Request(HOME, customer=2, limit=50, steering=Steering(factor=factor))))
    assert after.index(before) < 45


def test_buried_products_come_only_when_nothing_else_is_left(model: Model):
    buried = np.ones(SIZE, np.bool_)
    sold = [0, PER_GROUP, 2 * PER_GROUP, 40 * PER_GROUP]
    buried[sold] = False
    answer = shown(recommend(model, Request(HOME, customer=3, steering=Steering(buried=buried))))
    assert set(answer[:4]) == set(sold)
    assert len(answer) == 8


def test_a_cap_that_uses_the_list_up_is_filled_from_the_range(model: Model):
    members = np.ones(SIZE, np.bool_)
    members[SIZE - 8 :] = False
    answer = shown(recommend(model, Request(HOME, customer=3, steering=Steering(caps=((members, 1),)))))
    assert len(answer) == 8
    assert len([product for product in answer if product < SIZE - 8]) == 1


def test_a_narrow_category_is_answered_from_itself(model: Model):
    within = np.arange(SIZE) // PER_GROUP == 17
    answer = shown(recommend(model, Request("category", customer=3, within=within)))
    assert len(answer) == 8
    assert all(within[product] for product in answer)


def test_a_placement_without_range_stays_short(model: Model):
    answer = recommend(model, Request(REPLENISH, customer=4, limit=50))
    assert len(answer) < 50


def test_an_explanation_tells_the_same_answer(model: Model):
    request = question(DISCOVER, 6)
    explained = explain(model, request)
    assert explained.ranked == recommend(model, request)
    assert not {dropped.product for dropped in explained.dropped} & set(shown(explained.ranked))


def test_engines_that_grew_are_asked_in_full(model: Model):
    more = {name: grown(engine, SIZE, SIZE + 3) for name, engine in model.engines.items() if name != "range"}
    more["range"] = type(model.engines["range"])(
        np.append(model.engines["range"].arrays()["order"], [1e-3] * 3).astype(np.float32)
    )
    wider = Model(more, BLENDS)
    request = Request(HOME, customer=1)
    assert shown(recommend(wider, request))[:6] == shown(recommend(model, request))[:6]


def test_scores_of_the_short_list_are_those_of_all(model: Model):
    for placement in (HOME, PRODUCT):
        context = model.context(question(placement, 11))
        names, added, listed = model.shortlisted(context, model.blend_of(placement), None, 60)
        all_names, everything = model.contributions(context, model.blend_of(placement))
        assert names == all_names
        assert len(listed) < SMALL
        np.testing.assert_allclose(added, everything[:, listed], rtol=1e-4, atol=1e-6)


def test_nobody_is_answered_as_well(model: Model):
    assert len(recommend(model, Request(HOME))) == 8


def test_the_highest_are_those_above_nothing():
    assert sorted(highest(np.array([0, 3, 1, 2, 0], np.float32), 2)) == [1, 3]
    assert sorted(highest(np.array([0, 3, 0], np.float32), 5)) == [1]
    assert not len(highest(np.zeros(9, np.float32), 3))
