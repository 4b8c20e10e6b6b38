"""Figures of ranked lists: how often, how far up, and how varied.

Per case (a customer's next order, a click of a session) a method ranks products, and some products
were wanted. With binary gains, depth k and the list's hits:

* ``hr``: is one of the wanted in the list?
* ``ndcg``: Σ 1/log2(place + 1) over hits, beside the same of a list that holds min(k, wanted) hits,
* ``recall``: which share of the wanted is in the list?
* ``mrr``: 1 / the place of the first hit,
* ``coverage``: which share of all products is in any list?
* ``novelty``: the mean of −log2(share of people who know the product): how far from the beaten track,
* ``distance``: the mean of 1 − cosine over all pairs of a list, of who bought the one and who bought the other,
* ``serendipity``: which share of a list are hits that the list of the most popular products does not hold?
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommendations.engines.evaluation.intervals import SEED, mean_interval
from recommendations.engines.interface import NOTHING, Bools, Floats, Ints

# Distances within lists cost the square of a list; a sample of lists says as much.
MOST_LISTS = 1_000


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value; ``low`` and ``high`` are its 95 % interval, None where a figure is not a mean over people."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What one method answered, case by case.

    ``ranked`` (cases, depth): product positions, the best first, −1 after the end of a short list;
    ``hits`` (cases, depth): whether that product was wanted; ``wanted`` (cases,): how many were;
    ``unit`` (cases,): whose case it is. Cases of one unit are not independent.
    """

    ranked: Ints
    hits: Bools
    wanted: Ints
    unit: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.wanted)

    @property
    def says_anything(self) -> bool:
        return bool((self.ranked != NOTHING).any())

    @property
    def depth(self) -> int:
        return int(self.ranked.shape[1])

    def joined(self, other: Self) -> Self:
        """The cases of both."""
        parts = ((getattr(self, name), getattr(other, name)) for name in ("ranked", "hits", "wanted", "unit"))
        return type(self)(*(np.concatenate(pair) for pair in parts))

    def hit_rates(self) -> Floats:
        return np.asarray(self.hits.any(axis=1), np.float32)

    def gains(self) -> Floats:
        """NDCG of each case."""
        discount = 1 / np.log2(np.arange(self.depth) + 2)
        ideal = discount.cumsum()[np.minimum(self.wanted, self.depth) - 1]
        return np.asarray((self.hits @ discount) / ideal, np.float32)

    def recalls(self) -> Floats:
        return np.asarray(self.hits.sum(axis=1) / self.wanted, np.float32)

    def reciprocal_ranks(self) -> Floats:
        first = self.hits.argmax(axis=1)
        return np.asarray(np.where(self.hits.any(axis=1), 1 / (first + 1), 0), np.float32)


@dataclass(slots=True)
class Collector:
    """Gathers the answers of one method."""

    depth: int
    _ranked: list[Ints] = field(default_factory=list)
    _hits: list[Bools] = field(default_factory=list)
    _wanted: list[int] = field(default_factory=list)
    _unit: list[int] = field(default_factory=list)

    def add(self, unit: int, ranked: Ints, wanted: Ints) -> None:
        """One case: ``ranked`` is the method's list, ``wanted`` (at least one product) what should be in it."""
        row = np.full(self.depth, NOTHING, np.int32)
        row[: min(len(ranked), self.depth)] = ranked[: self.depth]
        self._ranked.append(row)
        self._hits.append(np.isin(row, wanted))
        self._wanted.append(len(wanted))
        self._unit.append(unit)

    def answers(self) -> Answers:
        return Answers(
            np.array(self._ranked, np.int32).reshape(-1, self.depth),
            np.array(self._hits, np.bool_).reshape(-1, self.depth),
            np.array(self._wanted, np.int32),
            np.array(self._unit, np.int64),
        )


@dataclass(frozen=True, slots=True)
class Range:
    """What is known of the products that were ranked: who bought them in the time of the training."""

    popular: Ints  # all products, the most popular first
    share: Floats  # (products,) the share of people who bought it
    buyers: sp.csr_array  # products × people, rows of length 1

    @classmethod
    def of(cls, bought: sp.csr_array, recent: Floats | None = None) -> Self:
        """From ``bought`` (people × products); ``recent``: what popularity goes by, all buyers by default."""
        columns = sp.csr_array(bought.T).sign().astype(np.float32)
        people = np.diff(columns.indptr)
        length = np.repeat(1 / np.sqrt(np.maximum(people, 1)), people).astype(np.float32)
        rows = sp.csr_array((length, columns.indices, columns.indptr), shape=columns.shape)
        order = np.argsort(-(people if recent is None else recent), kind="stable")
        return cls(order.astype(np.int32), ((people + 1) / (columns.shape[1] + 1)).astype(np.float32), rows)


def figures(answers: Answers, known: Range) -> dict[str, Figure]:
    """All figures of one method, by name."""
    if not len(answers):
        return {}
    per_case: Mapping[str, Floats] = {
        "hr": answers.hit_rates(),
        "ndcg": answers.gains(),
        "recall": answers.recalls(),
        "mrr": answers.reciprocal_ranks(),
    }
    means = {
        name: Figure(float(values.mean()), *mean_interval(values, answers.unit)) for name, values in per_case.items()
    }
    return means | {
        "coverage": Figure(coverage(answers, len(known.share))),
        "novelty": Figure(novelty(answers, known)),
        "distance": Figure(distance(answers, known)),
        "serendipity": Figure(serendipity(answers, known)),
    }


def coverage(answers: Answers, products: int) -> float:
    shown = np.unique(answers.ranked[answers.ranked != NOTHING])
    return len(shown) / max(products, 1)


def novelty(answers: Answers, known: Range) -> float:
    shown = answers.ranked[answers.ranked != NOTHING]
    return float(-np.log2(known.share[shown]).mean()) if len(shown) else 0.0


def serendipity(answers: Answers, known: Range) -> float:
    expected = np.isin(answers.ranked, known.popular[: answers.depth])
    return float((answers.hits & ~expected).mean())


def distance(answers: Answers, known: Range) -> float:
    """Over at most a thousand lists of at least two products."""
    long = np.flatnonzero((answers.ranked != NOTHING).sum(axis=1) > 1)
    if len(long) > MOST_LISTS:
        long = np.random.default_rng(SEED).choice(long, MOST_LISTS, replace=False)
    return float(np.mean([_apart(answers.ranked[row], known.buyers) for row in long])) if len(long) else 0.0


def _apart(ranked: Ints, buyers: sp.csr_array) -> float:
    rows = buyers[ranked[ranked != NOTHING]]
    alike = np.asarray((rows @ rows.T).todense())
    pairs = len(alike) * (len(alike) - 1)
    return float(1 - (alike.sum() - alike.trace()) / pairs)
