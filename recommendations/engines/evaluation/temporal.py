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
from typing import Self

import numpy as np
import scipy.sparse as sp

from recommendations.engines.blend import Model, best
from recommendations.engines.blends import Blend
from recommendations.engines.evaluation.asked import Asked
from recommendations.engines.evaluation.intervals import SEED
from recommendations.engines.evaluation.lists import Answers, Collector, coverage
from recommendations.engines.history import History
from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Floats, Ints
from recommendations.engines.popularity import Popularity
from recommendations.engines.request import HOME, Request

DEPTH = 10
# Half of them are enough for an interval of about ±.02 of NDCG, and the time a training spends on it stays bounded.
MOST_CUSTOMERS = 1_000
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
    """HR@10 and NDCG@10 of one method, one entry per customer (NEW has those with a new product in the target).

    Coverage is the share of all products that stand in anybody's list.
    """

    all_hits: Floats
    all_ndcg: Floats
    new_hits: Floats
    new_ndcg: Floats
    all_coverage: float = 0.0
    new_coverage: float = 0.0

    def figures(self) -> dict[str, float]:
        """Means, as the manifest keeps them; a mean over nobody is 0."""
        values = {
            "all_hr": self.all_hits,
            "all_ndcg": self.all_ndcg,
            "new_hr": self.new_hits,
            "new_ndcg": self.new_ndcg,
        }
        means = {name: round(float(value.mean()), 4) if len(value) else 0.0 for name, value in values.items()}
        return means | {"all_coverage": round(self.all_coverage, 4), "new_coverage": round(self.new_coverage, 4)}


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


@dataclass(frozen=True, slots=True)
class Ranked:
    """The lists of one method: ALL, and NEW without what the customer had bought before."""

    every: Answers
    new: Answers

    def joined(self, other: Self) -> Self:
        """The cases of both."""
        return type(self)(self.every.joined(other.every), self.new.joined(other.new))


def measure(
    model: Model,
    bought: sp.csr_array,
    wanted: Sequence[Target],
    methods: Mapping[str, Blend],
    discover: Mapping[str, Blend] | None = None,
) -> dict[str, Measured]:
    """Every method of ``methods`` on the same targets, see :func:`rank`."""
    return judged(rank(model, bought, wanted, methods, discover), model.products)


def judged(ranked: Mapping[str, Ranked], products: int) -> dict[str, Measured]:
    """The figures of every method's lists."""
    return {method: _measured(lists, products) for method, lists in ranked.items()}


def _measured(lists: Ranked, products: int) -> Measured:
    return Measured(
        lists.every.hit_rates(),
        lists.every.gains(),
        lists.new.hit_rates(),
        lists.new.gains(),
        coverage(lists.every, products),
        coverage(lists.new, products),
    )


def rank(
    model: Model,
    bought: sp.csr_array,
    wanted: Sequence[Target],
    methods: Mapping[str, Blend],
    discover: Mapping[str, Blend] | None = None,
    *,
    depth: int = DEPTH,
) -> dict[str, Ranked]:
    """The lists of every method for every target; ``bought`` is the training's customers × products.

    ``discover`` names the blends that rank NEW where they are not those of ``methods``. All but the
    baselines leave out what serving would hide: durables that the customer owns.
    """
    new_methods = {**methods, **(discover or {})}
    every, new = ({method: Collector(depth) for method in methods} for _ in range(2))
    for target in wanted:
        owned = bought.indices[bought.indptr[target.customer] : bought.indptr[target.customer + 1]]
        request = Request(HOME, customer=target.customer)
        asked = Asked(model, model.context(request))
        durables, unknown = model.hidden(request), np.setdiff1d(target.products, owned)
        for method in methods:
            scores = asked.scores(methods[method])
            if method not in BASELINES:
                scores[durables] = 0
            every[method].add(target.customer, best(scores, depth), target.products)
            if len(unknown):
                scores = asked.scores(new_methods[method])
                scores[owned] = 0
                new[method].add(target.customer, best(scores, depth), unknown)
    return {method: Ranked(every[method].answers(), new[method].answers()) for method in methods}
