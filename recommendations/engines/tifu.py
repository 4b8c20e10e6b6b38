"""The next basket from baskets of one's own and of people who buy alike.

Hu, He, Gao, Zhang 2020, "Modeling Personalized Item Frequency Information for Next-basket Recommendation" (TIFU-KNN):
a product counts by how often it was bought, with a decay over baskets and a second one over groups of baskets, and the
same of the nearest customers is mixed in. Time is counted in baskets here, not in days as by :mod:`.history`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import NO_PRODUCTS, NOTHING, Arrays, Bools, Context, Floats, Ints, Tick, no_tick
from recommendations.engines.neighbours import strongest_entries
from recommendations.engines.recipe import USUAL, Recipe

# Searched on the last baskets of Complete Journey (dunnhumby), 2,300 households, and of Online Retail. The paper's own values (.9 inside a
# group, 300 neighbours, .7 of one's own) are within 2 % of these.
GROUP = 7
BASKET_DECAY, GROUP_DECAY = 0.95, 0.7
NEIGHBOURS = 100
OWN_SHARE = 0.5
# Neighbours are sought among this many customers, a seeded sample of those with two baskets: more find better ones, at
# a price that grows with each.
MOST_REFERENCES = 5_000
# Everybody is compared with every one of them: of a very big shop fewer, so that it stays a matter of seconds.
FEWEST_REFERENCES, MOST_COMPARED = 500, 100_000_000
SEED = 20_261_125
CHUNK = 500
LIST_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Tifu:
    """Per customer the products of the next basket, the most likely first: CSR ``indptr``, ``products``, ``weights``.

    ``own`` says which of them the customer has bought. Who bought once has no row: one basket is no frequency.
    """

    name: ClassVar[str] = "tifu"
    effort: ClassVar[int] = 1
    later_effort: ClassVar[int] = 1

    indptr: NDArray[np.int64]
    products: Ints
    weights: Floats
    own: Bools
    size: Ints  # (1,) how many products there are

    @classmethod
    def fit(
        cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None, recipe: Recipe = USUAL
    ) -> Self:
        tick()
        own = vectors(interactions)
        rows = [_strongest(*chunk) for chunk in mixed(own)]
        counts = np.concatenate([[0], *(count for count, *_rest in rows)])
        return cls(
            indptr=counts.cumsum().astype(np.int64),
            products=np.concatenate([NO_PRODUCTS, *(row[1] for row in rows)]).astype(np.int32),
            weights=np.concatenate([np.empty(0, np.float32), *(row[2] for row in rows)]).astype(np.float32),
            own=np.concatenate([np.empty(0, np.bool_), *(row[3] for row in rows)]).astype(np.bool_),
            size=np.array([interactions.shape[1]], np.int32),
        )

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(**arrays)

    def arrays(self) -> Arrays:
        return {
            "indptr": self.indptr,
            "products": self.products,
            "weights": self.weights,
            "own": self.own,
            "size": self.size,
        }

    def listed(self, context: Context) -> tuple[Ints, Floats]:
        """What it speaks of, and how much it says of each."""
        row = self._row(context.customer)
        return self.products[row], self.weights[row]

    def scores(self, context: Context) -> Floats | None:
        products, weights = self.listed(context)
        if not len(products):
            return None
        scores = np.zeros(int(self.size[0]), np.float32)
        scores[products] = weights
        return scores

    def because(self, context: Context, products: Ints) -> Ints:
        """What the customer has bought speaks for itself; what people who buy alike bought has no one reason."""
        row = self._row(context.customer)
        own = set(self.products[row][self.own[row]].tolist())  # for a few products quicker than np.isin
        return np.array([product if product in own else NOTHING for product in products.tolist()], np.int32)

    def _row(self, customer: int | None) -> slice:
        return slice(0, 0) if customer is None else slice(self.indptr[customer], self.indptr[customer + 1])


def vectors(interactions: Interactions) -> sp.csr_array:
    """Customers × products: the decayed frequencies of customers with two baskets."""
    known = interactions.customer >= 0
    rank, baskets = _newest_first(
        interactions.customer[known], interactions.basket[known], interactions.age[known], interactions.shape[0]
    )
    customer, product = interactions.customer[known], interactions.product[known]
    often = baskets[customer] >= 2
    customer, product, rank = customer[often], product[often], rank[often]
    group, place = np.divmod(rank, GROUP)
    groups = -(-baskets[customer] // GROUP)
    weight = BASKET_DECAY**place * GROUP_DECAY**group / (groups * GROUP)
    entries = (weight.astype(np.float32), (customer, product))
    return sp.coo_array(entries, shape=interactions.shape).tocsr()


def _newest_first(customer: Ints, basket: Ints, age: Floats, customers: int) -> tuple[NDArray[np.int64], Ints]:
    """For each row how many baskets its customer has bought since, and for each customer how many baskets there are."""
    order = np.lexsort((-basket, age, customer))
    owner, number = customer[order], basket[order]
    is_next = np.ones(len(order), np.bool_)
    is_next[1:] = (owner[1:] != owner[:-1]) | (number[1:] != number[:-1])
    count = is_next.cumsum()
    before = np.zeros(customers, np.int64)
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    before[owner[first]] = count[first]
    rank = np.empty(len(order), np.int64)
    rank[order] = count - before[owner]
    return rank, np.bincount(owner[is_next], minlength=customers).astype(np.int32)


def mixed(own: sp.csr_array) -> Iterator[tuple[sp.csr_array, sp.csr_array]]:
    """Customers × products in chunks of customers: own frequencies mixed with the nearest customers', and the own."""
    length = np.asarray(own.multiply(own).sum(axis=1)).ravel()
    often = np.flatnonzero(length > 0)
    references = _sample(often, int(np.clip(MOST_COMPARED // max(len(often), 1), FEWEST_REFERENCES, MOST_REFERENCES)))
    others = own[references]
    for begin in range(0, own.shape[0], CHUNK):
        rows = np.arange(begin, min(begin + CHUNK, own.shape[0]))
        distance = length[references] - 2 * (own[rows] @ others.T).toarray()
        distance[rows[:, None] == references] = np.inf
        alike = _nearest(distance, length[rows] > 0)
        yield sp.csr_array(OWN_SHARE * own[rows] + (1 - OWN_SHARE) * (alike @ others)), own[rows]


def _sample(customers: NDArray[np.intp], at_most: int) -> NDArray[np.intp]:
    if len(customers) <= at_most:
        return customers
    return np.sort(np.random.default_rng(SEED).choice(customers, at_most, replace=False))


def _nearest(distance: Floats, asked: Bools) -> sp.csr_array:
    """Customers × references: equal shares of the nearest ones, for those who are asked about."""
    count = max(min(NEIGHBOURS, distance.shape[1] - 1), 0)
    nearest = np.argpartition(distance[asked], max(count - 1, 0), axis=1)[:, :count]
    rows = np.repeat(np.flatnonzero(asked), count)
    shares = np.full(len(rows), 1 / max(count, 1), np.float32)
    return sp.coo_array((shares, (rows, nearest.ravel())), shape=distance.shape).tocsr()


def _strongest(mixed: sp.csr_array, own: sp.csr_array) -> tuple[Ints, Ints, Floats, Bools]:
    """Per customer how many products are kept; these, the strongest first, their weights, and which ones are ``own``."""
    rows = [
        strongest_entries(mixed.indices[begin:end], mixed.data[begin:end], NOTHING, LIST_LENGTH)
        for begin, end in pairwise(mixed.indptr)
    ]
    counts = np.array([len(products) for products, _weights in rows], np.int32)
    products = np.concatenate([products for products, _weights in rows]).astype(np.int32)
    weights = np.concatenate([weights for _products, weights in rows]).astype(np.float32)
    key = np.repeat(np.arange(len(counts), dtype=np.int64), counts) * mixed.shape[1] + products
    return counts, products, weights, np.isin(key, _keys(own))


def _keys(matrix: sp.csr_array) -> NDArray[np.int64]:
    """One number per entry that tells row and column."""
    row = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    return row * matrix.shape[1] + matrix.indices
