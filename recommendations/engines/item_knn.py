"""Products bought by the same people: BM25-weighted item neighbours, fitted by implicit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import scipy.sparse as sp

from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Arrays, Context, Floats, Ints, Tick, no_tick
from recommendations.engines.neighbours import LIST_LENGTH, Neighbours
from recommendations.engines.recipe import USUAL, Recipe

K1, B = 1.2, 0.75


@dataclass(frozen=True, slots=True)
class ItemKnn:
    """Neighbour lists over customers."""

    name: ClassVar[str] = "item_knn"
    effort: ClassVar[int] = 1
    later_effort: ClassVar[int] = 1

    neighbours: Neighbours

    @classmethod
    def fit(
        cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None, recipe: Recipe = USUAL
    ) -> Self:
        tick()
        return cls(Neighbours.strongest(similarity(interactions.matrix())))

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


def similarity(matrix: sp.csr_array) -> sp.csr_array:
    """Products × products: BM25 similarity over the customers of ``matrix`` (customers × products)."""
    # Only a training process may load implicit: its OpenMP pool does not survive a fork.
    from implicit.nearest_neighbours import ItemItemRecommender, bm25_weight  # noqa: PLC0415

    # BM25Recommender does the same, but hands itself a COO matrix and warns about it.
    weighted = bm25_weight(sp.csr_matrix(matrix).T, K1=K1, B=B).T.tocsr()
    model = ItemItemRecommender(K=LIST_LENGTH + 1)  # the product is its own nearest neighbour
    model.fit(weighted, show_progress=False)
    assert model.similarity.shape == (matrix.shape[1], matrix.shape[1])
    return sp.csr_array(model.similarity)
