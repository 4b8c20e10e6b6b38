"""How good a model is: it learns from the past and must rank what was bought next.

Temporal split: everything older than the window trains, each customer's first basket inside the
window is the target, all products are ranked. ALL counts what the customer had bought before, NEW
takes those products out of list and target. HR@10: is one of the target's products in the list?
NDCG@10: how many, and how far up (binary gains; the ideal list holds min(10, target) hits)?
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from recommendations.engines.blend import HOME, Blend, Model, Request, best
from recommendations.engines.history import History
from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Bools, Floats, Ints
from recommendations.engines.popularity import Popularity

DEPTH = 10
DISCOUNT = 1 / np.log2(np.arange(DEPTH) + 2)
# Enough for an interval of about ±.02 of NDCG, and the time a training spends on it stays bounded.
MOST_CUSTOMERS = 750
RESAMPLES = 1_000
SEED = 20_261_120
# What the blend has to beat: the simple answers that need no learning.
BASELINES: Mapping[str, Blend] = {
    "popularity": {Popularity.name: 1.0},
    "history": {History.name: 1.0, Popularity.name: 0.5},
}


@dataclass(frozen=True, slots=True)
class Target:
    """What one customer bought next: ascending product positions."""

    customer: int
    products: Ints


@dataclass(frozen=True, slots=True)
class Measured:
    """HR@10 and NDCG@10 of one method, one entry per customer (NEW has those with a new product in the target)."""

    all_hits: Floats
    all_ndcg: Floats
    new_hits: Floats
    new_ndcg: Floats

    def figures(self) -> dict[str, float]:
        """Means, as the manifest keeps them; a mean over nobody is 0."""
        values = {
            "all_hr": self.all_hits,
            "all_ndcg": self.all_ndcg,
            "new_hr": self.new_hits,
            "new_ndcg": self.new_ndcg,
        }
        return {name: round(float(value.mean()), 4) if len(value) else 0.0 for name, value in values.items()}


def targets(interactions: Interactions, days: float, at_most: int = MOST_CUSTOMERS) -> list[Target]:
    """The first baskets of the last ``days`` of customers known before, of products sold before; a seeded sample."""
    past = interactions.older_than(days)
    sold = np.bincount(past.product, minlength=interactions.shape[1]) > 0
    known = np.bincount(past.customer[past.customer >= 0], minlength=interactions.shape[0]) > 0
    window = interactions.where((interactions.age <= days) & (interactions.customer >= 0))
    window = window.where(known[window.customer] & sold[window.product]) if len(window) else window
    found = list(_first_baskets(window))
    if len(found) > at_most:
        chosen = np.random.default_rng(SEED).choice(len(found), at_most, replace=False)
        found = [found[row] for row in np.sort(chosen)]
    return found


def _first_baskets(window: Interactions) -> Iterator[Target]:
    """Each customer's oldest basket."""
    order = np.lexsort((window.product, window.basket, -window.age, window.customer))
    customer, basket, product = window.customer[order], window.basket[order], window.product[order]
    edges = np.flatnonzero(np.diff(customer, prepend=-1, append=-1))
    for begin, end in pairwise(edges):
        first = basket[begin:end] == basket[begin]
        yield Target(int(customer[begin]), np.unique(product[begin:end][first]))


def measure(
    model: Model, bought: sp.csr_array, wanted: Sequence[Target], methods: Mapping[str, Blend]
) -> dict[str, Measured]:
    """Every method of ``methods`` on the same targets; ``bought`` is the training's customers × products.

    All but the baselines leave out what serving would hide: durables that the customer owns.
    """
    judged: dict[str, list[tuple[float, ...]]] = {method: [] for method in methods}
    engines = {name: 1.0 for blend in methods.values() for name in blend}
    for target in wanted:
        owned = bought.indices[bought.indptr[target.customer] : bought.indptr[target.customer + 1]]
        request = Request(HOME, customer=target.customer)
        names, unit = model.contributions(model.context(request), engines)
        hidden = model.hidden(request)
        for method, blend in methods.items():
            scores = np.array([blend.get(name, 0) for name in names], np.float32) @ unit
            if method not in BASELINES:
                scores[hidden] = 0
            judged[method].append(_judge(scores, owned, target.products))
    return {method: _collect(rows) for method, rows in judged.items()}


def _judge(scores: Floats, owned: Ints, target: Ints) -> tuple[float, ...]:
    """HR and NDCG for ALL, then for NEW; the latter are NaN when the target holds nothing new."""
    wanted = np.zeros(len(scores), np.bool_)
    wanted[target] = True
    every = _hit_and_gain(best(scores, DEPTH), wanted, len(target))
    wanted[owned] = False
    new = int(wanted[target].sum())
    if not new:
        return (*every, np.nan, np.nan)
    scores[owned] = 0
    return (*every, *_hit_and_gain(best(scores, DEPTH), wanted, new))


def _hit_and_gain(ranked: Ints, wanted: Bools, size: int) -> tuple[float, float]:
    hits = wanted[ranked]
    gain = (hits * DISCOUNT[: len(ranked)]).sum() / DISCOUNT[: min(DEPTH, size)].sum()
    return float(hits.any()), float(gain)


def _collect(rows: Sequence[tuple[float, ...]]) -> Measured:
    table = np.array(rows, np.float32).reshape(-1, 4)
    new = table[~np.isnan(table[:, 2])]
    return Measured(table[:, 0], table[:, 1], new[:, 2], new[:, 3])


def gain_interval(better: Floats, worse: Floats, confidence: float = 0.95) -> tuple[float, float]:
    """Paired bootstrap: the interval of the mean difference ``better`` − ``worse`` over the same customers."""
    if not len(better):
        return 0.0, 0.0
    difference = better - worse
    rows = np.random.default_rng(SEED).integers(0, len(difference), (RESAMPLES, len(difference)))
    low, high = np.quantile(difference[rows].mean(axis=1), [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
