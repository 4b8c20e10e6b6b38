"""What visitors who looked at the same products looked at besides: V-STAN over the shop's own sessions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import NOTHING, Arrays, Context, Floats, Ints, Tick, no_tick
from recommendations.engines.recipe import USUAL, Recipe
from recommendations.engines.sessions.columns import Sessions
from recommendations.engines.sessions.index import Index
from recommendations.engines.sessions.knn import V_STAN, Current, SessionNeighbours
from recommendations.engines.sessions.tuning import trials, tuned

TUNED = ("position", "match", "closeness", "recency_days", "rarity")
TRIALS = trials(TUNED)
TRIALS_PER_TICK = 5
# What the visitor has just seen is not news; what it is worth to be shown again is for other engines to say.
START = replace(V_STAN, again=0.0)


@dataclass(frozen=True, slots=True)
class SessionKnn:
    """Speaks only of the current visit; without one, or in a shop that tracks nothing, it has nothing to say."""

    name: ClassVar[str] = "sessions"
    effort: ClassVar[int] = 1 + TRIALS // TRIALS_PER_TICK
    later_effort: ClassVar[int] = 1

    knn: SessionNeighbours

    @classmethod
    def fit(
        cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None, recipe: Recipe = USUAL
    ) -> Self:
        watch = _Watch(tick, cls.later_effort if earlier else cls.effort)
        sessions = interactions.sessions or Sessions.none(interactions.shape[1], interactions.until)
        engine = cls.of(sessions, earlier, watch.tried)
        watch.finish()
        return engine

    @classmethod
    def of(cls, sessions: Sessions, earlier: Self | None = None, tick: Tick = no_tick) -> Self:
        """Of sessions alone; the decays are those of ``earlier``, or else searched, which takes some seconds."""
        variant = earlier.knn.variant if earlier else tuned(sessions, START, among=TUNED, tick=tick)
        return cls(SessionNeighbours(Index.of(sessions), variant))

    @classmethod
    def blank(cls, decays: NDArray[np.float64]) -> Self:
        """It knows no session yet, but how to go about them."""
        nothing = Index.of(Sessions.none(0, datetime.min.replace(tzinfo=UTC)))
        return cls.from_arrays({**nothing.arrays(), "decays": decays})

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        decays: dict[str, Any] = dict(zip(TUNED, arrays["decays"].tolist(), strict=True))
        index = Index.from_arrays({name: array for name, array in arrays.items() if name != "decays"})
        return cls(SessionNeighbours(index, replace(START, **decays)))

    def arrays(self) -> Arrays:
        decays = np.array([getattr(self.knn.variant, name) for name in TUNED])
        return {**self.knn.index.arrays(), "decays": decays}

    @property
    def count(self) -> int:
        """How many sessions it knows."""
        return self.knn.index.count

    def scores(self, context: Context) -> Floats | None:
        if not (len(context.session) and self.count):
            return None
        return self.knn.scores(Current.of(context.session, context.session_weights))

    def because(self, context: Context, products: Ints) -> Ints:
        if not (len(context.session) and self.count):
            return np.full(len(products), NOTHING, np.int32)
        current = Current.of(context.session, context.session_weights)
        row = self.knn.because(current, products)
        return np.where(row >= 0, current.products[row], NOTHING)


class _Watch:
    """Ticks once in a while: a trial is a small thing beside a step of other engines."""

    def __init__(self, tick: Tick, effort: int) -> None:
        self._tick, self._left, self._trials = tick, effort, 0

    def tried(self) -> None:
        self._trials += 1
        if self._trials % TRIALS_PER_TICK == 0:
            self._left -= 1
            self._tick()

    def finish(self) -> None:
        """Where there was little or nothing to search on, less was tried."""
        for _ in range(self._left):
            self._tick()
