"""One training from interactions to a judged model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from recommendations.engines.blend import BLENDS, ENGINES, IMPERSONAL, Blend, Model
from recommendations.engines.copurchase import CoPurchase
from recommendations.engines.evaluation import BASELINES, Measured, gain_interval, measure, targets
from recommendations.engines.gate import FEWEST_MEASURED, Refusal, judge
from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Engine
from recommendations.engines.request import HOME

FEWEST_ROWS, FEWEST_REPEATERS = 1_000, 25
WINDOW_DAYS = 28
# What the home blend needs: the evaluation spares itself the rest.
MEASURED_ENGINES: tuple[type[Engine], ...] = tuple(kind for kind in ENGINES if kind is not CoPurchase)
PERSONAL, POPULARITY_ONLY = "personal", "popularity"
STEPS = ("measure", "learn")


class Progress(Protocol):
    """Who watches: told of each step, and of each unit of work done. What it raises ends the training."""

    def step(self, text: str, *, total: int | None = None) -> None: ...

    def advance(self, count: int = 1) -> None: ...


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, how good it is, and whether it may go live (``refusal`` is None)."""

    model: Model
    mode: str
    metrics: dict[str, Any]
    refusal: Refusal | None


def train(interactions: Interactions, progress: Progress, *, live_rows: int | None = None) -> Trained:
    """Measures on the newest window, learns from everything, and judges the result.

    A shop with too few purchases to learn about people gets a model of popularity only.
    """
    people = interactions.without_bots()
    if not is_enough(people):
        model = Model.fit(interactions, IMPERSONAL)
        return Trained(model, POPULARITY_ONLY, {}, judge(model, rows=len(people), live_rows=live_rows, measured={}))
    earlier, measured = _measure(people, progress)
    progress.step("learn", total=Model.effort(earlier=earlier))
    model = Model.fit(people, tick=progress.advance, earlier=earlier)
    refusal = judge(model, rows=len(people), live_rows=live_rows, measured=measured)
    return Trained(model, PERSONAL, metrics_of(measured), refusal)


def is_enough(interactions: Interactions) -> bool:
    """Whether there is anything to learn about people."""
    return len(interactions) >= FEWEST_ROWS and interactions.buyers_with_two_baskets() >= FEWEST_REPEATERS


def _measure(interactions: Interactions, progress: Progress) -> tuple[Model | None, dict[str, Measured]]:
    """A model learnt from all but the newest window, and how its home blend does there beside the baselines."""
    wanted = targets(interactions, WINDOW_DAYS)
    if len(wanted) < FEWEST_MEASURED:
        return None, {}
    progress.step("measure", total=Model.effort(MEASURED_ENGINES))
    past = interactions.older_than(WINDOW_DAYS)
    model = Model.fit(past, MEASURED_ENGINES, tick=progress.advance)
    methods: Mapping[str, Blend] = {**BASELINES, "blend": BLENDS[HOME]}
    return model, measure(model, past.matrix(), wanted, methods)


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
