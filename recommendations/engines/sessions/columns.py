"""Sessions as columns: who looked at what, put what into the basket and bought what, in one sitting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engines.columns import DAY, positions, seconds

if TYPE_CHECKING:
    import polars as pl

VIEW, CART, ORDER = 0, 1, 2
# As frames call them.
KINDS = {"view": VIEW, "cart": CART, "order": ORDER}
# After half an hour without a sign of life a visit is over: the convention of web analytics.
GAP_SECONDS = 30 * 60.0


@dataclass(frozen=True, slots=True)
class Sessions:
    """One row is one thing done with one product.

    Rows are in the order of ``session`` (0, 1, 2, …, by the time of their last row, the oldest first) and within it
    as they happened. ``product`` is a position among ``products`` many, ``visitor`` any whole number, ``age`` in days
    before ``until`` and never negative, ``kind`` one of VIEW, CART, ORDER.
    """

    session: NDArray[np.int32]
    visitor: NDArray[np.int64]
    product: NDArray[np.int32]
    age: NDArray[np.float32]
    kind: NDArray[np.int8]
    products: int
    until: datetime

    @classmethod
    def from_frame(cls, events: pl.DataFrame, product_ids: NDArray[np.int64], until: datetime) -> Self:
        """From ``events`` (visitor, product, occurred_at, kind) with ids of products and times in UTC.

        ``product_ids`` ascend; ``kind`` is view, cart or order and may be missing: everything is a view then. A column
        ``session`` of whole numbers says what belongs together; without one a visitor's session ends after half an
        hour in which nothing happened. Left out is what came after ``until``, what was done with unlisted products, and
        kinds that nobody knows.
        """
        is_given = "session" in events.columns
        # Stable: what happened at the same moment stays in the order in which it was noted.
        events = events.sort("session" if is_given else "visitor", "occurred_at", maintain_order=True)
        product, at = positions(events["product"].to_numpy(), product_ids), seconds(events["occurred_at"])
        kind = _kinds(events)
        kept = (product >= 0) & (kind >= 0) & (at <= until.timestamp())
        rows, at = events.filter(kept), at[kept]
        visitor = rows["visitor" if "visitor" in rows.columns else "session"].to_numpy().astype(np.int64)
        begins = _changes(rows["session"].to_numpy()) if is_given else _changes(visitor) | _pauses(at)
        order, session = _by_end(np.cumsum(begins) - 1, at)
        return cls(
            session=session,
            visitor=visitor[order],
            product=product[kept][order],
            age=((until.timestamp() - at[order]) / DAY).astype(np.float32),
            kind=kind[kept][order],
            products=len(product_ids),
            until=until,
        )

    @classmethod
    def none(cls, products: int, until: datetime) -> Self:
        """Nobody has looked at anything."""
        ids, ages, kinds = np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.int8)
        return cls(ids, ids.astype(np.int64), ids, ages, kinds, products, until)

    def __len__(self) -> int:
        return len(self.product)

    @property
    def count(self) -> int:
        """How many sessions."""
        return int(self.session[-1]) + 1 if len(self) else 0

    def where(self, rows: NDArray[np.bool_]) -> Self:
        """Only the given rows; sessions are numbered anew, products keep their positions."""
        kept: dict[str, Any] = {name: getattr(self, name)[rows] for name in ("visitor", "product", "age", "kind")}
        _, session = np.unique(self.session[rows], return_inverse=True)
        return replace(self, session=session.astype(np.int32), **kept)

    def among(self, kept: NDArray[np.bool_]) -> Self:
        """Only what was done with some products, (products,); these are numbered anew."""
        rows = self.where(kept[self.product])
        position = (kept.cumsum() - 1).astype(np.int32)
        return replace(rows, product=position[rows.product], products=int(kept.sum()))

    def older_than(self, days: float) -> Self:
        """The world as it was ``days`` before ``until``: sessions that were going on then end there."""
        past = self.where(self.age > days)
        return replace(past, age=(past.age - np.float32(days)).astype(np.float32))


def _kinds(events: pl.DataFrame) -> NDArray[np.int8]:
    """The kind of each row; −1 for one that nobody knows."""
    import polars as pl  # noqa: PLC0415 - its thread pool must not exist when a worker forks

    if "kind" not in events.columns:
        return np.full(len(events), VIEW, np.int8)
    names = events["kind"].cast(pl.String)
    return names.replace_strict(KINDS, default=-1, return_dtype=pl.Int8).to_numpy().astype(np.int8)


def _changes(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a value differs from the one before it; the first one does."""
    changes = np.ones(len(values), np.bool_)
    changes[1:] = values[1:] != values[:-1]
    return changes


def _pauses(at: NDArray[np.float64]) -> NDArray[np.bool_]:
    pauses: NDArray[np.bool_] = np.diff(at, prepend=at[:1]) > GAP_SECONDS
    return pauses


def _by_end(session: NDArray[np.int64], at: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The order of the rows by the ends of their sessions, and the sessions numbered in it."""
    if not len(session):
        return session, session.astype(np.int32)
    last = np.flatnonzero(np.diff(session, append=session[-1] + 1))
    rank = np.empty(len(last), np.int64)
    rank[np.argsort(at[last], kind="stable")] = np.arange(len(last))
    order = np.argsort(rank[session], kind="stable")
    return order, rank[session][order].astype(np.int32)
