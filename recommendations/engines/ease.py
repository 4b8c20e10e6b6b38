"""A linear model of what is bought by those who bought something else, in closed form (EASE: Steck 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp
from msgspec import structs
from scipy.linalg.lapack import spotrf, spotri
from threadpoolctl import threadpool_limits

from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Arrays, Context, Floats, Ints, Tick, no_tick
from recommendations.engines.neighbours import BLOCK, Neighbours
from recommendations.engines.recipe import USUAL, Recipe

# Compared on Online Retail, λ at 2011-08-12, 2011-09-11 and 2011-10-11: 100 to 1000 are about equal; the length at
# 2011-09-11 and 2011-10-11: 200 rank what is new as well as the whole matrix, 50 lose 7 %.
REGULARIZATION = USUAL.ease_regularization
# The matrix is dense and its inverse costs the cube: 400 MB and a quarter of a minute here. Of a wider range the most
# bought products are taken; the neighbours of the others are item-kNN's.
MOST_PRODUCTS = 10_000
# With λ in the hundreds one or two buyers say next to nothing, and cost as much as two hundred do.
FEWEST_BUYERS = 3
# A second one waits for the first by spinning: it doubles the CPU time and halves nothing, where others want it too.
THREADS = 1


@dataclass(frozen=True, slots=True)
class Ease:
    """For each product those that it speaks for most."""

    name: ClassVar[str] = "ease"
    effort: ClassVar[int] = 1
    later_effort: ClassVar[int] = 1

    neighbours: Neighbours

    @classmethod
    def fit(
        cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None, recipe: Recipe = USUAL
    ) -> Self:
        tick()
        matrix = interactions.matrix()
        head = most_bought(matrix)
        if len(head) < 2:
            return cls(Neighbours.none(matrix.shape[1]))
        found = Neighbours.of_dense(weights(matrix[:, head], recipe.ease_regularization), recipe.ease_length)
        return cls(found if len(head) == matrix.shape[1] else _among_all(found, head, matrix.shape[1]))

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(Neighbours.from_arrays(arrays))

    def arrays(self) -> Arrays:
        return self.neighbours.arrays()

    def entries(self, context: Context) -> tuple[Ints, Floats]:
        """What is added up: products and scores."""
        return self.neighbours.entries(_softened(context))

    def scores(self, context: Context) -> Floats | None:
        return self.neighbours.add_up(_softened(context))

    def because(self, context: Context, products: Ints) -> Ints:
        return self.neighbours.strongest_anchors(_softened(context), products)


def most_bought(matrix: sp.csr_array, at_most: int = MOST_PRODUCTS) -> Ints:
    """Ascending positions of the products with the most buyers, and no fewer than say anything."""
    buyers = np.bincount(matrix.indices, minlength=matrix.shape[1])
    return np.sort(np.argsort(-buyers, kind="stable")[: min(at_most, (buyers >= FEWEST_BUYERS).sum())]).astype(np.int32)


def weights(matrix: sp.csr_array, regularization: float = REGULARIZATION) -> Floats:
    """Products × products: how much having bought the row speaks for the column; 0 for itself.

    With X the 0/1 matrix of ``matrix`` (customers × products) and P = (XᵀX + λI)⁻¹: B = −P / diag(P), column by
    column. That is the ridge regression of every column of X on all the others.
    """
    bought = sp.csr_array(matrix).sign().astype(np.float32)
    gramian = np.asfortranarray((bought.T @ bought).toarray(), np.float32)
    gramian[np.diag_indices_from(gramian)] += np.float32(regularization)
    with threadpool_limits(THREADS, "blas"):
        factor, failed = spotrf(gramian, lower=1, overwrite_a=1)
        assert not failed  # a Gramian with λ > 0 is positive definite
        inverse, failed = spotri(factor, lower=1, overwrite_c=1)
        assert not failed
    return _scaled(inverse)


def _scaled(inverse: Floats) -> Floats:
    """B from P, of which only the lower triangle is filled; block by block, so that there is one matrix and no second."""
    size, diagonal = len(inverse), np.diag(inverse).copy()
    for begin in range(0, size, BLOCK):
        rows = slice(begin, begin + BLOCK)
        block = inverse[rows, rows]
        inverse[rows, rows] = np.tril(block) + np.tril(block, -1).T
        inverse[rows, begin + BLOCK :] = inverse[begin + BLOCK :, rows].T
    inverse /= -diagonal
    np.fill_diagonal(inverse, 0)
    return np.ascontiguousarray(inverse)


def _among_all(found: Neighbours, head: Ints, products: int) -> Neighbours:
    """Lists of the ``head``'s products, in positions among all; the others have empty lists."""
    shape = products, found.ids.shape[1]
    ids, scores = np.zeros(shape, np.int32), np.zeros(shape, np.float32)
    ids[head], scores[head] = head[found.ids], found.scores
    return Neighbours(ids, scores)


def _softened(context: Context) -> Context:
    """Measured: the square root of the anchors' weights ranks better than they do, and than equal ones."""
    return structs.replace(context, weights=np.sqrt(context.weights))
