"""A made-up shop of any size, as the engines read it: what latency is measured on, where real data is too small."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from recommendations.engines.interactions import Interactions

UNTIL = datetime(2026, 11, 20, 12, tzinfo=UTC)
GROUPS, CATEGORIES = 100, 200
PER_BASKET = 4


def world(products: int = 20_000, customers: int = 20_000, rows: int = 400_000, seed: int = 1) -> Interactions:
    """Each customer buys from a few of a hundred groups; within a group some products sell far better than others."""
    random = np.random.default_rng(seed)
    baskets = rows // PER_BASKET
    buyer = random.integers(0, customers, baskets)
    taste = (buyer[:, None] * 7 + random.integers(0, 3, (baskets, PER_BASKET))) % GROUPS
    rank = np.minimum(random.pareto(0.9, (baskets, PER_BASKET)) * 4, products // GROUPS - 1).astype(np.int64)
    product = (taste + rank * GROUPS).ravel()
    age = np.repeat(random.uniform(0, 365, baskets).astype(np.float32), PER_BASKET)
    order = np.argsort(-age, kind="stable")
    return Interactions(
        product_ids=np.arange(1, products + 1, dtype=np.int64),
        category=(np.arange(products) % CATEGORIES).astype(np.int32),
        product_age=random.uniform(0, 700, products).astype(np.float32),
        customer_ids=np.arange(1, customers + 1, dtype=np.int64),
        product=product[order].astype(np.int32),
        customer=np.repeat(buyer, PER_BASKET)[order].astype(np.int32),
        basket=np.repeat(np.arange(baskets), PER_BASKET)[order].astype(np.int32),
        age=age[order],
        until=UNTIL,
    )
