"""The family of session neighbours: what its formula says, and what it finds in a shop whose structure is known."""

from dataclasses import replace
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.planted import UNTIL, Planted
from bench.sessions import recovered
from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Context
from recommendations.engines.sessions.columns import Sessions
from recommendations.engines.sessions.engine import SessionKnn
from recommendations.engines.sessions.index import LONGEST, Index
from recommendations.engines.sessions.knn import FLAT, LEAST_SHARE, VARIANTS, Current, SessionNeighbours, Variant
from tests.recommendations.worlds import NOON, frame, products

PRODUCTS = 8


def sessions_of(visits: list[list[int]], ages: list[float] | None = None, products: int = PRODUCTS) -> Sessions:
    """From the products of each session, the oldest session first; ages in days."""
    ages = ages or [float(len(visits) - number) for number in range(len(visits))]
    session = np.repeat(np.arange(len(visits)), [len(visit) for visit in visits])
    return Sessions(
        session=session.astype(np.int32),
        visitor=session.astype(np.int64),
        product=np.array([product for visit in visits for product in visit], np.int32),
        age=np.array(ages, np.float32)[session] if visits else np.empty(0, np.float32),
        kind=np.zeros(len(session), np.int8),
        products=products,
        until=NOON,
    )


def by_the_formula(visits: list[list[int]], ages: list[float], clicks: list[int], variant: Variant) -> list[float]:
    """The module's formula, word by word."""
    scores = [0.0] * PRODUCTS
    steps = {product: len(clicks) - 1 - place for place, product in enumerate(clicks)}
    useful = [(visit, age) for visit, age in zip(visits, ages, strict=True) if 2 <= len(visit) <= LONGEST]
    held = [sum(product in visit for visit, _age in useful) for product in range(PRODUCTS)]

    def decay(step: int, scale: float) -> float:
        return 1 - step / len(clicks) if variant.linear else exp(-step / scale)

    # What counts less than a thousandth of another click is not followed.
    followed = {product: decay(step, variant.position) for product, step in steps.items() if held[product]}
    followed = {product: said for product, said in followed.items() if said >= LEAST_SHARE * max(followed.values())}
    for visit, age in useful:
        places = {product: place for place, product in enumerate(visit)}
        common = followed.keys() & places.keys()
        if not common:
            continue
        similarity = sum(decay(steps[product], variant.position) for product in common)
        similarity *= exp(-age / variant.recency_days) / (sqrt(len(places)) if variant.cosine else 1)
        last = max(places[product] for product in common)
        for product, place in places.items():
            score = similarity * decay(min(steps[one] for one in common), variant.match)
            score *= exp(-abs(place - last) / variant.closeness)
            score *= 1 + variant.rarity * log(len(useful) / held[product])
            scores[product] += score * (variant.again if product in steps else 1)
    return scores


visits = st.lists(st.lists(st.integers(0, PRODUCTS - 1), min_size=1, max_size=7), max_size=12)
scales = st.sampled_from([0.7, 2.0, FLAT])
variants = st.builds(
    Variant,
    cosine=st.booleans(),
    linear=st.booleans(),
    position=scales,
    match=scales,
    recency_days=scales,
    closeness=scales,
    rarity=st.sampled_from([0.0, 2.0]),
    again=st.sampled_from([0.0, 0.3, 1.0]),
)


@settings(deadline=None)
@given(visits, st.lists(st.integers(0, PRODUCTS - 1), min_size=1, max_size=6), variants)
def test_scores_are_those_of_the_formula(visits: list[list[int]], clicks: list[int], variant: Variant):
    ages = [float(len(visits) - number) for number in range(len(visits))]
    knn = SessionNeighbours(Index.of(sessions_of(visits, ages)), variant)
    expected = by_the_formula(visits, ages, clicks, variant)
    scores = knn.scores(Current.of(np.array(clicks, np.int32)))
    found = [0.0] * PRODUCTS if scores is None else scores.tolist()
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_of_many_sessions_only_the_newest_and_of_these_the_nearest_speak():
    visits = [[0, 1]] * 4 + [[0, 2]] * 3 + [[0, 3, 4, 5, 6]] * 2
    index = Index.of(sessions_of(visits))
    click = Current.of(np.array([0], np.int32))
    newest = SessionNeighbours(index, Variant(sample=5)).scores(click)
    assert newest is not None
    assert (newest[1], newest[2] > 0, newest[3] > 0) == (0, True, True)
    nearest = SessionNeighbours(index, Variant(sample=5, neighbours=3)).scores(click)
    assert nearest is not None
    assert (nearest[2] > 0, nearest[3]) == (True, 0)


def test_the_index_forgets_machines_the_oldest_and_whose_sessions_they_were():
    visits = [[0, 1], [2, 3], [4], [5] * (LONGEST + 1), [1, 0, 1], [2, 0]]
    index = Index.of(sessions_of(visits), most_rows=7, most_holders=1)
    assert index.count == 3
    held = [index.products[index.starts[n] : index.starts[n + 1]].tolist() for n in range(3)]
    places = [index.places[index.starts[n] : index.starts[n + 1]].tolist() for n in range(3)]
    assert held == [[2, 0], [0, 1], [2, 3]]
    assert places == [[0, 1], [1, 2], [0, 1]]
    assert index.holders[index.product_starts[0] : index.product_starts[1]].tolist() == [0]
    assert set(index.arrays()) == {
        "starts", "products", "places", "ages", "product_starts", "holders", "holder_places", "rarity",
    }  # fmt: skip


def test_the_reason_is_the_product_whose_sessions_speak_most():
    knn = SessionNeighbours(Index.of(sessions_of([[0, 4], [0, 4], [1, 5], [1, 5]])), Variant())
    clicks = Current.of(np.array([0, 1], np.int32))
    assert clicks.products[knn.because(clicks, np.array([4, 5], np.int32))].tolist() == [0, 1]
    assert knn.because(clicks, np.array([6], np.int32)).tolist() == [-1]


PLANTED = Planted(products=300, sessions=12_000)


@pytest.fixture(scope="module")
def world() -> Sessions:
    return Sessions.from_frame(PLANTED.frame(), np.arange(PLANTED.products, dtype=np.int64), UNTIL)


def test_planted_structure_is_recovered_better_by_each_child_than_by_its_parents(world: Sessions):
    index = Index.of(world)
    found = {name: recovered(SessionNeighbours(index, variant), PLANTED) for name, variant in VARIANTS.items()}
    assert found["v-stan"] > 0.95
    assert found["v-stan"] >= found["stan"] > found["sknn"]
    assert found["v-stan"] > found["v-sknn"] > found["sknn"]


def test_the_engine_finds_its_decays_says_the_same_from_its_artefact_and_nothing_without_a_visit(world: Sessions):
    engine = SessionKnn.of(world)
    assert recovered(engine.knn, PLANTED) > 0.95
    assert engine.knn.variant.recency_days < FLAT  # the circles were turned ten days ago
    assert all(np.isfinite(array).all() for array in engine.arrays().values())
    again = SessionKnn.from_arrays(engine.arrays())
    visit = Context(session=np.array([5, 9], np.int32), session_weights=np.ones(2, np.float32))
    scores, same = engine.scores(visit), again.scores(visit)
    assert scores is not None
    assert same is not None
    assert np.array_equal(scores, same)
    assert scores[[5, 9]].tolist() == [0, 0]
    assert set(engine.because(visit, np.argsort(-scores)[:5].astype(np.int32))) <= {5, 9}
    assert engine.scores(Context()) is None
    assert engine.because(Context(), np.array([1], np.int32)).tolist() == [-1]
    assert SessionKnn.of(world, earlier=engine).knn.variant == engine.knn.variant


def test_the_search_for_decays_is_watched_and_not_repeated_by_a_refresh(world: Sessions):
    interactions = Interactions.from_frames(frame([(1, 10, 1, 2.0)]), products(list(range(PLANTED.products))), NOON)
    ticks: list[int] = []
    for sessions in (None, world.where(world.session >= world.count - 2_000)):
        ticks.clear()
        engine = SessionKnn.fit(replace(interactions, sessions=sessions), lambda: ticks.append(1))
        assert len(ticks) == SessionKnn.effort
    refreshed = SessionKnn.fit(
        replace(interactions, sessions=world), earlier=SessionKnn.blank(engine.arrays()["decays"])
    )
    assert refreshed.knn.variant == engine.knn.variant
    assert refreshed.count > engine.count


def test_a_shop_that_tracks_nothing_has_an_engine_that_says_nothing():
    engine = SessionKnn.fit(Interactions.from_frames(frame([(1, 10, 1, 2.0)]), products([10, 20]), NOON))
    visit = Context(session=np.array([0], np.int32), session_weights=np.ones(1, np.float32))
    assert engine.scores(visit) is None
    assert SessionKnn.from_arrays(engine.arrays()).scores(visit) is None
    assert engine.because(visit, np.array([1], np.int32)).tolist() == [-1]
