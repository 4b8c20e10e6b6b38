"""A person's own history, decayed: the source to beat whenever products are bought again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import NO_PRODUCTS, Arrays, Bools, Context, Floats, Ints, Tick, no_tick
from recommendations.engines.recipe import USUAL, Recipe
from recommendations.engines.repurchase import DURABLE_BELOW, repeat_rate


@dataclass(frozen=True, slots=True)
class History:
    """Per customer the products bought, the strongest first: CSR ``indptr``, ``products``, ``weights``.

    ``repeatable`` (products,) says which are bought again often enough to be offered again.
    """

    name: ClassVar[str] = "history"
    effort: ClassVar[int] = 1
    later_effort: ClassVar[int] = 1

    indptr: np.ndarray[tuple[int], np.dtype[np.int64]]
    products: Ints
    weights: Floats
    repeatable: Bools

    @classmethod
    def fit(
        cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None, recipe: Recipe = USUAL
    ) -> Self:
        matrix = interactions.matrix(np.exp(-interactions.age / np.float32(recipe.history_days)))
        customer = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        order = np.lexsort((matrix.indices, -matrix.data, customer))
        tick()
        return cls(
            indptr=matrix.indptr.astype(np.int64),
            products=matrix.indices[order].astype(np.int32),
            weights=matrix.data[order].astype(np.float32),
            repeatable=repeat_rate(interactions) >= DURABLE_BELOW,
        )

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(arrays["indptr"], arrays["products"], arrays["weights"], arrays["repeatable"])

    def arrays(self) -> Arrays:
        return {
            "indptr": self.indptr,
            "products": self.products,
            "weights": self.weights,
            "repeatable": self.repeatable,
        }

    def of(self, customer: int | None) -> tuple[Ints, Floats]:
        """Products and decayed weights of a customer, the strongest first; empty for an unknown one."""
        if customer is None:
            return NO_PRODUCTS, self.weights[:0]
        row = slice(self.indptr[customer], self.indptr[customer + 1])
        return self.products[row], self.weights[row]

    def durables(self, customer: int | None) -> Ints:
        """What this person owns already and will hardly need twice."""
        owned = self.of(customer)[0]
        return owned[~self.repeatable[owned]]

    def listed(self, context: Context) -> tuple[Ints, Floats]:
        """What it speaks of, and how much it says of each."""
        products, weights = self.of(context.customer)
        return products, weights * self.repeatable[products]

    def scores(self, context: Context) -> Floats | None:
        products, weights = self.listed(context)
        if not len(products):
            return None
        scores = np.zeros(len(self.repeatable), np.float32)
        scores[products] = weights
        return scores

    def because(self, context: Context, products: Ints) -> Ints:
        return products
