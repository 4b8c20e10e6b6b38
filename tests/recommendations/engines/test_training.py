"""Evaluation, gate, and a training as a whole."""

from dataclasses import replace

import numpy as np
import pytest

from bench.online_retail import PARQUET, acceptance
from recommendations.engines.blend import Model
from recommendations.engines.evaluation import BASELINES, Measured, gain_interval, measure, targets
from recommendations.engines.gate import judge
from recommendations.engines.popularity import Popularity, Range
from recommendations.engines.training import PERSONAL, POPULARITY_ONLY, train
from tests.recommendations.worlds import Quiet, interactions, tastes


def measured(ndcg: list[float]) -> Measured:
    values = np.array(ndcg, np.float32)
    return Measured(values, values, values, values)


def test_targets_are_first_baskets_of_known_customers_and_products():
    world = interactions(
        [
            (1, 10, 1, 50.0),
            (2, 11, 2, 50.0),
            (1, 11, 3, 9.0),  # the first basket after the cut
            (1, 10, 3, 9.0),
            (1, 10, 4, 2.0),  # the second does not count
            (2, 12, 5, 3.0),  # a product that is new
            (3, 10, 6, 3.0),  # a customer who is new
            (None, 10, 7, 3.0),
        ]
    )
    assert [(target.customer, target.products.tolist()) for target in targets(world, 28)] == [(0, [0, 1])]


def test_a_big_window_is_sampled_the_same_way_every_time():
    world = tastes()
    first, second = targets(world, 28, at_most=10), targets(world, 28, at_most=10)
    assert len(first) == 10
    assert [target.customer for target in first] == [target.customer for target in second]


def test_measure_by_hand():
    """Popularity ranks 0, 1, 2; the customer bought 0 before and buys 1 and 3 now."""
    past = interactions([(1, 0, 1, 1.0), (None, 0, 2, 1.0), (None, 0, 3, 1.0), (None, 1, 4, 1.0), (None, 1, 5, 1.0)])
    world = interactions(
        [
            *[(1, 0, 1, 41.0), (None, 0, 2, 41.0), (None, 0, 3, 41.0), (None, 1, 4, 41.0), (None, 1, 5, 41.0)],
            *[(None, 2, 6, 41.0), (None, 3, 7, 60.0), (1, 1, 8, 2.0), (1, 3, 8, 2.0)],
        ]
    )
    past = world.older_than(28)
    model = Model({"popularity": Popularity.fit(past), "range": Range.fit(past)}, {"home": {}})
    found = measure(model, past.matrix(), targets(world, 28), {"popularity": {"popularity": 1.0}})["popularity"]
    gain = 1 / np.log2(3)  # product 1 at place two, product 3 not popular in the last weeks
    assert found.all_ndcg.tolist() == pytest.approx([gain / (1 + 1 / np.log2(3))], rel=1e-5)
    assert found.new_ndcg.tolist() == pytest.approx([1 / (1 + 1 / np.log2(3))], rel=1e-5)  # 0 is gone, 1 leads


def test_figures_of_nobody_are_zero():
    found = measured([]).figures()
    assert set(found) == {f"{kind}_{name}" for kind in ("all", "new") for name in ("hr", "ndcg", "coverage")}
    assert set(found.values()) == {0.0}


def test_the_interval_of_a_clear_difference_excludes_zero():
    random = np.random.default_rng(1)
    better = random.random(200, dtype=np.float32)
    low, high = gain_interval(better + 0.1, better)
    assert low == pytest.approx(0.1, abs=1e-5)
    assert high == pytest.approx(0.1, abs=1e-5)
    noisy_low, noisy_high = gain_interval(better, random.random(200, dtype=np.float32))
    assert noisy_low < 0 < noisy_high


# --- gate


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.fit(tastes())


def test_a_good_model_passes(model: Model):
    figures = {"blend": measured([0.3] * 50), "popularity": measured([0.1] * 50)}
    assert judge(model, rows=100, live_rows=120, measured=figures) is None


def test_a_model_worse_than_popularity_is_refused_with_the_interval(model: Model):
    figures = {"blend": measured([0.1] * 50), "popularity": measured([0.3] * 50)}
    refusal = judge(model, rows=100, live_rows=None, measured=figures)
    assert refusal is not None
    assert refusal.code == "worse_than_popularity"
    assert refusal.figures["high"] < 0


def test_a_tie_passes(model: Model):
    random = np.random.default_rng(2)
    figures = {"blend": measured(list(random.random(50))), "popularity": measured(list(random.random(50)))}
    assert judge(model, rows=100, live_rows=None, measured=figures) is None


def test_a_handful_of_people_measure_nothing(model: Model):
    figures = {"blend": measured([0.1] * 5), "popularity": measured([0.3] * 5)}
    assert judge(model, rows=100, live_rows=None, measured=figures) is None


def test_half_of_the_rows_gone_is_refused(model: Model):
    assert judge(model, rows=50, live_rows=100, measured={}) is None
    refusal = judge(model, rows=49, live_rows=100, measured={})
    assert refusal is not None
    assert (refusal.code, refusal.figures) == ("rows_halved", {"rows": 49, "live_rows": 100})


def test_a_model_with_nan_is_refused_by_name():
    broken = Model({"popularity": Popularity(np.array([1, np.nan], np.float32))}, {})
    refusal = judge(broken, rows=1, live_rows=None, measured={})
    assert refusal is not None
    assert (refusal.code, refusal.figures) == ("not_finite", {"array": "popularity.recent"})


# --- training


def test_a_training_beats_popularity_where_tastes_are_planted():
    trained = train(tastes(), Quiet())
    assert (trained.mode, trained.refusal) == (PERSONAL, None)
    methods = trained.metrics["methods"]
    assert methods["blend"]["all_ndcg"] > 2 * methods["popularity"]["all_ndcg"]
    assert trained.metrics["gain"]["popularity"][0] > 0
    assert set(methods) == {"popularity", "history", "blend"}


def test_a_training_is_deterministic():
    first, second = train(tastes(), Quiet()), train(tastes(), Quiet())
    assert first.metrics == second.metrics
    assert all(np.array_equal(array, second.model.arrays()[name]) for name, array in first.model.arrays().items())


def test_too_few_purchases_give_a_model_of_popularity_only():
    trained = train(tastes(customers=20), Quiet())
    assert (trained.mode, trained.metrics, trained.refusal) == (POPULARITY_ONLY, {}, None)
    assert not trained.model.is_personal


def test_many_purchases_by_people_who_never_return_give_popularity_only():
    rows = [(customer, customer % 40, customer, 1.0 + customer % 90) for customer in range(2000)]
    assert train(interactions(rows), Quiet()).mode == POPULARITY_ONLY


def test_the_watcher_sees_every_unit_and_can_end_it():
    class Watcher(Quiet):
        steps: list[tuple[str, int | None]] = []
        done = 0

        def step(self, text: str, *, total: int | None = None) -> None:
            self.steps.append((text, total))

        def advance(self, count: int = 1) -> None:
            self.done += count

    watcher = Watcher()
    train(tastes(), watcher)
    assert [text for text, _total in watcher.steps] == ["measure", "learn"]
    assert watcher.done == sum(total or 0 for _text, total in watcher.steps)


def test_a_recent_window_without_purchases_trains_without_measuring():
    world = tastes()
    stale = replace(world, age=world.age + np.float32(400))
    trained = train(stale, Quiet())
    assert (trained.mode, trained.metrics) == (PERSONAL, {})


@pytest.mark.skipif(not PARQUET.exists(), reason="the sample data (shared/data/online_retail.parquet) is absent")
def test_online_retail_reproduces_the_design_figures():
    """RECOMMENDING.md's protocol at the cut 2011-10-11: own history leads ALL, the blend leads NEW."""
    found = {method: values.figures() for method, values in acceptance().items()}
    assert found["popularity"]["all_ndcg"] == pytest.approx(0.099, abs=0.01)
    assert found["als"]["all_ndcg"] == pytest.approx(0.233, abs=0.01)
    assert found["history"]["all_ndcg"] == pytest.approx(0.281, abs=0.01)
    assert found["blend"]["all_ndcg"] > found["als"]["all_ndcg"] > found["popularity"]["all_ndcg"]
    assert found["blend"]["all_ndcg"] > 0.99 * found["history"]["all_ndcg"]
    assert found["blend"]["new_ndcg"] > 1.1 * max(found[name]["new_ndcg"] for name in (*BASELINES, "als"))
