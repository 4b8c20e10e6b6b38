"""BPR as an engine: what implicit fits, people it has never seen, and what it costs where it has no weight."""

from dataclasses import replace

import numpy as np
import pytest

from recommendations.engines import artefacts
from recommendations.engines.blend import ENGINES, USUALLY, Model
from recommendations.engines.blends import BLENDS
from recommendations.engines.bpr import Bpr
from recommendations.engines.forgetting import without_customers
from recommendations.engines.interface import Context
from recommendations.engines.pipeline import recommend
from recommendations.engines.recipe import USUAL
from recommendations.engines.request import HOME, Request
from recommendations.engines.training import engines_of, train, without_silent
from tests.recommendations.worlds import GROUPS, PER_GROUP, Quiet, interactions, tastes


@pytest.fixture(scope="module")
def bpr() -> Bpr:
    return Bpr.fit(tastes())


def best_groups(scores: np.ndarray | None, count: int = 10) -> np.ndarray:
    assert scores is not None
    return np.argsort(-scores, kind="stable")[:count] // PER_GROUP


@pytest.mark.parametrize("customer", range(GROUPS))
def test_bpr_finds_the_planted_taste(bpr: Bpr, customer: int):
    assert (best_groups(bpr.scores(Context(customer))) == customer).mean() >= 0.8


def test_bpr_moves_a_known_customer_towards_a_fresh_purchase(bpr: Bpr):
    fresh = np.array([3 * PER_GROUP, 3 * PER_GROUP + 1], np.int32)
    before, after = bpr.taste(Context(0)), bpr.taste(Context(0, fresh=fresh))
    group = slice(3 * PER_GROUP, 4 * PER_GROUP)
    assert before is not None
    assert after is not None
    assert (bpr.products[group] @ after).mean() > (bpr.products[group] @ before).mean()


def test_bpr_hears_what_is_looked_at(bpr: Bpr):
    looked = np.array([2 * PER_GROUP, 2 * PER_GROUP + 5, 2 * PER_GROUP + 7], np.int32)
    context = Context(session=looked, session_weights=np.ones(3, np.float32))
    assert (best_groups(bpr.scores(context)) == 2).mean() >= 0.8


def test_bpr_says_nothing_of_a_blank_sheet(bpr: Bpr):
    assert bpr.scores(Context()) is None


def test_bpr_is_deterministic(bpr: Bpr):
    again = Bpr.fit(tastes())
    assert all(np.array_equal(array, again.arrays()[name]) for name, array in bpr.arrays().items())


def test_what_nobody_bought_is_never_liked_more_than_what_somebody_did():
    world = tastes()
    unsold = replace(world, product=np.where(world.product == 7, 8, world.product))
    scores = Bpr.fit(unsold).scores(Context(0))
    assert scores is not None
    assert scores[7] <= scores.min()


def test_bpr_names_the_anchor_that_explains(bpr: Bpr):
    anchors = np.array([3, 40], np.int32)
    found = bpr.because(Context(None, anchors, np.ones(2, np.float32)), np.array([5, 41], np.int32))
    assert found.tolist() == [3, 40]


def test_bpr_of_nothing_is_silent():
    empty = interactions([(1, 10, 1, 1.0)]).older_than(28)
    scores = Bpr.fit(empty).scores(Context(0))
    assert scores is None or not scores.any()


def test_bpr_survives_the_artefact_without_pickle(bpr: Bpr, tmp_path):
    artefacts.write(tmp_path / "one", {f"bpr.{name}": array for name, array in bpr.arrays().items()}, {})
    arrays = artefacts.load(tmp_path / "one").arrays
    again = Bpr.from_arrays({name.partition(".")[2]: array for name, array in arrays.items()})
    assert np.array_equal(again.scores(Context(3)), bpr.scores(Context(3)))


def test_bpr_is_learnt_only_where_a_recipe_names_it():
    assert Bpr in ENGINES
    assert Bpr not in USUALLY
    assert Bpr not in engines_of(USUAL)
    assert Bpr in engines_of(replace(USUAL, extras=("bpr",)))


def test_without_a_weight_it_is_neither_in_the_artefact_nor_asked():
    """The recipe let the tuner try it; there are too few questions, so it keeps its weight of 0."""
    trained = train(tastes(customers=60), Quiet(), recipe=replace(USUAL, extras=("bpr",)))
    assert not [name for name in trained.model.arrays() if name.startswith("bpr.")]
    assert all("bpr" not in blend for blend in trained.model.blends.values())


def test_with_a_weight_it_is_asked_and_gives_its_reason():
    blends = without_silent({**BLENDS, HOME: {"bpr": 1.0, "range": 1e-3}})
    assert blends[HOME] == {"bpr": 1.0, "range": 1e-3}
    model = replace(Model.fit(tastes(), (*USUALLY, Bpr)), blends=blends)
    answer = recommend(model, Request(HOME, customer=3, limit=5))
    assert {ranked.source for ranked in answer} == {"bpr"}
    assert {ranked.code for ranked in answer} <= {"bought_before", "because_you_bought", "for_you"}


def test_who_is_forgotten_leaves_nothing_in_factors_and_next_baskets():
    world = tastes(customers=60)
    arrays = Model.fit(world, (*USUALLY, Bpr)).arrays() | {
        "ids.customers": world.customer_ids + 1,
        "ids.keys": np.empty(0, np.uint64),
        "ids.key_customers": np.empty(0, np.int64),
    }
    gone = without_customers(arrays, np.array([6], np.int64))
    assert gone is not None
    row = slice(*arrays["tifu.indptr"][5:7])
    assert arrays["bpr.customers"][5].any()
    assert arrays["tifu.weights"][row].any()
    assert not gone["bpr.customers"][5].any()
    assert not any(gone[f"tifu.{name}"][row].any() for name in ("products", "weights", "own"))
    again = Model.from_arrays(gone, BLENDS)
    for name in ("bpr", "tifu"):
        scores = again.engines[name].scores(Context(5))
        assert scores is None or not scores.any()
