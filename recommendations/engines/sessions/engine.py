"""What visitors who looked at the same products looked at besides: V-STAN over the shop's own sessions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import NOTHING, Arrays, Context, Floats, Ints, Tick, no_tick
from recommendations.engines.sessions.columns import Sessions
from recommendations.engines.sessions.index import Index
from recommendations.engines.sessions.knn import V_STAN, Current, SessionNeighbours
from recommendations.engines.sessions.tuning import tuned

TUNED = ("position", "match", "closeness", "recency_days", "rarity")
# What the visitor has just seen is not news; what it is worth to be shown again is for other engines to say.
START = replace(V_STAN, again=0.0)


@dataclass(frozen=True, slots=True)
class SessionKnn:
    """Speaks only of the current visit; without one, or in a shop that tracks nothing, it has nothing to say."""

    name: ClassVar[str] = "sessions"
    effort: ClassVar[int] = 1
    later_effort: ClassVar[int] = 1

    knn: SessionNeighbours

    @classmethod
    def fit(cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None) -> Self:
        tick()
        if interactions.sessions is None:
            return cls(SessionNeighbours(Index.empty(interactions.shape[1]), START))
        return cls.of(interactions.sessions, earlier)

    @classmethod
    def of(cls, sessions: Sessions, earlier: Self | None = None) -> Self:
        """Of sessions alone; the decays are those of ``earlier``, or else searched, which takes some seconds."""
        variant = earlier.knn.variant if earlier else tuned(sessions, START, among=TUNED)
        return cls(SessionNeighbours(Index.of(sessions), variant))

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
