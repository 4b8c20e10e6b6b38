"""Matrix factorisation by alternating least squares (Hu, Koren, Volinsky 2008), fitted by implicit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Arrays, Context, Floats, Ints, Tick, no_tick
from recommendations.engines.recipe import USUAL, Recipe

# From the factors of four weeks before, 5 iterations rank as well as 15 from scratch (three cuts of Online Retail).
ITERATIONS, LATER_ITERATIONS = 15, 5
# Searched on Online Retail, cuts at 2011-09-11 and 2011-10-11: counts of baskets beat 0/1, log and BM25
# weights; alpha 1 beat 40; regularization 10 beat .01 by 3 % of NDCG@10.
ALPHA = 1.0
FACTORS, REGULARIZATION = USUAL.factors, USUAL.regularization
SEED = 20_261_120


class Factoriser(Protocol):
    """What computes factors: :func:`factorise`, or something that gives the same on other machines."""

    def __call__(
        self, matrix: sp.csr_array, tick: Tick, *, start: Floats | None, recipe: Recipe
    ) -> tuple[Floats, Floats]: ...


_factoriser: ContextVar[Factoriser | None] = ContextVar("factoriser", default=None)


@contextmanager
def computed_by(factoriser: Factoriser | None) -> Iterator[None]:
    """Inside, every fit has its factors from ``factoriser``; None: from this machine."""
    token = _factoriser.set(factoriser)
    try:
        yield
    finally:
        _factoriser.reset(token)


@dataclass(frozen=True, slots=True)
class Als:
    """Factors of customers and products, and the inverse Gramian that folds in what came after the training."""

    name: ClassVar[str] = "als"
    effort: ClassVar[int] = ITERATIONS
    later_effort: ClassVar[int] = LATER_ITERATIONS

    customers: Floats  # (customers, factors)
    products: Floats  # (products, factors)
    inverse: Floats  # (factors, factors): (YᵀY + λI)⁻¹

    @classmethod
    def fit(
        cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None, recipe: Recipe = USUAL
    ) -> Self:
        compute = _factoriser.get() or factorise
        start = earlier.products if earlier and earlier.products.shape[1] == recipe.factors else None
        customers, products = compute(interactions.matrix(), tick, start=start, recipe=recipe)
        gramian = products.T.astype(np.float64) @ products + recipe.regularization * np.eye(products.shape[1])
        return cls(customers, products, np.linalg.inv(gramian).astype(np.float32))

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(arrays["customers"], arrays["products"], arrays["inverse"])

    def arrays(self) -> Arrays:
        return {"customers": self.customers, "products": self.products, "inverse": self.inverse}

    def scores(self, context: Context) -> Floats | None:
        taste = self.taste(context)
        return None if taste is None else np.maximum(self.products @ taste, 0)

    def taste(self, context: Context) -> Floats | None:
        """The person's factors, with what the training has not seen folded in; None for a blank sheet.

        The ALS solution for one person is x = (YᵀY + λI + Yᵀ(C − I)Y)⁻¹ YᵀC1. With every confidence 1
        the middle term vanishes, so folding in is a product with the cached inverse: exact for a
        person known only by ``fresh``, and for a known one as long as nothing was bought twice. What was only
        looked at in this visit is folded in beside it, by how much it says.
        """
        known = None if context.customer is None else self.customers[context.customer]
        untaught, said = context.untaught()
        if not len(untaught):
            return known
        moved: Floats = self.inverse @ (said @ self.products[untaught])
        return moved if known is None else known + moved

    def because(self, context: Context, products: Ints) -> Ints:
        """The anchors nearest to each product in the space of factors, weighted."""
        return context.strongest_anchor(self.products[products] @ self.products[context.anchors].T)


def factorise(
    matrix: sp.csr_array, tick: Tick = no_tick, *, start: Floats | None = None, recipe: Recipe = USUAL
) -> tuple[Floats, Floats]:
    """Factors of rows and columns of ``matrix`` (customers × products), each (n, factors).

    ``start``: factors of the same columns, learnt from less; then fewer iterations do.
    """
    # Only a training process may load implicit: its OpenMP pool does not survive a fork.
    from implicit.cpu.als import AlternatingLeastSquares  # noqa: PLC0415

    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=recipe.factors,
            regularization=recipe.regularization,
            alpha=ALPHA,
            iterations=ITERATIONS if start is None else LATER_ITERATIONS,
            random_state=SEED,
        )
        if start is not None:
            model.item_factors = start.copy()
        model.fit(sp.csr_matrix(matrix), show_progress=False, callback=lambda *_: tick())
    customers, products = np.asarray(model.user_factors), np.asarray(model.item_factors)
    # implicit accepts a transposed matrix without a word.
    assert (len(customers), len(products)) == matrix.shape
    return customers, products
