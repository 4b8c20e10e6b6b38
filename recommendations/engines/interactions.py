"""What the engines learn from: who bought what, in which basket, how long ago."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

GUEST = -1
NO_CATEGORY = -1
DAY = 86_400.0
# Who bought half of a range of some size is a machine or a reseller, and everybody's neighbour.
BOT_SHARE, BOT_PRODUCTS = 0.5, 200


@dataclass(frozen=True, slots=True)
class Interactions:
    """Purchases as columns; one row is one product in one basket.

    ``product_ids`` and ``customer_ids`` are ascending; ``product``, ``customer`` and ``basket`` are
    positions in them (``customer`` is −1 for a guest). ``category`` belongs to the products and is
    −1 where there is none; ``product_age`` is the days a product has been known. ``age`` is in days
    before ``until``, and never negative.
    """

    product_ids: NDArray[np.int64]
    category: NDArray[np.int32]
    product_age: NDArray[np.float32]
    customer_ids: NDArray[np.int64]
    product: NDArray[np.int32]
    customer: NDArray[np.int32]
    basket: NDArray[np.int32]
    age: NDArray[np.float32]
    until: datetime

    @classmethod
    def from_frames(cls, purchases: pl.DataFrame, products: pl.DataFrame, until: datetime) -> Self:
        """From ``purchases`` (customer, product, basket, occurred_at) and ``products`` (product, category, created_at).

        Ids are integers, ``customer`` and ``category`` may be null, times are in UTC. A product twice
        in one basket counts once; purchases after ``until`` and of unlisted products are left out.
        """
        products = products.sort("product")
        product_ids = products["product"].to_numpy().astype(np.int64)
        purchases = purchases.unique(["basket", "product"]).sort("occurred_at", "basket", "product")
        product, age = (
            _positions(purchases["product"].to_numpy(), product_ids),
            _days_before(until, purchases["occurred_at"]),
        )
        kept = (product >= 0) & (age >= 0)
        rows = purchases.filter(kept)
        customer_ids = rows["customer"].drop_nulls().unique().sort().to_numpy().astype(np.int64)
        return cls(
            product_ids=product_ids,
            category=_codes(products["category"]),
            product_age=_days_before(until, products["created_at"]),
            customer_ids=customer_ids,
            product=product[kept],
            customer=_positions(rows["customer"].fill_null(GUEST).to_numpy(), customer_ids),
            basket=_codes(rows["basket"]),
            age=age[kept],
            until=until,
        )

    def __len__(self) -> int:
        return len(self.product)

    @property
    def shape(self) -> tuple[int, int]:
        """Customers × products."""
        return len(self.customer_ids), len(self.product_ids)

    def where(self, rows: NDArray[np.bool_]) -> Self:
        """Only the given rows; customers and products keep their positions."""
        kept: dict[str, Any] = {name: getattr(self, name)[rows] for name in ("product", "customer", "basket", "age")}
        return replace(self, **kept)

    def older_than(self, days: float) -> Self:
        """The world as it was ``days`` before ``until``: what evaluations train on."""
        past = self.where(self.age > days)
        return replace(past, age=(past.age - np.float32(days)).astype(np.float32))

    def without_bots(self) -> Self:
        """Without the purchases of customers who bought about everything."""
        bought = np.diff(self.matrix().indptr)
        bots = (bought >= BOT_PRODUCTS) & (bought > BOT_SHARE * self.shape[1])
        return self.where(~np.isin(self.customer, np.flatnonzero(bots))) if bots.any() else self

    def matrix(self, weights: NDArray[np.float32] | None = None) -> sp.csr_array:
        """Customers × products: the sum of ``weights`` per row, by default the number of baskets; without guests."""
        known = self.customer >= 0
        values = np.ones(len(self), np.float32) if weights is None else weights
        entries = (values[known], (self.customer[known], self.product[known]))
        return sp.coo_array(entries, shape=self.shape).tocsr()

    def baskets(self) -> sp.csr_array:
        """Baskets × products, 1 where the product was in the basket; guests' baskets too."""
        _, basket = np.unique(self.basket, return_inverse=True)
        entries = (np.ones(len(self), np.float32), (basket, self.product))
        return sp.coo_array(entries, shape=(basket.max(initial=-1) + 1, self.shape[1])).tocsr()

    def buyers_with_two_baskets(self) -> int:
        """How many customers bought at least twice: without them nothing can be learnt about people."""
        buyer = np.full(self.basket.max(initial=-1) + 1, GUEST)
        buyer[self.basket] = self.customer
        return int((np.bincount(buyer[buyer >= 0]) >= 2).sum())


def _positions(ids: NDArray[Any], known: NDArray[np.int64]) -> NDArray[np.int32]:
    """Where each id stands in the ascending ``known``; −1 where it does not."""
    if not len(known):
        return np.full(len(ids), -1, np.int32)
    found = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.where(known[found] == ids, found, -1).astype(np.int32)


def _codes(column: pl.Series) -> NDArray[np.int32]:
    """0, 1, 2, … per distinct value in ascending order; −1 for null."""
    known = column.drop_nulls().unique().sort().to_numpy().astype(np.int64)
    return _positions(column.fill_null(-1).to_numpy(), known)


def _days_before(until: datetime, column: pl.Series) -> NDArray[np.float32]:
    """Age in days at ``until``; negative for what came later."""
    seconds = until.timestamp() - column.dt.epoch("us").to_numpy() / 1e6
    days: NDArray[np.float32] = (seconds / DAY).astype(np.float32)
    return days
