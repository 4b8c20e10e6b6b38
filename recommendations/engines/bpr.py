"""Matrix factorisation by pairs: what somebody bought before what they did not (BPR: Rendle et al. 2009), fitted by implicit.

implicit cannot fold anybody into a fitted BPR (it has no ``recalculate_user``), so people are folded in by the factors of their products.
One step of BPR moves a person by z · (liked − disliked), and regularization pulls back: where both balance, a person stands
at a multiple of Σ (liked − the average product). That a person is the sum of their products' factors, divided by a root of
how many there are, is also the model of FISM (Kabbur, Ning, Karypis 2013), before it Paterek's NSVD1 (2007). The multiple is
the one that fits the people of the training best, by least squares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Arrays, Context, Floats, Ints, Tick, no_tick
from recommendations.engines.recipe import USUAL, Recipe

FACTORS = 64
ITERATIONS = 100
LEARNING_RATE = 0.02
REGULARIZATION = 0.01
SEED = 20_261_126


@dataclass(frozen=True, slots=True)
class Bpr:
    """Factors of customers and products, the last one of products being what everybody likes; and how far products move people."""

    name: ClassVar[str] = "bpr"
    effort: ClassVar[int] = ITERATIONS
    later_effort: ClassVar[int] = ITERATIONS

    customers: Floats  # (customers, factors + 1), the last one is 1
    products: Floats  # (products, factors + 1)
    centre: Floats  # (factors + 1,) the average of the products that were bought; the last one is 0
    reach: Floats  # (1,) by which √n-averaged products become a person

    @classmethod
    def fit(
        cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None, recipe: Recipe = USUAL
    ) -> Self:
        matrix = interactions.matrix()
        customers, products = factorise(matrix, tick)
        sold = np.bincount(matrix.indices, minlength=matrix.shape[1]) > 0
        centre = products[sold].mean(axis=0) if sold.any() else np.zeros(products.shape[1], np.float32)
        centre[-1] = 0
        # What nobody bought has factors of 0, and would stand before all that is liked less than the average.
        products[~sold, -1] = products[:, -1].min(initial=0)
        return cls(customers, products, centre, _reach(matrix, customers, products - centre))

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(arrays["customers"], arrays["products"], arrays["centre"], arrays["reach"])

    def arrays(self) -> Arrays:
        return {"customers": self.customers, "products": self.products, "centre": self.centre, "reach": self.reach}

    def scores(self, context: Context) -> Floats | None:
        """How far above the average product; only differences mean anything to BPR."""
        taste = self.taste(context)
        if taste is None:
            return None
        liking: Floats = self.products @ taste
        above: Floats = np.maximum(liking - liking.mean(), 0)
        return above

    def taste(self, context: Context) -> Floats | None:
        """The person's factors, with what the training has not seen folded in; None for a blank sheet."""
        known = None if context.customer is None else self.customers[context.customer]
        untaught, said = context.untaught()
        if not len(untaught):
            return known
        much = said.sum()
        liked = said @ self.products[untaught]
        moved: Floats = self.reach * (liked - much * self.centre) / np.sqrt(much)
        moved[-1] = 1 if known is None else 0
        return moved if known is None else known + moved

    def because(self, context: Context, products: Ints) -> Ints:
        """The anchors nearest to each product in the space of factors, weighted; what everybody likes is left out."""
        factors = (self.products - self.centre)[:, :-1]
        return context.strongest_anchor(factors[products] @ factors[context.anchors].T)


def _reach(matrix: sp.csr_array, customers: Floats, products: Floats) -> Floats:
    """The least squares of customers' factors on what their products would make of them."""
    bought = sp.csr_array(matrix).sign().astype(np.float32)
    made = (bought @ products[:, :-1]) / np.sqrt(np.maximum(np.diff(bought.indptr), 1))[:, None]
    reach = (made * customers[:, :-1]).sum() / max(float((made * made).sum()), 1e-9)
    return np.array([max(reach, 0)], np.float32)


def factorise(matrix: sp.csr_array, tick: Tick = no_tick) -> tuple[Floats, Floats]:
    """Factors of rows and columns of ``matrix`` (customers × products), each (n, factors + 1)."""
    # Only a training process may load implicit: its OpenMP pool does not survive a fork.
    from implicit.cpu.bpr import BayesianPersonalizedRanking  # noqa: PLC0415

    if not matrix.nnz:
        return np.zeros((matrix.shape[0], FACTORS + 1), np.float32), np.zeros(
            (matrix.shape[1], FACTORS + 1), np.float32
        )
    with threadpool_limits(1, "blas"):
        model = BayesianPersonalizedRanking(
            factors=FACTORS,
            learning_rate=LEARNING_RATE,
            regularization=REGULARIZATION,
            iterations=ITERATIONS,
            num_threads=1,  # several write into each other's factors: no two runs would be the same
            random_state=SEED,
        )
        model.fit(sp.csr_matrix(matrix), show_progress=False, callback=lambda *_: tick())
    customers, products = np.asarray(model.user_factors), np.asarray(model.item_factors)
    # implicit accepts a transposed matrix without a word.
    assert (len(customers), len(products)) == matrix.shape
    return customers, products
