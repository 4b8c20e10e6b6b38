"""From a question to an answer, in stages.

candidates → eligibility → anti-stalking → blend → the merchant's steering → diversity → one explored product → reasons

Every engine gives every product a score, so the blend is the list of candidates, and a stage takes some of them out
or moves them. :func:`recommend` is what serves; :func:`explain` goes the same way and notes what became of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from random import Random

import numpy as np

from recommendations.engines.als import Als
from recommendations.engines.anti_stalking import Drop, anti_stalking
from recommendations.engines.blend import Model, best
from recommendations.engines.interface import NO_PRODUCTS, NOTHING, Bools, Context, Floats, Ints
from recommendations.engines.popularity import CategoryPopularity, Popularity
from recommendations.engines.request import Dropped, Explanation, Ranked, Request
from recommendations.engines.steering import Steering

ELIGIBILITY, STEERING, DIVERSITY, RANK = "eligibility", "steering", "diversity", "rank"
RANKED, PINNED, EXPLORED = "ranked", "pinned", "explored"
# How much of its score a product loses beside one that is just like it. On Online Retail .1 costs nothing, .3 1.5 %
# of NDCG@10.
ALIKE_COSTS = 0.1
# From how many candidates a place is filled, and how many an explanation tells of.
POOL_PER_PLACE, FEWEST_IN_POOL, TRACED = 4, 40, 60
# A product that is buried keeps its order among its like, behind everything that has any score.
BURIED = np.float32(1e-6)
# A short list has no place to give away.
EXPLORES_FROM = 6


def recommend(model: Model, request: Request) -> list[Ranked]:
    """At most ``limit`` products, best first; never one that a stage took out."""
    return _Run(model, request).answer()


def explain(model: Model, request: Request) -> Explanation:
    """The same answer, and at which stage each other candidate was dropped, for which reason."""
    run = _Run(model, request, is_traced=True)
    answer = run.answer()
    shown = {ranked.product for ranked in answer}
    return Explanation(answer, [dropped for dropped in run.fates() if dropped.product not in shown])


class _Run:
    """One question on its way. ``total`` is what every product scores; 0 once it is out."""

    def __init__(self, model: Model, request: Request, *, is_traced: bool = False) -> None:
        self.model, self.request = model, request
        self.context: Context = replace(model.context(request), elapsed=request.elapsed)
        self.names, self.contributions = model.contributions(self.context, model.blend_of(request.placement))
        self.total: Floats = self.contributions.sum(axis=0)
        self.blended: Floats | None = self.total.copy() if is_traced else None
        self.dropped: dict[int, tuple[str, str]] = {}
        self.pool: Ints = NO_PRODUCTS  # those that a place was filled from

    def answer(self) -> list[Ranked]:
        """All stages after the blend, in order."""
        for stage, code, where in chain(eligibility(self.request), anti_stalking(self.model, self.request)):
            self._drop(stage, code, where)
        self._steer(self.request.steering)
        pinned = self._pinned(self.request.steering)
        chosen = self._diverse(self.request.limit, pinned)
        chosen, placed = _placed(chosen, pinned, self.request.limit)
        self._explore(chosen, placed)
        return self._with_reasons(np.array(chosen, np.int32), placed)

    def fates(self) -> Iterator[Dropped]:
        """What became of the most promising candidates, in the order of their scores."""
        assert self.blended is not None
        for product in best(self.blended, TRACED):
            stage, code = self.dropped.get(int(product), (RANK, "others_rank_higher"))
            yield Dropped(int(product), round(float(self.blended[product]), 6), stage, code)

    def _drop(self, stage: str, code: str, where: Bools | Ints) -> None:
        if self.blended is not None:
            gone = np.flatnonzero(where) if where.dtype == np.bool_ else where
            for product in gone:
                self.dropped.setdefault(int(product), (stage, code))
        self.total[where] = 0

    def _steer(self, steering: Steering) -> None:
        for code, mask in steering.barred.items():
            self._drop(STEERING, code, mask)
        if steering.factor is not None:
            self.total *= steering.factor
        if steering.buried is not None:
            self.total[steering.buried] *= BURIED

    def _pinned(self, steering: Steering) -> list[tuple[int, int]]:
        """Pins whose product is still in; whatever its score was, nobody else gets its place."""
        return [(slot, product) for slot, product in steering.pinned if self.total[product] > 0]

    def _diverse(self, limit: int, pinned: Sequence[tuple[int, int]]) -> list[int]:
        """The best products that are not all alike, those of the pins left out."""
        taken = [product for _slot, product in pinned]
        size = max(limit * POOL_PER_PLACE, FEWEST_IN_POOL)
        pool = best(self.total, size + len(taken))
        chosen = self._choose(pool, limit, taken)
        if len(chosen) < limit and len(pool) >= size:
            # Caps used the pool up: look at everything.
            chosen = self._choose(best(self.total, len(self.total)), limit, taken)
        self.pool = pool
        self._note_alike(pool, chosen)
        return chosen

    def _choose(self, pool: Ints, limit: int, taken: Sequence[int]) -> list[int]:
        """Greedily the best of ``pool``, each costing those that are like it (maximal marginal relevance)."""
        worth, nearest = self.total[pool].copy(), np.zeros(len(pool), np.float32)
        caps = _Caps(pool, self.request.steering, _category(self.model))
        alike = _Likeness(self.model, pool)
        for product in taken:
            caps.count(product)
            worth[pool == product] = 0
        chosen: list[int] = []
        while len(chosen) < min(limit, len(pool)):
            value = worth * (1 - np.float32(ALIKE_COSTS) * nearest) * caps.open
            place = int(value.argmax())
            if value[place] <= 0:
                break
            chosen.append(int(pool[place]))
            worth[place] = 0
            caps.count(chosen[-1])
            np.maximum(nearest, alike.to(place), out=nearest)
        return chosen

    def _note_alike(self, pool: Ints, chosen: Sequence[int]) -> None:
        if self.blended is not None:
            for product in set(pool[: len(chosen)].tolist()) - set(chosen):
                self.dropped.setdefault(product, (DIVERSITY, "alike_or_capped"))

    def _explore(self, chosen: list[int], placed: list[str]) -> None:
        """The last place goes to one of the runners-up, by lot: what nobody sees, nobody can come to like."""
        seed = self.request.seed
        if seed is None or self.request.limit < EXPLORES_FROM or len(chosen) < self.request.limit:
            return
        if placed[-1] != RANKED:
            return
        others = self.pool[~np.isin(self.pool, chosen)]
        caps = _Caps(others, self.request.steering, _category(self.model))
        for product in chosen[:-1] if caps.are_any else ():
            caps.count(product)
        chances = caps.open * _unseen(self.model, others)
        if chances.sum() > 0:
            lot = Random(seed)  # noqa: S311  # what is shown, not what is secret
            chosen[-1] = lot.choices(others.tolist(), chances.tolist())[0]
            placed[-1] = EXPLORED

    def _with_reasons(self, top: Ints, placed: Sequence[str]) -> list[Ranked]:
        sources = [self.names[row] for row in self.contributions[:, top].argmax(axis=0)] if len(top) else []
        reasons = self.model.reasons(self.request, self.context, top, sources)
        return [
            Ranked(int(product), round(float(self.total[product]), 6), *reason, place)
            for product, reason, place in zip(top, reasons, placed, strict=True)
        ]


def eligibility(request: Request) -> Iterator[Drop]:
    """What cannot be shown at all."""
    if request.eligible is not None:
        yield ELIGIBILITY, "unavailable", ~request.eligible
    if request.within is not None:
        yield ELIGIBILITY, "elsewhere", ~request.within
    if request.product is not None:
        yield ELIGIBILITY, "looked_at", np.array([request.product], np.int32)
    yield ELIGIBILITY, "in_basket", _ints(request.basket)
    yield ELIGIBILITY, "excluded", _ints(request.excluded)


def _ints(positions: Sequence[int]) -> Ints:
    return np.fromiter(positions, np.int32, len(positions))


def _placed(chosen: list[int], pinned: Sequence[tuple[int, int]], limit: int) -> tuple[list[int], list[str]]:
    """The ranked products with the pinned ones at their slots, and who put each there."""
    row, placed = list(chosen), [RANKED] * len(chosen)
    for slot, product in sorted(pinned):
        if slot < limit and product not in row:
            row.insert(slot, product)
            placed.insert(slot, PINNED)
    return row[:limit], placed[:limit]


class _Caps:
    """Which products of a pool may still be chosen under the merchant's caps."""

    def __init__(self, pool: Ints, steering: Steering, category: Ints | None) -> None:
        self.open: Floats = np.ones(len(pool), np.float32)
        self._pool, self._steering = pool, steering
        self._category = category if steering.most_per_category is not None else None
        self._counted = [0] * len(steering.caps)
        self._by_category: dict[int, int] = {}

    @property
    def are_any(self) -> bool:
        return bool(self._steering.caps) or self._category is not None

    def count(self, product: int) -> None:
        """``product`` takes a place."""
        for number, (members, most) in enumerate(self._steering.caps):
            self._counted[number] += bool(members[product])
            if self._counted[number] >= most:
                self.open[members[self._pool]] = 0
        if self._category is not None and (category := int(self._category[product])) != NOTHING:
            self._by_category[category] = count = self._by_category.get(category, 0) + 1
            if count >= (self._steering.most_per_category or 0):
                self.open[self._category[self._pool] == category] = 0


class _Likeness:
    """How alike the products of a pool are, 0 to 1: by what the same people buy, and by category."""

    def __init__(self, model: Model, pool: Ints) -> None:
        als = model.engines.get(Als.name)
        factors = als.products[pool] if isinstance(als, Als) else np.zeros((len(pool), 1), np.float32)
        self._factors = _normalised(factors)
        category = _category(model)
        self._category = None if category is None else category[pool]

    def to(self, place: int) -> Floats:
        """Of every product of the pool to the one at ``place``."""
        taste: Floats = np.maximum(self._factors @ self._factors[place], 0)
        if self._category is None or self._category[place] == NOTHING:
            return taste
        alike: Floats = np.float32(0.5) * (taste + (self._category == self._category[place]))
        return alike


def _normalised(vectors: Floats) -> Floats:
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    normal: Floats = vectors / np.maximum(length, np.float32(1e-9))[:, None]
    return normal


def _category(model: Model) -> Ints | None:
    engine = model.engines.get(CategoryPopularity.name)
    return engine.category if isinstance(engine, CategoryPopularity) else None


def _unseen(model: Model, products: Ints) -> Floats:
    """The chance of each to be explored: the less it sells, the more there is to learn."""
    popularity = model.engines.get(Popularity.name)
    sold = popularity.recent[products] if isinstance(popularity, Popularity) else np.zeros(len(products), np.float32)
    chance: Floats = np.float32(1) / (1 + sold)
    return chance
