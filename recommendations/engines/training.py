"""One training from interactions to a judged model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from recommendations.engines.blend import BLENDS, ENGINES, IMPERSONAL, Blend, Model
from recommendations.engines.comparing import Duel, duel
from recommendations.engines.copurchase import CoPurchase
from recommendations.engines.evaluation import BASELINES, Measured, gain_interval, measure, targets
from recommendations.engines.gate import FEWEST_MEASURED, Live, Refusal, Verdict, judge
from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Engine
from recommendations.engines.request import HOME

FEWEST_ROWS, FEWEST_REPEATERS = 1_000, 25
WINDOW_DAYS = 28
# What the home blend needs: the evaluation spares itself the rest.
MEASURED_ENGINES: tuple[type[Engine], ...] = tuple(kind for kind in ENGINES if kind is not CoPurchase)
PERSONAL, POPULARITY_ONLY = "personal", "popularity"
STEPS = ("measure", "compare", "learn", "judge")


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
    verdict: Verdict

    @property
    def refusal(self) -> Refusal | None:
        return self.verdict.refusal


def train(interactions: Interactions, progress: Progress, *, live: Live | None = None) -> Trained:
    """Measures on the newest window, learns from everything, and judges the result beside the ``live`` model.

    A shop with too few purchases to learn about people gets a model of popularity only.
    """
    people = interactions.without_bots()
    if not is_enough(people):
        model = Model.fit(interactions, IMPERSONAL)
        progress.step("judge")
        return Trained(model, POPULARITY_ONLY, {}, judge(model, rows=len(people), live=live, measured={}))
    earlier, measured = _measure(people, progress)
    compared = _compare(people, live, earlier, progress)
    progress.step("learn", total=Model.effort(earlier=earlier))
    model = Model.fit(people, tick=progress.advance, earlier=earlier)
    progress.step("judge")
    verdict = judge(model, rows=len(people), live=live, measured=measured, duel=compared)
    return Trained(model, PERSONAL, metrics_of(measured), verdict)


def _compare(interactions: Interactions, live: Live | None, earlier: Model | None, progress: Progress) -> Duel | None:
    """What this training would have learnt from what the live model saw, against the live model, on what came since."""
    if live is None or live.champion is None or earlier is None or not live.champion.model.is_personal:
        return None
    days = min(live.champion.unseen_days(interactions), WINDOW_DAYS)
    wanted = targets(interactions, days) if days > 0 else []
    if len(wanted) < FEWEST_MEASURED:
        return None
    if days == WINDOW_DAYS:
        return duel(earlier, BLENDS, live.champion, interactions, wanted)
    progress.step("compare", total=Model.effort(MEASURED_ENGINES, earlier=earlier))
    challenger = Model.fit(interactions.older_than(days), MEASURED_ENGINES, tick=progress.advance, earlier=earlier)
    return duel(challenger, BLENDS, live.champion, interactions, wanted)


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
