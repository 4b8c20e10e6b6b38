"""Evaluation, gate, and a training as a whole."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from bench.online_retail import PARQUET, acceptance
from bench.quality import bars
from recommendations.engines import gate
from recommendations.engines.blend import IMPERSONAL, Model
from recommendations.engines.blends import BLENDS
from recommendations.engines.comparing import Champion, Duel, duel
from recommendations.engines.evaluation import Measured, gain_interval, measure, targets
from recommendations.engines.gate import Live, Verdict, judge
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


def verdict(
    model: Model,
    *,
    rows: int = 100,
    live: Live | None = None,
    measured: dict[str, Measured] | None = None,
    duel: Duel | None = None,
) -> Verdict:
    return judge(model, rows=rows, live=live, measured=measured or {}, duel=duel)


def champion(model: Model) -> Champion:
    """``model`` as the live one of the world that it learnt from."""
    world = tastes()
    return Champion(model, world.product_ids, world.customer_ids, world.until)


def duel_of(challenger: list[float], champion: list[float]) -> Duel:
    return Duel(np.array(challenger, np.float32), np.array(champion, np.float32))


def test_a_good_model_passes_every_check(model: Model):
    good = {"blend": measured([0.3] * 50), "popularity": measured([0.1] * 50), "history": measured([0.2] * 50)}
    found = verdict(model, live=Live(120, champion(model)), measured=good, duel=duel_of([0.3] * 50, [0.3] * 50))
    assert found.refusal is None
    assert {check.code: check.passed for check in found.checks} == {
        "not_finite": True,
        "rows_halved": True,
        "worse_than_popularity": True,
        "worse_than_history": True,
        "worse_than_live": True,
        "coverage_collapsed": True,
        "too_slow": True,
    }


@pytest.mark.parametrize("method", ["popularity", "history"])
def test_a_model_worse_than_a_simple_answer_is_refused_with_the_interval(model: Model, method: str):
    refusal = verdict(model, measured={"blend": measured([0.1] * 50), method: measured([0.3] * 50)}).refusal
    assert refusal is not None
    assert refusal.code == f"worse_than_{method}"
    assert refusal.figures["high"] < 0


def test_a_model_worse_than_the_live_one_is_refused_with_the_interval(model: Model):
    refusal = verdict(model, live=Live(100), duel=duel_of([0.1] * 50, [0.3] * 50)).refusal
    assert refusal is not None
    assert (refusal.code, refusal.figures["customers"]) == ("worse_than_live", 50)
    assert refusal.figures["high"] < 0


def test_a_tie_passes(model: Model):
    random = np.random.default_rng(2)
    figures = {"blend": measured(list(random.random(50))), "popularity": measured(list(random.random(50)))}
    assert verdict(model, measured=figures).refusal is None


def test_a_handful_of_people_measure_nothing(model: Model):
    figures = {"blend": measured([0.1] * 5), "popularity": measured([0.3] * 5)}
    found = verdict(model, live=Live(100), measured=figures, duel=duel_of([0.1] * 5, [0.3] * 5))
    assert found.refusal is None
    assert [check.code for check in found.checks if check.passed is None] == [
        "worse_than_popularity",
        "worse_than_history",
        "worse_than_live",
        "coverage_collapsed",
    ]


def test_half_of_the_rows_gone_is_refused(model: Model):
    assert verdict(model, rows=50, live=Live(100)).refusal is None
    refusal = verdict(model, rows=49, live=Live(100)).refusal
    assert refusal is not None
    assert (refusal.code, refusal.figures) == ("rows_halved", {"rows": 49, "live_rows": 100})


def test_a_model_that_shows_everybody_the_same_is_refused(model: Model):
    same = Model.fit(tastes(), IMPERSONAL)
    refusal = verdict(same, live=Live(100, champion(model))).refusal
    assert refusal is not None
    assert (refusal.code, refusal.figures["products"]) == ("coverage_collapsed", 8)
    assert refusal.figures["live_products"] > 40


def test_a_model_that_answers_too_slowly_is_refused(model: Model, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gate, "P95_BUDGET_MS", 0.001)
    refusal = verdict(model).refusal
    assert refusal is not None
    assert refusal.code == "too_slow"
    assert refusal.figures["p95_ms"] > refusal.figures["budget_ms"]


def test_a_model_with_nan_is_refused_by_name():
    broken = Model({"popularity": Popularity(np.array([1, np.nan], np.float32))}, {})
    refusal = verdict(broken, rows=1).refusal
    assert refusal is not None
    assert (refusal.code, refusal.figures) == ("not_finite", {"array": "popularity.recent"})


# --- beside the live model


def test_two_models_of_the_same_data_cannot_be_told_apart(model: Model):
    world = tastes()
    wanted = targets(world, 28)
    past = Model.fit(world.older_than(28))
    found = duel(past, BLENDS, champion(past), world, wanted)
    assert np.array_equal(found.challenger, found.champion)
    assert len(found.champion) == len(wanted)


def test_the_live_model_is_asked_by_ids_not_by_positions():
    """Since it learnt, five products with lower ids came in front of all that it knows."""
    world = tastes()
    live = champion(Model.fit(world.older_than(28)))
    more = replace(
        world,
        product_ids=np.concatenate([world.product_ids[:5], world.product_ids + 5]),
        category=np.concatenate([world.category[:5], world.category]),
        product_age=np.concatenate([world.product_age[:5], world.product_age]),
        product=world.product + 5,
    )
    moved = replace(live, products=live.products + 5)
    before = duel(live.model, BLENDS, live, world, targets(world, 28)).champion
    after = duel(Model.fit(more.older_than(28)), BLENDS, moved, more, targets(more, 28)).champion
    assert np.array_equal(before, after)
    assert before.mean() > 0.3


def test_a_training_on_spoiled_data_is_refused_beside_the_live_model():
    """Somebody shuffled whose orders are whose: no figure of the past shows it, the live model does."""
    world = tastes(customers=300)
    live = Live(
        len(world),
        Champion(
            Model.fit(world.older_than(10)), world.product_ids, world.customer_ids, world.until - timedelta(days=10)
        ),
    )
    assert train(world, Quiet(), live=live).refusal is None
    shuffled = np.random.default_rng(3).permutation(world.shape[0]).astype(np.int32)
    old = world.age > 10
    spoiled = replace(world, customer=np.where(old, shuffled[world.customer], world.customer))
    refusal = train(spoiled, Quiet(), live=live).refusal
    assert refusal is not None
    assert refusal.code == "worse_than_live"


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
    assert [text for text, _total in watcher.steps] == ["search", "measure", "learn", "judge"]
    assert watcher.done == sum(total or 0 for _text, total in watcher.steps)


def test_a_recent_window_without_purchases_trains_without_measuring():
    world = tastes()
    stale = replace(world, age=world.age + np.float32(400))
    trained = train(stale, Quiet())
    assert (trained.mode, trained.metrics) == (PERSONAL, {})


@pytest.mark.skipif(not PARQUET.exists(), reason="the sample data (shared/data/online_retail.parquet) is absent")
def test_online_retail_reproduces_the_design_figures_and_the_blend_leads():
    """RECOMMENDING.md's protocol at the cut 2011-10-11, with weights that the training tuned on the weeks before."""
    measured = acceptance()
    found = {method: values.figures() for method, values in measured.items()}
    assert found["popularity"]["all_ndcg"] == pytest.approx(0.099, abs=0.01)
    assert found["als"]["all_ndcg"] == pytest.approx(0.233, abs=0.01)
    assert found["history"]["all_ndcg"] == pytest.approx(0.281, abs=0.01)
    assert found["ease"]["new_ndcg"] == pytest.approx(0.085, abs=0.01)
    assert [figure.name for blend in ("blend", "found") for figure in bars(measured, blend) if not figure.holds] == []
