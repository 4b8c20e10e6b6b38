"""One training from interactions to a judged model.

A model is fitted on all but the newest weeks and asked what they would bring: that tunes the blends. They are measured
on people who had no say in them, each half of the people on what the other half would have tuned. Then everything is
learnt from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp

from recommendations.engines.blend import EXTRAS, IMPERSONAL, SPARED, USUALLY, Model
from recommendations.engines.blends import BLENDS, Blend
from recommendations.engines.comparing import Duel, duel
from recommendations.engines.evaluation import BASELINES, Measured, Target, gain_interval, targets
from recommendations.engines.evaluation.temporal import Ranked, judged, rank
from recommendations.engines.gate import FEWEST_MEASURED, Live, Refusal, Verdict, judge
from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Engine
from recommendations.engines.recipe import USUAL, Recipe
from recommendations.engines.recipes import TRIALS, found
from recommendations.engines.request import DISCOVER, HOME
from recommendations.engines.tuner import Sheet, asked, tuned

FEWEST_ROWS, FEWEST_REPEATERS = 1_000, 25
WINDOW_DAYS = 28
PERSONAL, POPULARITY_ONLY = "personal", "popularity"
STEPS = ("search", "measure", "compare", "learn", "judge")


class Progress(Protocol):
    """Who watches: told of each step, and of each unit of work done. What it raises ends the training."""

    def step(self, text: str, *, total: int | None = None) -> None: ...

    def advance(self, count: int = 1) -> None: ...


class Unwatched:
    """Nobody watches."""

    def step(self, text: str, *, total: int | None = None) -> None: ...

    def advance(self, count: int = 1) -> None: ...


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, how good it is, and whether it may go live (``refusal`` is None)."""

    model: Model
    mode: str
    metrics: dict[str, Any]
    verdict: Verdict
    recipe: Recipe = USUAL

    @property
    def refusal(self) -> Refusal | None:
        return self.verdict.refusal


def train(
    interactions: Interactions, progress: Progress, *, live: Live | None = None, recipe: Recipe | None = None
) -> Trained:
    """Measures on the newest window, learns from everything, and judges the result beside the ``live`` model.

    A shop with too few purchases to learn about people gets a model of popularity only. Without a ``recipe`` one is searched.
    """
    people = interactions.without_bots()
    if not is_enough(people):
        model = Model.fit(people, IMPERSONAL)
        progress.step("judge")
        return Trained(model, POPULARITY_ONLY, {}, judge(model, rows=len(people), live=live, measured={}))
    if recipe is None:
        progress.step("search", total=TRIALS)
        recipe = found(people, WINDOW_DAYS, progress.advance)
    earlier, measured = _measure(people, recipe, progress)
    compared = _compare(people, live, earlier, recipe, progress)
    model = _learn(people, recipe, earlier, progress)
    progress.step("judge")
    verdict = judge(model, rows=len(people), live=live, measured=measured, duel=compared)
    return Trained(model, PERSONAL, metrics_of(measured), verdict, recipe)


def engines_of(recipe: Recipe) -> tuple[type[Engine], ...]:
    """What is learnt by a recipe."""
    return (*USUALLY, *(kind for kind in EXTRAS if kind.name in recipe.extras))


def _learn(interactions: Interactions, recipe: Recipe, earlier: Model | None, progress: Progress) -> Model:
    """From everything, with the blends that ``earlier`` was tuned to; of additional engines those that got a weight."""
    blends = without_silent(earlier.blends if earlier else BLENDS)
    spoken = {name for blend in blends.values() for name in blend}
    kinds = [kind for kind in engines_of(recipe) if kind not in SPARED or kind.name in spoken]
    progress.step("learn", total=Model.effort(kinds, earlier=earlier))
    model = Model.fit(interactions, kinds, tick=progress.advance, earlier=earlier, recipe=recipe)
    return replace(model, blends=blends)


def without_silent(blends: Mapping[str, Blend]) -> dict[str, Blend]:
    """Without weights of 0 for engines that are good for nothing else: nobody need learn, keep or ask them."""
    spared = {kind.name for kind in SPARED}
    return {
        placement: {name: weight for name, weight in blend.items() if weight or name not in spared}
        for placement, blend in blends.items()
    }


def _compare(
    interactions: Interactions, live: Live | None, earlier: Model | None, recipe: Recipe, progress: Progress
) -> Duel | None:
    """A stand-in for this training's model against the live model, on the orders that came since (28 days at most).

    The stand-in learns from all purchases before these: as far as the live model saw, or further where that is older.
    """
    if live is None or live.champion is None or earlier is None or not live.champion.model.is_personal:
        return None
    days = min(live.champion.unseen_days(interactions), WINDOW_DAYS)
    wanted = targets(interactions, days) if days > 0 else []
    if len(wanted) < FEWEST_MEASURED:
        return None
    # The blends are those that would go live. They were tuned on the newest 28 days, so the stand-in's weights, a dozen
    # numbers, have seen the orders it is asked about, and the live model's have not. How much that helps is not measured:
    # a training that is a little worse may pass, and none is refused for it.
    if days == WINDOW_DAYS:
        return duel(earlier, earlier.blends, live.champion, interactions, wanted)
    kinds = engines_of(recipe)
    progress.step("compare", total=Model.effort(kinds, earlier=earlier))
    challenger = Model.fit(interactions.older_than(days), kinds, tick=progress.advance, earlier=earlier, recipe=recipe)
    return duel(challenger, earlier.blends, live.champion, interactions, wanted)


def is_enough(interactions: Interactions) -> bool:
    """Whether there is anything to learn about people."""
    return len(interactions) >= FEWEST_ROWS and interactions.buyers_with_two_baskets() >= FEWEST_REPEATERS


def _measure(
    interactions: Interactions, recipe: Recipe, progress: Progress
) -> tuple[Model | None, dict[str, Measured]]:
    """A model learnt from all but the newest window with blends tuned on it, and how it does there beside the baselines."""
    wanted = targets(interactions, WINDOW_DAYS)
    if len(wanted) < FEWEST_MEASURED:
        return None, {}
    kinds = engines_of(recipe)
    progress.step("measure", total=Model.effort(kinds) + 1)
    past, window = interactions.older_than(WINDOW_DAYS), interactions.where(interactions.age <= WINDOW_DAYS)
    model = Model.fit(past, kinds, tick=progress.advance, recipe=recipe)
    sheets = asked(model, wanted, window)
    ranked = _ranked_by_strangers(model, past, sheets, wanted)
    model = replace(model, blends=tuned(model, sheets))
    progress.advance()
    return model, judged(ranked, model.products)


def _ranked_by_strangers(
    model: Model, past: Interactions, sheets: Mapping[str, Sheet], wanted: Sequence[Target]
) -> dict[str, Ranked]:
    """The lists for each half of the people by blends that the other half tuned."""
    bought, halves = past.matrix(), (wanted[::2], wanted[1::2])
    first, second = (
        _rank(model, bought, half, tuned(model, _of_people(sheets, other))) for half, other in (halves, halves[::-1])
    )
    return {method: lists.joined(second[method]) for method, lists in first.items()}


def _of_people(sheets: Mapping[str, Sheet], people: Sequence[Target]) -> dict[str, Sheet]:
    """Only what these people were asked."""
    customers = [target.customer for target in people]
    return {
        name: sheets[name].where(np.isin(sheets[name].of, customers)) for name in (HOME, DISCOVER) if name in sheets
    }


def _rank(
    model: Model, bought: sp.csr_array, wanted: Sequence[Target], blends: Mapping[str, Blend]
) -> dict[str, Ranked]:
    methods: Mapping[str, Blend] = {**BASELINES, "blend": blends[HOME]}
    return rank(model, bought, wanted, methods, {"blend": blends[DISCOVER]})


def metrics_of(measured: Mapping[str, Measured]) -> dict[str, Any]:
    """What the manifest keeps of an evaluation: figures per method, and the blend's gain over each with its interval."""
    if not measured:
        return {}
    blend = measured["blend"]
    gains = {method: gain_interval(blend.all_ndcg, other.all_ndcg) for method, other in measured.items()}
    return {
        "window_days": WINDOW_DAYS,
        "customers": len(blend.all_ndcg),
        "methods": {method: values.figures() for method, values in measured.items()},
        "gain": {method: [round(low, 4), round(high, 4)] for method, (low, high) in gains.items() if method != "blend"},
    }
