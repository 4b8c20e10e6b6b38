"""The nearest sessions of the past, and what was in them: a family of four.

* SKNN: the cosine of two sets of products. Jannach, Ludewig 2017, "When Recurrent Neural Networks meet the
  Neighborhood for Session-Based Recommendation".
* V-SKNN: what was looked at last counts most. Ludewig, Jannach 2018, "Evaluation of Session-based Recommendation
  Algorithms".
* STAN: so do sessions of late, and what stood near the common product. Garg, Gupta, Malhotra, Vig, Shroff 2019,
  "Sequence and Time Aware Neighborhood for Session-based Recommendations".
* V-STAN: STAN with two ideas of V-SKNN: neighbours that meet the end of the session count more, and seldom seen
  products do. Ludewig, Mauro, Latifi, Jannach 2021, "Empirical analysis of session-based recommendation algorithms".

With the current session's distinct products i, seen last s(i) steps before its end, a past session n, of age t(n),
with the products N, last seen at places n(i):

    similarity(n) = Σ_{i ∈ N} decay(s(i), position) / √|N| × exp(−t(n) / recency)
    score(j) = Σ_n similarity(n) × decay(min_{i ∈ N} s(i), match) × exp(−|n(j) − max_{i ∈ N} n(i)| / closeness)
               × (1 + rarity × log(sessions / sessions with j)) × (again if j is in the current session)

over the most similar sessions n among the newest that have a product in common. decay(s, x) is exp(−s / x), or in the
linear variant 1 − s / length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engines.interface import NO_PRODUCTS, Floats, Ints
from recommendations.engines.sessions.index import FARTHEST, Index

# Looked at so many products ago, a product says nothing more, nor does one that counts a thousandth of another: both
# bound what an answer costs.
MOST_CLICKS = 20
# A scale so wide that nothing decays; a number, because a model of infinities is refused.
FLAT = 1e9
LEAST_SHARE = 1e-3


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the family: ``neighbours`` of the newest ``sample`` sessions with a product in common, and the decays."""

    neighbours: int = 500
    sample: int = 5_000
    cosine: bool = True
    linear: bool = False
    position: float = FLAT
    match: float = FLAT
    recency_days: float = FLAT
    closeness: float = FLAT
    rarity: float = 0.0
    again: float = 1.0

    def decays(self, steps: NDArray[np.integer], length: int, scale: float) -> Floats:
        """The weight of what was ``steps`` before the end of a session of ``length``."""
        return (1 - steps / length if self.linear else np.exp(-steps / scale)).astype(np.float32)


SKNN = Variant()
V_SKNN = Variant(cosine=False, linear=True, rarity=1.0)
STAN = Variant(position=1.0, recency_days=10.0, closeness=2.0)
V_STAN = Variant(position=1.0, match=1.0, recency_days=10.0, closeness=2.0, rarity=1.0)
VARIANTS: Mapping[str, Variant] = {"sknn": SKNN, "v-sknn": V_SKNN, "stan": STAN, "v-stan": V_STAN}


@dataclass(frozen=True, slots=True)
class Current:
    """The current session: distinct products, the newest first, how many steps ago each was seen last, and weights."""

    products: Ints
    steps: Ints
    weights: Floats
    length: int

    @classmethod
    def of(cls, clicks: Ints, weights: Floats | None = None) -> Self:
        """From products in the order in which they were looked at; ``weights``: how much each look says, 1 by default."""
        steps = {int(product): step for step, product in reversed(list(enumerate(clicks[::-1])))}
        newest = sorted(steps.items(), key=lambda pair: pair[1])[:MOST_CLICKS]
        ago = np.array([step for _product, step in newest], np.int32)
        said = np.ones(len(ago), np.float32) if weights is None else np.asarray(weights, np.float32)[::-1][ago]
        return cls(np.array([product for product, _step in newest], np.int32), ago, said, len(clicks))


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Sessions of the past, how similar they are, which of the current products is the newest they hold (its row in
    :class:`Current`), and at which place they hold the last of them."""

    sessions: Ints
    similarity: Floats
    match: Ints
    place: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SessionNeighbours:
    """One of the family on the sessions of one shop."""

    index: Index
    variant: Variant

    def scores(self, current: Current) -> Floats | None:
        """How likely each product is looked at next, unscaled, shape (products,); None when no session is alike."""
        found = self.neighbours(current)
        if not len(found.sessions):
            return None
        products, given, _neighbour = self._given(found, current)
        scores = np.bincount(products, given, minlength=len(self.index.rarity)).astype(np.float32)
        if self.variant.rarity:
            scores *= 1 + np.float32(self.variant.rarity) * self.index.rarity
        scores[current.products] *= np.float32(self.variant.again)
        return scores

    def because(self, current: Current, products: Ints) -> Ints:
        """For each product the row of ``current`` whose sessions speak most for it, −1 where none does."""
        found = self.neighbours(current)
        table = np.zeros((len(products), max(len(current.products), 1)), np.float32)
        if len(found.sessions):
            row_of = np.full(len(self.index.rarity), -1, np.int32)
            row_of[products] = np.arange(len(products))
            held, given, neighbour = self._given(found, current)
            asked = row_of[held] >= 0
            np.add.at(table, (row_of[held[asked]], found.match[neighbour[asked]]), given[asked])
        return np.where(table.max(axis=1) > 0, table.argmax(axis=1), -1).astype(np.int32)

    def neighbours(self, current: Current) -> Neighbours:
        """The most similar sessions of the past."""
        index, variant = self.index, self.variant
        weights = variant.decays(current.steps, current.length, variant.position) * current.weights
        sessions, row, place = self._candidates(current, weights)
        if not len(sessions):
            return Neighbours(NO_PRODUCTS, np.empty(0, np.float32), NO_PRODUCTS, np.empty(0, np.uint8))
        starts = np.flatnonzero(np.diff(sessions, prepend=-1))
        if len(starts) > variant.sample:  # they ascend, and 0 is the newest
            end = starts[variant.sample]
            sessions, row, place, starts = sessions[:end], row[:end], place[:end], starts[: variant.sample]
        similarity = np.add.reduceat(weights[row], starts)
        found = sessions[starts]
        if variant.cosine:
            similarity /= np.sqrt(index.starts[found + 1] - index.starts[found]).astype(np.float32)
        if variant.recency_days < FLAT:
            similarity *= np.exp(index.ages[found] / np.float32(-variant.recency_days))
        match, last = np.minimum.reduceat(row, starts), np.maximum.reduceat(place, starts)
        if len(found) > variant.neighbours:
            best = np.argpartition(-similarity, variant.neighbours)[: variant.neighbours]
            found, similarity, match, last = found[best], similarity[best], match[best], last[best]
        return Neighbours(found, similarity, match, last)

    def _candidates(self, current: Current, weights: Floats) -> tuple[Ints, Ints, NDArray[np.uint8]]:
        """Sessions with a product in common, ascending, once per common product; its row in ``current``, its place."""
        index = self.index
        begins = index.product_starts[current.products]
        counts = np.minimum(index.product_starts[current.products + 1] - begins, self.variant.sample)
        known = np.where(counts > 0, weights, 0)
        counts[known < LEAST_SHARE * known.max(initial=0)] = 0
        at = ranges(begins, counts)
        sessions, row = index.holders[at], np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        if len(counts) == 1:  # the first look: they ascend already
            return sessions, row, index.holder_places[at]
        order = np.argsort(sessions, kind="stable")
        return sessions[order], row[order], index.holder_places[at][order]

    def _given(self, found: Neighbours, current: Current) -> tuple[Ints, Floats, Ints]:
        """What each neighbour gives to each of its products: product, how much, and the neighbour's row."""
        index, variant = self.index, self.variant
        begins = index.starts[found.sessions]
        counts = index.starts[found.sessions + 1] - begins
        at = ranges(begins, counts)
        neighbour = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        given = found.similarity * variant.decays(current.steps, current.length, variant.match)[found.match]
        given = given[neighbour]
        if variant.closeness < FLAT:
            away = np.abs(index.places[at].astype(np.int16) - found.place[neighbour])
            given *= np.exp(np.arange(FARTHEST + 1) / -variant.closeness).astype(np.float32)[away]
        return index.products[at], given, neighbour


def ranges(begins: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """begins[0], begins[0] + 1, … (counts[0] numbers), begins[1], …"""
    ends = counts.cumsum()
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(begins - ends + counts, counts) + np.arange(total)
