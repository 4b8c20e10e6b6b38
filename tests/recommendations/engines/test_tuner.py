"""Weights found by what people bought next."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from recommendations.engines.blend import Model
from recommendations.engines.blends import BLENDS
from recommendations.engines.evaluation import targets
from recommendations.engines.evaluation.asked import Asked
from recommendations.engines.interactions import Interactions
from recommendations.engines.pipeline import recommend
from recommendations.engines.request import (
    BASKET,
    CATEGORY,
    DISCOVER,
    HOME,
    ORDER_CONFIRMATION,
    PRODUCT,
    REPLENISH,
    SIMILAR,
    Request,
)
from recommendations.engines.sessions.columns import Sessions
from recommendations.engines.tuner import (
    DISCOUNT,
    FEWEST_QUESTIONS,
    Question,
    Sheet,
    _due,
    _row,
    asked,
    search,
    tunable,
    tune,
    tuned,
    unbiased,
)
from tests.recommendations.worlds import NOON, tastes


@pytest.fixture(scope="module")
def world() -> Interactions:
    return tastes(customers=300)


@pytest.fixture(scope="module")
def model(world: Interactions) -> Model:
    return Model.fit(world.older_than(28))


def window(world: Interactions) -> Interactions:
    return world.where(world.age <= 28)


def sheet(said: dict[str, list[list[float]]], wanted: list[list[bool]]) -> Sheet:
    """A sheet of one power of the season."""
    hits = np.array(wanted)
    arrays = {(name, power): np.array(rows, np.float32) for name, rows in said.items() for power in (0.0, 0.5)}
    ideal = DISCOUNT.cumsum()[hits.sum(axis=1) - 1].astype(np.float32)
    return Sheet(arrays, hits, ideal, np.full(len(hits), -1, np.int32))


def sheet_of(model: Model, questions: list[Question]) -> Sheet:
    names = tunable(model, HOME)
    rows = [_row(Asked(model, model.context(question.request)), question, names) for question in questions]
    return Sheet.of_rows(rows, questions, names)


def test_the_engine_that_knows_gets_the_weight():
    """Popularity puts the second product first, ALS the first; the first was bought."""
    made = sheet({"als": [[1.0, 0.4]] * 3, "popularity": [[0.3, 1.0]] * 3}, [[True, False]] * 3)
    found = search(made, {"als": 0.5, "popularity": 0.5})
    assert made.gain(found) == 1.0
    assert found["als"] > found["popularity"]
    assert sum(found[name] for name in ("als", "popularity")) == pytest.approx(1.0, abs=1e-3)


def test_no_step_that_gains_nothing_is_taken():
    made = sheet({"als": [[1.0, 0.0]], "popularity": [[1.0, 0.0]]}, [[True, False]])
    assert search(made, {"als": 0.7, "popularity": 0.3, "range": 1e-3}) == {
        "als": 0.7,
        "popularity": 0.3,
        "range": 1e-3,
    }


def test_the_gain_by_hand():
    """Best first: product 2, then 0; product 0 was wanted, and product 1, which nobody names."""
    made = sheet({"als": [[0.5, 0.0, 1.0]]}, [[True, True, False]])
    third = 1 / np.log2(3)
    assert made.gain({"als": 1.0}) == pytest.approx(third / (1 + third))
    assert made.gain({"popularity": 1.0}) == 0


def test_a_sheet_ranks_as_the_blend_does(model: Model, world: Interactions):
    """What the tuner looks at is what serving would show: same engines, same season, same hidden products."""
    questions = [
        Question(Request(HOME, customer=target.customer), target.products, model.hidden(Request(HOME, target.customer)))
        for target in targets(world, 28)
    ]
    blend = BLENDS[HOME]
    gains = []
    for question in questions:
        _names, added = model.contributions(model.context(question.request), blend)
        total = added.sum(axis=0)
        total[question.hidden] = 0
        ranked = np.argsort(-total, kind="stable")[:10]
        hits = np.isin(ranked, question.wanted)
        gains.append((hits * DISCOUNT).sum() / DISCOUNT[: min(10, len(question.wanted))].sum())
    assert sheet_of(model, questions).gain(blend) == pytest.approx(np.mean(gains), abs=0.01)


def test_tuning_ranks_at_least_as_well_on_its_questions(model: Model, world: Interactions):
    wanted = targets(world, 28)
    blind = replace(model, blends={placement: unbiased(blend) for placement, blend in BLENDS.items()})
    found = tune(blind, wanted, window(world), (HOME,))
    questions = [
        Question(Request(HOME, customer=target.customer), target.products, np.empty(0, np.int32)) for target in wanted
    ]
    made = sheet_of(model, questions)
    assert made.gain(found[HOME]) > made.gain(blind.blends[HOME])


def test_followers_take_over_and_keep_what_was_not_asked_about(model: Model, world: Interactions):
    blind = replace(model, blends={placement: unbiased(blend) for placement, blend in BLENDS.items()})
    found = tune(blind, targets(world, 28), window(world))
    assert found[CATEGORY] == found[HOME]
    assert {name: found[ORDER_CONFIRMATION][name] for name in ("copurchase", "als")} == {
        name: found[BASKET][name] for name in ("copurchase", "als")
    }
    assert found[HOME]["sessions"] == BLENDS[HOME]["sessions"]
    assert found[PRODUCT]["range"] == BLENDS[PRODUCT]["range"]
    assert found[SIMILAR] == blind.blends[SIMILAR]  # orders say nothing about what is alike


def test_a_stranger_is_shown_what_sells_whatever_known_people_made_of_popularity(model: Model, world: Interactions):
    silent = {name: 0.0 if name == "popularity" else weight for name, weight in BLENDS[HOME].items()}
    untold = replace(model, blends=dict(model.blends) | {HOME: silent})
    tuned = replace(untold, blends=tune(untold, targets(world, 28), window(world), (HOME,)))
    answer = recommend(tuned, Request(HOME, limit=5))
    assert {ranked.source for ranked in answer} == {"popularity"}


def test_too_few_questions_tune_nothing(model: Model, world: Interactions):
    few = targets(world, 28)[: FEWEST_QUESTIONS - 1]
    found = tune(model, few, window(world).where(np.zeros(len(window(world)), bool)))
    assert found == BLENDS


def test_tuning_is_deterministic(model: Model, world: Interactions):
    wanted = targets(world, 28)
    assert tune(model, wanted, window(world)) == tune(model, wanted, window(world))


def test_the_questions_of_some_people_are_a_part_of_all(model: Model, world: Interactions):
    """Halves are tuned from what everybody was asked: no engine is asked twice."""
    wanted = targets(world, 28)
    half = asked(model, wanted, window(world), (HOME,))[HOME]
    half = half.where(np.isin(half.of, [target.customer for target in wanted[::2]]))
    alone = asked(model, wanted[::2], window(world), (HOME,))[HOME]
    assert len(half) == len(alone) > 0
    assert half.gain(BLENDS[HOME]) == pytest.approx(alone.gain(BLENDS[HOME]))


def test_what_is_new_to_a_person_is_asked_without_what_they_own(model: Model):
    owned = model.engines["history"].of(3)[0]  # type: ignore[attr-defined]
    assert set(model.hidden(Request(DISCOVER, customer=3))) == set(owned.tolist())


def test_of_what_is_due_it_is_asked_what_was_bought(model: Model, world: Interactions):
    repurchase = model.engines["repurchase"]
    questions = list(_due(model, targets(world, 28), window(world)))
    assert questions
    for question in questions:
        scores = repurchase.scores(model.context(question.request))
        assert scores is not None
        assert (scores[question.wanted] > 0).all()
        assert set(question.hidden.tolist()) == set(np.flatnonzero(scores == 0).tolist())


def test_what_runs_out_is_only_what_was_bought_and_says_so_whatever_ranks_it(model: Model):
    ranked_by_history = replace(model, blends={**model.blends, REPLENISH: {"repurchase": 0.1, "history": 1.0}})
    for customer in range(20):
        found, usual = (
            recommend(one, Request(REPLENISH, customer=customer, limit=60)) for one in (ranked_by_history, model)
        )
        assert {ranked.product for ranked in found} == {ranked.product for ranked in usual}
        assert {ranked.code for ranked in found} <= {"time_to_replenish"}


def visits(world: Interactions, pairs: list[tuple[int, int]]) -> Interactions:
    """The world with visits of two looks each, a day ago."""
    rows = [(visit, product) for visit, pair in enumerate(pairs) for product in pair]
    looks = pl.DataFrame(
        {
            "session": [visit for visit, _product in rows],
            "product": [product for _visit, product in rows],
            "occurred_at": [(NOON - timedelta(days=1)).replace(tzinfo=None)] * len(rows),
        }
    )
    return replace(world, sessions=Sessions.from_frame(looks, world.product_ids, NOON))


def test_what_is_similar_is_asked_of_visits_that_look_at_more_of_a_kind(model: Model, world: Interactions):
    same = [(group * 12 + number, group * 12 + (number + 3) % 12) for group in range(5) for number in range(12)] * 3
    other = [(number, 12 + number) for number in range(12)]
    seen = visits(world, same + other)
    found = asked(model, [], seen.where(seen.age <= 28), (SIMILAR,))[SIMILAR]
    assert len(found) == len(same)  # those of two kinds tell nothing
    blends = tuned(model, {SIMILAR: found})
    assert found.gain(blends[SIMILAR]) >= found.gain(BLENDS[SIMILAR])
    assert blends[SIMILAR]["content"] == BLENDS[SIMILAR]["content"]


def test_without_visits_nothing_is_asked_about_what_is_similar(model: Model, world: Interactions):
    assert SIMILAR not in asked(model, [], window(world), (SIMILAR,))
