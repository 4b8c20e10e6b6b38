"""The live model against a stand-in for its successor, on orders that came after the live model's data.

The successor itself has learnt from those orders, so it cannot be asked. The stand-in is what the same training learns
from the purchases before them. Compared are the blends of ``home``, without a visit and without the stages that follow
in an answer, but for durables; the live model stands as it was trained, without its refreshes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from recommendations.engines.blend import Model, best
from recommendations.engines.blends import Blend
from recommendations.engines.columns import DAY, positions
from recommendations.engines.evaluation.lists import Collector
from recommendations.engines.evaluation.temporal import DEPTH, Target
from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Floats, Ints
from recommendations.engines.request import HOME, Request


@dataclass(frozen=True, slots=True)
class Champion:
    """The live model with the ids of its positions; it has seen everything until ``until``."""

    model: Model
    products: NDArray[np.int64]
    customers: NDArray[np.int64]
    until: datetime

    def unseen_days(self, interactions: Interactions) -> float:
        """How many of the newest days it has not seen."""
        return (interactions.until - self.until).total_seconds() / DAY


@dataclass(frozen=True, slots=True)
class Duel:
    """NDCG@10 of both, one entry per customer."""

    challenger: Floats
    champion: Floats


def duel(
    challenger: Model,
    blends: Mapping[str, Blend],
    champion: Champion,
    world: Interactions,
    wanted: Sequence[Target],
) -> Duel:
    """Both rank all products of ``world`` for the same customers; neither has learnt from what these wanted.

    ``challenger`` is the stand-in, ``blends`` the weights that it mixes its engines by. What the champion does not know
    it cannot recommend: that is part of how good it is.
    """
    new = _Contestant(replace(challenger, blends=blends), None, None)
    known = positions(world.product_ids, champion.products)
    people = positions(world.customer_ids, champion.customers)
    old = _Contestant(champion.model, known, people)
    return Duel(_gains(new, wanted), _gains(old, wanted))


@dataclass(frozen=True, slots=True)
class _Contestant:
    """A model and where it keeps the world's products and customers; None: at the world's own positions."""

    model: Model
    products: Ints | None
    customers: Ints | None

    def ranks(self, customer: int) -> Ints:
        """Its ten best in the world's positions."""
        request = Request(HOME, customer=self._own(customer))
        _names, added = self.model.contributions(self.model.context(request), self.model.blend_of(HOME))
        scores: Floats = added.sum(axis=0)
        scores[self.model.durables(request)] = 0
        if self.products is not None:
            scores = np.where(self.products >= 0, scores[self.products], 0).astype(np.float32)
        return best(scores, DEPTH)

    def _own(self, customer: int) -> int | None:
        if self.customers is None:
            return customer
        return int(self.customers[customer]) if self.customers[customer] >= 0 else None


def _gains(contestant: _Contestant, wanted: Sequence[Target]) -> Floats:
    collector = Collector(DEPTH)
    for target in wanted:
        collector.add(target.customer, contestant.ranks(target.customer), target.products)
    return collector.answers().gains()
