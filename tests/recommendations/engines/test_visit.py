"""What somebody looks at in this visit moves the answer: at once, more with every look, and with its own reason."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from recommendations.engines.blend import IMPERSONAL, Model, visit_of
from recommendations.engines.blends import BLENDS
from recommendations.engines.pipeline import recommend
from recommendations.engines.request import BASKET, HOME, PRODUCT, SIMILAR, Ranked, Request
from recommendations.engines.sessions.columns import Sessions
from recommendations.engines.sessions.engine import SessionKnn
from recommendations.engines.sessions.index import Index
from recommendations.engines.sessions.knn import SessionNeighbours, Variant
from tests.recommendations.worlds import GROUPS, NOON, PER_GROUP, tastes

SIZE = GROUPS * PER_GROUP


def visits(count: int = 800, length: int = 4, seed: int = 5) -> Sessions:
    """Visits that keep to a group of :func:`tastes`."""
    random = np.random.default_rng(seed)
    session = np.repeat(np.arange(count), length)
    group = random.integers(GROUPS, size=count)
    return Sessions(
        session=session.astype(np.int32),
        visitor=session.astype(np.int64),
        product=(group[session] * PER_GROUP + random.integers(PER_GROUP, size=len(session))).astype(np.int32),
        age=np.repeat(np.sort(random.uniform(0, 30, count))[::-1], length).astype(np.float32),
        kind=np.zeros(len(session), np.int8),
        products=SIZE,
        until=NOON,
    )


@pytest.fixture(scope="module")
def untracked() -> Model:
    return Model.fit(tastes())


@pytest.fixture(scope="module")
def model(untracked: Model) -> Model:
    sessions = SessionKnn(SessionNeighbours(Index.of(visits()), Variant(position=1.0, again=0.0)))
    return Model({**untracked.engines, SessionKnn.name: sessions}, BLENDS)


def of_group(answer: Sequence[Ranked], group: int) -> int:
    return sum(ranked.product // PER_GROUP == group for ranked in answer)


def test_the_first_look_of_a_stranger_changes_the_answer(model: Model):
    before = recommend(model, Request(HOME))
    after = recommend(model, Request(HOME, session=[2 * PER_GROUP]))
    assert {ranked.source for ranked in before} == {"popularity"}
    assert of_group(after, 2) > max(of_group(before, 2), len(after) / 2)
    assert {ranked.because for ranked in after if ranked.code == "because_you_viewed"} == {2 * PER_GROUP}


def test_where_nothing_is_tracked_it_does_so_too(untracked: Model):
    before = recommend(untracked, Request(HOME))
    after = recommend(untracked, Request(HOME, session=[2 * PER_GROUP]))
    assert of_group(after, 2) > max(of_group(before, 2), len(after) / 2)
    assert SessionKnn.name not in {ranked.source for ranked in after}


def test_with_every_look_the_visit_counts_more_than_the_past(model: Model):
    people = range(3, 150, GROUPS)  # who like group 3
    looks = [PER_GROUP + number for number in range(3)]
    today = [
        sum(
            of_group(recommend(model, Request(HOME, customer=customer, session=looks[:count])), 1)
            for customer in people
        )
        for count in range(4)
    ]
    assert today[0] < len(people) / 2  # of eight products each
    assert len(people) <= today[1] < today[2] < today[3]
    assert today[3] > 6 * len(people)


def test_what_lies_in_the_basket_says_more_than_what_was_looked_at(model: Model):
    looks = Request(HOME, customer=3, session=[PER_GROUP, 4 * PER_GROUP])
    meant = structs.replace(looks, session_weights=[4.0, 1.0])
    assert of_group(recommend(model, meant), 1) > of_group(recommend(model, looks), 1)


def test_what_the_visitor_has_just_seen_is_not_news(model: Model):
    answer = recommend(model, Request(HOME, session=[5, 6], limit=4))
    assert not {5, 6} & {ranked.product for ranked in answer if ranked.source == SessionKnn.name}


@pytest.mark.parametrize(
    ("request_", "because", "code"),
    [
        (Request(HOME, session=[5]), 5, "because_you_viewed"),
        (Request(HOME, session=[5], basket=[5]), 5, "goes_with"),
        (Request(PRODUCT, product=5), 5, "viewed_together"),
        (Request(SIMILAR, product=5, session=[40, 5]), 5, "viewed_together"),
        (Request(BASKET, basket=[5]), 5, "goes_with"),
    ],
)
def test_the_sentence_says_what_the_visitor_did(model: Model, request_: Request, because: int, code: str):
    by_visits = Model(model.engines, {placement: {SessionKnn.name: 1.0} for placement in BLENDS})
    answer = recommend(by_visits, request_)
    assert {(ranked.because, ranked.code) for ranked in answer} == {(because, code)}


def test_an_engine_of_purchases_says_so_too_when_it_goes_by_a_look(untracked: Model):
    by_purchases = Model(untracked.engines, {HOME: {"item_knn": 1.0}})
    answer = recommend(by_purchases, Request(HOME, session=[5]))
    assert {(ranked.because, ranked.code) for ranked in answer} == {(5, "because_you_viewed")}


def test_a_visit_ends_with_what_is_at_hand():
    products, said = visit_of(Request(PRODUCT, product=7, session=[7, 8], session_weights=[0.5, 2.0]))
    assert (products.tolist(), said.tolist()) == ([8, 7], [2, 1])
    products, said = visit_of(Request(BASKET, basket=[1, 2], session=[2, 3], session_weights=[2.0, 0.5]))
    assert (products.tolist(), said.tolist()) == ([3, 1, 2], [0.5, 1, 2])
    assert visit_of(Request(HOME, product=3))[0].tolist() == []


def test_evidence_rises_with_looks_and_what_they_say(model: Model):
    found = [model.context(Request(HOME, session=list(range(count)))).evidence for count in range(4)]
    assert found == pytest.approx([0, 1 / 3, 1 / 2, 3 / 5])
    assert model.context(Request(HOME, session=[1], session_weights=[0.2])).evidence == pytest.approx(1 / 11)


def test_a_shop_too_small_to_learn_about_people_still_follows_a_visit():
    world = replace(tastes(), sessions=visits())
    answer = recommend(Model.fit(world, IMPERSONAL), Request(HOME, session=[2 * PER_GROUP]))
    assert of_group(answer, 2) > len(answer) / 2
