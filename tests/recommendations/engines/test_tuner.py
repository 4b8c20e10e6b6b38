"""Weights found by what people bought next."""

from dataclasses import replace

import numpy as np
import pytest

from recommendations.engines.blend import BLENDS, Model
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
    SIMILAR,
    Request,
)
from recommendations.engines.tuner import (
    DISCOUNT,
    FEWEST_QUESTIONS,
    Question,
    Sheet,
    _row,
    asked,
    search,
    tunable,
    tune,
    unbiased,
)
from tests.recommendations.worlds import tastes


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
