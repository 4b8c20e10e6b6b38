"""From a question to an answer, in stages.

candidates → eligibility → anti-stalking → blend → the merchant's steering → diversity → one explored product → reasons

Of a small range every engine scores every product; of a big one those that some engine puts forward (see
:mod:`.shortlist`), and all of them only where that list runs short. :func:`recommend` is what serves; :func:`explain`
answers the same, and goes all the way with every product to note what became of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from recommendations.engines.als import Als
from recommendations.engines.anti_stalking import Drop, anti_stalking
from recommendations.engines.blend import Model, best
from recommendations.engines.interface import NO_PRODUCTS, NOTHING, Bools, Context, Floats, Ints
from recommendations.engines.popularity import CategoryPopularity, Popularity, Range
from recommendations.engines.request import Dropped, Explanation, Ranked, Request
from recommendations.engines.shortlist import SMALL
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
# So many more than a pool holds does every engine put on a short list.
SPARE = 16
# Products of a pool that are compared with each other at once.
MOST_AT_ONCE = 256
# A short answer has no place to give away.
EXPLORES_FROM = 6
# So many lots there are; a seed times the golden ratio of them scatters neighbouring seeds evenly (Knuth, TAOCP 3, 6.4).
LOTS, SCATTERS = 2**32, 2_654_435_769


def recommend(model: Model, request: Request) -> list[Ranked]:
    """At most ``limit`` products, best first; never one that a stage took out."""
    if model.products <= SMALL:
        return _Run(model, request).answer()
    run = _Run(model, request, is_short=True)
    answer = run.answer()
    return _Run(model, request).answer() if run.ran_out else answer


def explain(model: Model, request: Request) -> Explanation:
    """The same answer, and at which stage each other candidate was dropped, for which reason."""
    answer, run = recommend(model, request), _Run(model, request, is_traced=True)
    run.answer()
    shown = {ranked.product for ranked in answer}
    return Explanation(answer, [dropped for dropped in run.fates() if dropped.product not in shown])


class _Run:
    """One question on its way, about all products or a short list of them.

    ``products`` are those it is about. All that is kept of them has one entry for each, and a place is a position in it:
    ``total`` is what a product scores, 0 once it is out. ``ran_out``: a longer list might have had a better answer.
    """

    def __init__(self, model: Model, request: Request, *, is_short: bool = False, is_traced: bool = False) -> None:
        self.model, self.request, self.is_short = model, request, is_short
        self.context: Context = model.context(request)
        self.size = max(request.limit * POOL_PER_PLACE, FEWEST_IN_POOL)
        self.dropped: dict[int, tuple[str, str]] | None = {} if is_traced else None
        is_open = self._open()
        blend = model.blend_of(request.placement)
        if is_short:
            few = _places(is_open) if np.count_nonzero(is_open) <= SMALL else None
            self.is_whole = few is not None
            allowed, besides = self._wanted(is_open, few)
            self.names, self.contributions, self.products = model.shortlisted(
                self.context, blend, allowed, self.size + SPARE, besides
            )
        else:
            self.is_whole = True
            self.names, self.contributions = model.contributions(self.context, blend)
            self.products = np.arange(model.products, dtype=np.int32)
        self.total: Floats = self.contributions.sum(axis=0)
        self.blended: Floats | None = self.total.copy() if is_traced else None
        self.total *= is_open[self.products]
        self._steer(request.steering)
        self.pool: Ints = NO_PRODUCTS  # places of those that a slot was filled from
        self.ran_out = False

    def answer(self) -> list[Ranked]:
        """All stages after the blend and what it leaves out, in order."""
        pinned = self._pinned(self.request.steering)
        chosen = self._diverse(self.request.limit, pinned)
        chosen, placed = _placed(chosen, pinned, self.request.limit)
        self._explore(chosen, placed)
        return self._with_reasons(np.array(chosen, np.int32), placed)

    def fates(self) -> Iterator[Dropped]:
        """What became of the most promising candidates, in the order of their scores."""
        assert self.blended is not None
        assert self.dropped is not None
        for place in best(self.blended, TRACED):
            product = int(self.products[place])
            stage, code = self.dropped.get(product, (RANK, "others_rank_higher"))
            yield Dropped(product, round(float(self.blended[place]), 6), stage, code)

    def _open(self) -> Bools:
        """(all products,) what no stage takes out."""
        is_open: Bools = np.ones(self.model.products, np.bool_)
        barred = ((STEERING, code, mask) for code, mask in self.request.steering.barred.items())
        for stage, code, where in chain(eligibility(self.request), anti_stalking(self.model, self.request), barred):
            if self.dropped is not None:
                for product in np.flatnonzero(where) if where.dtype == np.bool_ else where:
                    self.dropped.setdefault(int(product), (stage, code))
            if where.dtype == np.bool_:
                np.greater(is_open, where, out=is_open)  # open and not among them
            else:
                is_open[where] = False
        return is_open

    def _wanted(self, is_open: Bools, few: Ints | None) -> tuple[Bools, list[Ints]]:
        """What engines may put forward, and what is on the short list whatever they say: what the merchant wants seen."""
        steering = self.request.steering
        besides = [] if few is None else [few]
        if steering.pinned:
            besides.append(_ints([product for _slot, product in steering.pinned]))
        if steering.factor is not None:
            besides.append(_places((steering.factor > 1) & is_open))
        return is_open if steering.buried is None else is_open & ~steering.buried, besides

    def _steer(self, steering: Steering) -> None:
        if steering.factor is not None:
            self.total *= steering.factor[self.products]
        if steering.buried is not None:
            self.total[steering.buried[self.products]] *= BURIED

    def _pinned(self, steering: Steering) -> list[tuple[int, int]]:
        """Slots and places of pins whose product is still in; whatever its score was, nobody else gets its slot."""
        pinned = ((slot, int(self.products.searchsorted(product))) for slot, product in steering.pinned)
        return [(slot, place) for slot, place in pinned if self.total[place] > 0]

    def _diverse(self, limit: int, pinned: Sequence[tuple[int, int]]) -> list[int]:
        """Places of the best products that are not all alike, those of the pins left out."""
        taken = [place for _slot, place in pinned]
        size = self.size + len(taken)
        pool = best(self.total, size)
        chosen = self._choose(pool, limit, taken)
        if len(chosen) < limit and len(pool) >= self.size and self.is_whole:
            # Caps used the pool up: look at everything.
            chosen = self._choose(best(self.total, len(self.total)), limit, taken)
        self.ran_out = not self.is_whole and self._is_scant(pool, chosen)
        self.pool = pool
        self._note_alike(pool, chosen)
        return chosen

    def _is_scant(self, pool: Ints, chosen: Sequence[int]) -> bool:
        """Whether caps used up what there was, or the range would have had more. What is buried fills nothing up."""
        if len(pool) >= self.size and len(chosen) < self.request.limit:
            return True
        buried = self.request.steering.buried
        few = len(pool) < self.size or (buried is not None and bool(buried[self.products[pool]].any()))
        return few and Range.name in self.names

    def _choose(self, pool: Ints, limit: int, taken: Sequence[int]) -> list[int]:
        """Greedily the best of ``pool``, each costing those that are like it (maximal marginal relevance)."""
        products, worth = self.products[pool], self.total[pool]
        caps = _Caps(products, self.request.steering, _category(self.model))
        discount = _Discount(self.model, products)
        for place in taken:
            caps.count(int(self.products[place]))
            worth[pool == place] = 0
        chosen: list[int] = []
        while len(chosen) < min(limit, len(pool)):
            value = worth * discount.now
            if caps.are_any:
                value *= caps.open
            first = int(value.argmax())
            if value[first] <= 0:
                break
            chosen.append(int(pool[first]))
            worth[first] = 0
            if caps.are_any:
                caps.count(int(products[first]))
            discount.take(first)
        return chosen

    def _note_alike(self, pool: Ints, chosen: Sequence[int]) -> None:
        if self.dropped is not None:
            for place in set(pool[: len(chosen)].tolist()) - set(chosen):
                self.dropped.setdefault(int(self.products[place]), (DIVERSITY, "alike_or_capped"))

    def _explore(self, chosen: list[int], placed: list[str]) -> None:
        """The last slot goes to one of the runners-up, by lot: what nobody sees, nobody can come to like."""
        seed = self.request.seed
        if seed is None or self.request.limit < EXPLORES_FROM or len(chosen) < self.request.limit:
            return
        if placed[-1] != RANKED:
            return
        shown = set(chosen)
        others = [place for place in self.pool.tolist() if place not in shown]
        if not others:
            return
        products = self.products[others]
        chances = _unseen(self.model, products)
        caps = _Caps(products, self.request.steering, _category(self.model))
        if caps.are_any:
            for place in chosen[:-1]:
                caps.count(int(self.products[place]))
            chances = chances * caps.open
        reached = chances.cumsum()
        if reached[-1] > 0:
            lot = seed * SCATTERS % LOTS / LOTS
            chosen[-1] = others[int(reached.searchsorted(lot * reached[-1], side="right"))]
            placed[-1] = EXPLORED

    def _with_reasons(self, chosen: Ints, placed: Sequence[str]) -> list[Ranked]:
        sources = (
            [self.names[row] for row in self.contributions[:, chosen].argmax(axis=0).tolist()] if len(chosen) else []
        )
        top = self.products[chosen]
        reasons = self.model.reasons(self.request, self.context, top, sources)
        return [
            Ranked(product, round(score, 6), *reason, place)
            for product, score, reason, place in zip(
                top.tolist(), self.total[chosen].tolist(), reasons, placed, strict=True
            )
        ]


def eligibility(request: Request) -> Iterator[Drop]:
    """What cannot be shown at all."""
    if request.eligible is not None:
        yield ELIGIBILITY, "unavailable", ~request.eligible
    if request.within is not None:
        yield ELIGIBILITY, "elsewhere", ~request.within
    if request.product is not None:
        yield ELIGIBILITY, "looked_at", np.array([request.product], np.int32)
    if request.basket:
        yield ELIGIBILITY, "in_basket", _ints(request.basket)
    if request.excluded:
        yield ELIGIBILITY, "excluded", _ints(request.excluded)


def _places(mask: Bools) -> Ints:
    return np.flatnonzero(mask).astype(np.int32)


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


class _Discount:
    """What is left of the worth of each product of a pool beside those taken; the more alike, by taste and category, the less."""

    def __init__(self, model: Model, pool: Ints) -> None:
        als = model.engines.get(Als.name)
        factors = als.products[pool] if isinstance(als, Als) else np.zeros((len(pool), 1), np.float32)
        self._factors = _normalised(factors)
        category = _category(model)
        self._category = None if category is None else category[pool]
        known = None if self._category is None else self._category != NOTHING
        self._known = None if known is None or known.all() else known
        self.now: Floats = np.ones(len(pool), np.float32)
        # At once that is cheaper than row by row, as long as it fits.
        self._all = self._left(slice(None)) if len(pool) <= MOST_AT_ONCE else None

    def take(self, place: int) -> None:
        """The product at ``place`` is in the answer."""
        left = self._left(slice(place, place + 1))[0] if self._all is None else self._all[place]
        np.minimum(self.now, left, out=self.now)

    def _left(self, rows: slice) -> Floats:
        """(rows, pool) what each of ``rows`` leaves of each of the pool."""
        alike = self._factors[rows] @ self._factors.T
        np.maximum(alike, 0, out=alike)
        if self._category is not None:
            both = np.float32(0.5) * (alike + (self._category[rows, None] == self._category))
            alike = both if self._known is None else np.where(self._known[rows, None], both, alike)
        alike *= np.float32(-ALIKE_COSTS)
        alike += 1
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
