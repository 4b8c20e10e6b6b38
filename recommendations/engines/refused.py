"""Per customer the products that were sent back or badly rated: not to be offered to this person again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engines.columns import positions
from recommendations.engines.interface import NO_PRODUCTS, Arrays, Ints

PREFIX = "refused"


@dataclass(frozen=True, slots=True)
class Refused:
    """CSR over the customers of an artefact."""

    indptr: NDArray[np.int64]
    products: Ints

    @classmethod
    def of_pairs(
        cls, pairs: Iterable[tuple[int, int]], customer_ids: NDArray[np.int64], product_ids: NDArray[np.int64]
    ) -> Self:
        """From (customer id, product id), each once; whoever and whatever the artefact does not know is left out."""
        table = np.array(list(pairs), np.int64).reshape(-1, 2)
        customer, product = positions(table[:, 0], customer_ids), positions(table[:, 1], product_ids)
        known = (customer >= 0) & (product >= 0)
        order = np.lexsort((product[known], customer[known]))
        rows = np.arange(len(customer_ids) + 1)
        return cls(np.searchsorted(customer[known][order], rows).astype(np.int64), product[known][order])

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self | None:
        """None for an artefact older than this."""
        if f"{PREFIX}.indptr" not in arrays:
            return None
        return cls(arrays[f"{PREFIX}.indptr"], arrays[f"{PREFIX}.products"])

    def arrays(self) -> Arrays:
        return {f"{PREFIX}.indptr": self.indptr, f"{PREFIX}.products": self.products}

    def by(self, customer: int) -> Ints:
        """What this customer refused."""
        if customer + 1 >= len(self.indptr):
            return NO_PRODUCTS
        return self.products[self.indptr[customer] : self.indptr[customer + 1]]
