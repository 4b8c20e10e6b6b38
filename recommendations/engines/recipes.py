"""Finds how engines learn best from a shop, and which of the additional ones help it: its :class:`.Recipe`.

Asked are the weeks before those that tune the weights and measure the outcome, so neither has any say in the other.
One number after the other is changed, the engines that it concerns are learnt anew, the weights of the blends are sought
anew, and the change stays if people's next baskets and what is new in them rank clearly better. It costs some dozen
fits: of a sample of the people of a big shop, within a budget of CPU time, and not in every training.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from recommendations.engines.als import Als
from recommendations.engines.blend import EXTRAS, USUALLY, Model
from recommendations.engines.blends import BLENDS, Blend
from recommendations.engines.ease import Ease
from recommendations.engines.evaluation.intervals import SEED
from recommendations.engines.evaluation.temporal import Target, targets
from recommendations.engines.history import History
from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Engine, Floats, Tick, no_tick
from recommendations.engines.popularity import CategoryPopularity, Popularity
from recommendations.engines.recipe import USUAL, Recipe
from recommendations.engines.request import DISCOVER, HOME
from recommendations.engines.season import Season
from recommendations.engines.tuner import FEWEST_QUESTIONS, LEAST_GAIN, asked, search

SECONDS = 120.0
MOST_PEOPLE, MOST_ASKED = 20_000, 1_000
# Of twenty tries one is two standard errors better by luck.
CERTAIN = 2.0
# Engines first, then the numbers; each with the engines that learn by it.
GRID: Mapping[str, Sequence[Any]] = {
    "factors": (32, 128),
    "regularization": (3.0, 30.0),
    "history_days": (60.0, 240.0),
    "popularity_half_life": (7.0, 28.0),
    "season_half_life": (4.0, 14.0, 28.0),
    "ease_regularization": (100.0, 1_000.0),
    "ease_length": (100, 400),
}
LEARNS: Mapping[str, tuple[type[Engine], ...]] = {
    "factors": (Als,),
    "regularization": (Als,),
    "history_days": (History,),
    "popularity_half_life": (Popularity, CategoryPopularity),
    "season_half_life": (Season,),
    "ease_regularization": (Ease,),
    "ease_length": (Ease,),
}
TRIALS = len(EXTRAS) + sum(len(values) for values in GRID.values())
Gains = Mapping[str, Floats]


def found(people: Interactions, days: float, tick: Tick = no_tick, *, seconds: float = SECONDS) -> Recipe:
    """The recipe for ``people``, asked about the ``days`` before their newest ``days``; the usual one where too few can be asked.

    Ticks once per trial. After ``seconds`` of CPU time no further trial begins.
    """
    ends = time.process_time() + seconds
    earlier = sample(people).older_than(days)
    wanted = targets(earlier, days, at_most=MOST_ASKED)
    best = None
    if len(wanted) >= FEWEST_QUESTIONS:
        best = _Trial.first(earlier.older_than(days), wanted, earlier.where(earlier.age <= days))
    for name, value in _changes():
        if best and time.process_time() <= ends:
            best = best.better(name, value)
        tick()
    return best.recipe if best else USUAL


def sample(people: Interactions, at_most: int = MOST_PEOPLE) -> Interactions:
    """Without some of the customers where there are very many, the same ones every time; guests stay away with them."""
    customers = people.shape[0]
    if customers <= at_most:
        return people
    chosen = np.zeros(customers + 1, np.bool_)  # the last place is the guests'
    chosen[np.random.default_rng(SEED).choice(customers, at_most, replace=False)] = True
    return people.where(chosen[people.customer])


def _changes() -> Iterator[tuple[str, Any]]:
    for kind in EXTRAS:
        yield "extras", kind
    for name, values in GRID.items():
        for value in values:
            yield name, value


@dataclass(frozen=True, slots=True)
class _Trial:
    """A recipe, what was learnt by it, and how well that ranks with the best weights found."""

    recipe: Recipe
    model: Model
    gains: Gains
    past: Interactions
    wanted: Sequence[Target]
    window: Interactions

    @classmethod
    def first(cls, past: Interactions, wanted: Sequence[Target], window: Interactions) -> Self:
        blends = BLENDS[HOME], BLENDS[DISCOVER]
        model = Model.fit(past, tuple(kind for kind in USUALLY if _is_asked(kind, blends)))
        return cls(USUAL, model, {}, past, wanted, window)._asked(USUAL, model)

    def better(self, name: str, value: Any) -> Self:
        """The same with one change, if that ranks better; else this one."""
        if name == "extras":
            changed = replace(self.recipe, extras=(*self.recipe.extras, value.name))
            kinds: tuple[type[Engine], ...] = (value,)
        else:
            changed, kinds = replace(self.recipe, **{name: value}), LEARNS[name]
        learnt = {kind.name: kind.fit(self.past, no_tick, None, changed) for kind in kinds}
        tried = self._asked(changed, replace(self.model, engines={**self.model.engines, **learnt}))
        if not is_better(tried.gains, self.gains):
            return self
        # The search for weights went one round further than this one's did: so that not the round is what is better.
        other = self._asked(self.recipe, replace(self.model, blends=tried.model.blends))
        return tried if is_better(tried.gains, other.gains) else max(self, other, key=_Trial.total)

    def total(self) -> float:
        """The sum over placements."""
        return sum(float(gains.mean()) for gains in self.gains.values())

    def _asked(self, recipe: Recipe, model: Model) -> Self:
        sheets = asked(model, self.wanted, self.window, (HOME, DISCOVER))
        blends: dict[str, Blend] = {name: search(sheet, model.blend_of(name)) for name, sheet in sheets.items()}
        gains = {name: sheet.gains(blends[name]) for name, sheet in sheets.items()}
        # The next trial starts from the weights found here.
        return replace(self, recipe=recipe, model=replace(model, blends={**model.blends, **blends}), gains=gains)


def _is_asked(kind: type[Engine], blends: Sequence[Blend]) -> bool:
    return kind is Season or any(kind.name in blend for blend in blends)


def is_better(gains: Gains, others: Gains) -> bool:
    """By more than half a percent, and by more than chance would explain.

    Every placement that changes at all counts as much as every other.
    """
    means, errors = [], []
    for name, base in others.items():
        change = (gains[name] - base) / max(float(base.mean()), 1e-9)
        if not change.any():
            continue
        means.append(float(change.mean()))
        errors.append(float(change.var()) / len(change))
    counted = max(len(means), 1)
    gain, error = sum(means) / counted, float(np.sqrt(sum(errors))) / counted
    return gain > LEAST_GAIN and gain > CERTAIN * error
