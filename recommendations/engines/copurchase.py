"""Products that lie in the same basket more often than chance: shrunk lift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp

from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Arrays, Context, Floats, Ints, Tick, no_tick
from recommendations.engines.neighbours import Neighbours
from recommendations.engines.recipe import USUAL, Recipe

# Pseudo-baskets that a pair starts with as if it met by chance. Searched on Online Retail with baskets
# of which half was hidden: 5 to 20 are about equal, and confidence × log lift beats lift, cosine,
# Jaccard and the log-likelihood ratio.
SHRINKAGE = 10.0
SELDOM = 20
# Pairs grow with the square of a basket; a wholesale order of 400 lines says little about any of them.
BIGGEST_BASKET = 150


@dataclass(frozen=True, slots=True)
class CoPurchase:
    """Neighbour lists over baskets, guests' included."""

    name: ClassVar[str] = "copurchase"
    effort: ClassVar[int] = 1
    later_effort: ClassVar[int] = 1

    neighbours: Neighbours

    @classmethod
    def fit(
        cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None, recipe: Recipe = USUAL
    ) -> Self:
        tick()
        return cls(Neighbours.strongest(association(interactions.baskets())))

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(Neighbours.from_arrays(arrays))

    def arrays(self) -> Arrays:
        return self.neighbours.arrays()

    def entries(self, context: Context) -> tuple[Ints, Floats]:
        """What is added up: products and scores."""
        return self.neighbours.entries(context)

    def scores(self, context: Context) -> Floats | None:
        return self.neighbours.add_up(context)

    def because(self, context: Context, products: Ints) -> Ints:
        return self.neighbours.strongest_anchors(context, products)


def association(baskets: sp.csr_array) -> sp.csr_array:
    """Products × products: P(column | row) × log of the shrunk lift, 0 where chance explains the pair.

    With n_ij baskets holding both and e_ij = n_i n_j / n expected by chance, s = SHRINKAGE:
    n_ij / (n_i + s) × max(0, log((n_ij + s) / (e_ij + s))).
    """
    sizes = np.diff(baskets.indptr)
    baskets = baskets[(sizes > 1) & (sizes <= BIGGEST_BASKET)]
    together = sp.coo_array(baskets.T @ baskets)
    count = np.bincount(baskets.indices, minlength=baskets.shape[1]).astype(np.float32)
    # A pair met once says nothing beside others met often; of a product that hardly sold it is all there is.
    telling = (together.data > 1) | (count[together.row] < SELDOM)
    row, column, both = together.row[telling], together.col[telling], together.data[telling]
    expected = count[row] * count[column] / np.float32(max(baskets.shape[0], 1))
    lift = np.log((both + SHRINKAGE) / (expected + SHRINKAGE))
    strength = both / (count[row] + SHRINKAGE) * np.maximum(lift, 0)
    return sp.coo_array((strength, (row, column)), shape=together.shape).tocsr()
