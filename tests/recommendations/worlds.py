"""Small shops with planted structure, for engines: what should be found is known."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from recommendations.engines.interactions import Interactions

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
GROUPS, PER_GROUP = 5, 12


def frame(rows: list[tuple[int | None, int, int, float]]) -> pl.DataFrame:
    """Purchases from (customer, product, basket, days before noon)."""
    return pl.DataFrame(
        {
            "customer": [row[0] for row in rows],
            "product": [row[1] for row in rows],
            "basket": [row[2] for row in rows],
            "occurred_at": [(NOON - timedelta(days=row[3])).replace(tzinfo=None) for row in rows],
        },
        schema={"customer": pl.Int64, "product": pl.Int64, "basket": pl.Int64, "occurred_at": pl.Datetime("us")},
    )


def products(ids: list[int], categories: list[int | None] | None = None) -> pl.DataFrame:
    """A range of products known for a year; ids need not be in order."""
    return pl.DataFrame(
        {
            "product": ids,
            "category": categories or [None] * len(ids),
            "created_at": [(NOON - timedelta(days=365)).replace(tzinfo=None)] * len(ids),
        },
        schema={"product": pl.Int64, "category": pl.Int64, "created_at": pl.Datetime("us")},
    )


def interactions(rows: list[tuple[int | None, int, int, float]], ids: list[int] | None = None) -> Interactions:
    """From rows as :func:`frame` takes them; the range is what was bought, unless given."""
    return Interactions.from_frames(frame(rows), products(ids or sorted({row[1] for row in rows})), NOON)


def tastes(customers: int = 150, orders: int = 6, seed: int = 7) -> Interactions:
    """Every customer likes one of five groups of twelve products and buys from it, with one odd product in ten.

    Products 0–11 are group 0, and so on; customer c likes group c % 5. Baskets hold three products.
    """
    random = np.random.default_rng(seed)
    rows: list[tuple[int | None, int, int, float]] = []
    for customer in range(customers):
        for order in range(orders):
            day = float(random.uniform(0, 180))
            for product in random.choice(PER_GROUP, 3, replace=False):
                odd = random.random() < 0.1
                chosen = random.integers(GROUPS * PER_GROUP) if odd else customer % GROUPS * PER_GROUP + product
                rows.append((customer, int(chosen), customer * orders + order, day))
    ids = list(range(GROUPS * PER_GROUP))
    return Interactions.from_frames(frame(rows), products(ids, [product // PER_GROUP for product in ids]), NOON)


class Quiet:
    """Nobody watches the training."""

    def step(self, text: str, *, total: int | None = None) -> None:
        pass

    def advance(self, count: int = 1) -> None:
        pass

    def note(self, text: str, **values: object) -> None:
        pass

    def warn(self, text: str, **values: object) -> None:
        pass
