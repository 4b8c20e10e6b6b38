"""What the engines learn from: who bought what, in which basket, how long ago."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommendations.engines.columns import codes, days_before, positions
from recommendations.engines.sessions.columns import Sessions

if TYPE_CHECKING:
    import polars as pl

GUEST = -1
NO_CATEGORY = -1
NO_PRICES = np.empty(0, np.float32)
# Who bought half of a range of some size is a machine or a reseller, and everybody's neighbour.
BOT_SHARE, BOT_PRODUCTS = 0.5, 200


@dataclass(frozen=True, slots=True)
class Interactions:
    """Purchases as columns; one row is one product in one basket.

    ``product_ids`` and ``customer_ids`` are ascending; ``product``, ``customer`` and ``basket`` are
    positions in them (``customer`` is −1 for a guest). ``category`` belongs to the products and is
    −1 where there is none; ``product_age`` is the days a product has been known. ``age`` is in days
    before ``until``, and never negative. ``sessions`` are what visitors did besides, None where nothing is tracked.
    ``titles`` and ``prices`` belong to the products too, and are empty where nothing is known of them.
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
    sessions: Sessions | None = None
    titles: tuple[str, ...] = ()
    prices: NDArray[np.float32] = field(default_factory=lambda: NO_PRICES)

    @classmethod
    def from_frames(
        cls, purchases: pl.DataFrame, products: pl.DataFrame, until: datetime, events: pl.DataFrame | None = None
    ) -> Self:
        """From ``purchases`` (customer, product, basket, occurred_at) and ``products`` (product, category, created_at).

        ``products`` may have a ``title`` and a ``price`` each, in any unit, both nullable.
        ``events`` (visitor, product, occurred_at, kind) are as :meth:`.Sessions.from_frame` takes them.
        Ids are integers, ``customer`` and ``category`` may be null, times are in UTC. A product twice
        in one basket counts once; purchases after ``until`` and of unlisted products are left out.
        """
        products = products.sort("product")
        product_ids = products["product"].to_numpy().astype(np.int64)
        purchases = purchases.unique(["basket", "product"]).sort("occurred_at", "basket", "product")
        product, age = (
            positions(purchases["product"].to_numpy(), product_ids),
            days_before(until, purchases["occurred_at"]),
        )
        kept = (product >= 0) & (age >= 0)
        rows = purchases.filter(kept)
        customer_ids = rows["customer"].drop_nulls().unique().sort().to_numpy().astype(np.int64)
        return cls(
            product_ids=product_ids,
            category=codes(products["category"]),
            product_age=days_before(until, products["created_at"]),
            customer_ids=customer_ids,
            product=product[kept],
            customer=positions(rows["customer"].fill_null(GUEST).to_numpy(), customer_ids),
            basket=codes(rows["basket"]),
            age=age[kept],
            until=until,
            sessions=Sessions.from_frame(events, product_ids, until) if events is not None and len(events) else None,
            titles=tuple(products["title"].fill_null("")) if "title" in products.columns else (),
            prices=products["price"].fill_null(0).to_numpy().astype(np.float32)
            if "price" in products.columns
            else NO_PRICES,
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
        sessions = self.sessions.older_than(days) if self.sessions else None
        return replace(past, age=(past.age - np.float32(days)).astype(np.float32), sessions=sessions)

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
