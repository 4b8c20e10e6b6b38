"""Of a big range only a short list is scored: whatever an engine puts forward.

To score 20,000 products by every engine takes most of the time of an answer, nearly all of it for products that stand far
behind. So every engine puts its best forward, and only the union of them is scored, by all engines. What is said of a
product on the list is what would be said of it without a list: an engine's highest score, by which all of its scores are
scaled, is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec
import numpy as np

from recommendations.engines.als import Als
from recommendations.engines.content import Content
from recommendations.engines.copurchase import CoPurchase
from recommendations.engines.ease import Ease
from recommendations.engines.history import History
from recommendations.engines.interface import Bools, Context, Engine, Floats, Ints
from recommendations.engines.item_knn import ItemKnn
from recommendations.engines.popularity import CategoryPopularity, Popularity, Range
from recommendations.engines.tifu import Tifu

# A smaller range is scored whole.
SMALL = 1_500
# So many of the longest vectors are looked through; they fit into a processor's own memory.
HEAD = 1_536
# Of what sells best so many are kept, so that enough of them can be had now.
BEST_KEPT = 2_000
# Out of so many of an anchor's categories their best are put forward, of each so many.
CATEGORIES, PER_CATEGORY = 6, 16
# To find so many that can be had now, a few times as many are looked through.
LOOKED_THROUGH = 4


def highest(scores: Floats, most: int) -> Ints:
    """Positions of the ``most`` highest scores above 0, in no order."""
    if len(scores) <= most:
        return np.flatnonzero(scores > 0).astype(np.int32)
    found = scores.argpartition(-most)[-most:]
    return found[scores[found] > 0].astype(np.int32)


def _open(products: Ints, allowed: Bools | None) -> Ints:
    return products if allowed is None else products[allowed[products]]


@dataclass(slots=True)
class Opinion:
    """What one engine says: products that it puts forward, its highest score of all, and what it says of any others."""

    leading: Ints
    peak: float
    of: Callable[[Ints], Floats]

    @classmethod
    def whole(cls, scores: Floats, allowed: Bools | None, most: int) -> Self:
        """Of an engine that scored everything; the ``most`` highest of the ``allowed`` are put forward."""
        leading = highest(scores if allowed is None else scores * allowed, most)
        return cls(leading, float(scores.max(initial=0)), scores.__getitem__)

    @classmethod
    def listed(cls, products: Ints, scores: Floats, size: int, allowed: Bools | None, most: int) -> Self | None:
        """Of an engine that speaks only of ``products``, the strongest first; None where it has nothing to say."""
        if not len(products) or not (peak := float(scores.max())) > 0:
            return None
        everything = np.zeros(size, np.float32)
        everything[products] = scores
        return cls(_open(products, allowed)[:most], peak, everything.__getitem__)

    @classmethod
    def added(cls, products: Ints, scores: Floats, size: int, allowed: Bools | None, most: int) -> Self | None:
        """Of an engine that adds up ``scores`` of ``products``, which may occur more than once."""
        everything = np.zeros(size, np.float32)
        np.add.at(everything, products, scores)
        sums = everything[products]
        if not (peak := float(sums.max(initial=0))) > 0:
            return None
        if allowed is not None:
            sums *= allowed[products]
        return cls(products[highest(sums, most)], peak, everything.__getitem__)


@dataclass(frozen=True, slots=True)
class _Head:
    """The longest vectors of the products, each times its season: ``places`` says whose; none ``beyond`` is longer than that."""

    places: Ints
    vectors: Floats
    beyond: float

    @classmethod
    def of(cls, vectors: Floats, season: Floats | None) -> Self:
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        if season is not None:
            lengths = lengths * season
        order = np.argsort(-lengths, kind="stable")[: HEAD + 1].astype(np.int32)
        places = order[:HEAD]
        head = vectors[places] if season is None else vectors[places] * season[places, None]
        beyond = float(lengths[order[HEAD]]) if len(order) > HEAD else 0.0
        return cls(places, np.ascontiguousarray(head, np.float32), beyond)

    def best(self, taste: Floats, allowed: Bools | None, most: int) -> tuple[Ints, float] | None:
        """The products with the highest inner products, and the highest of all; None where the head cannot tell.

        No inner product exceeds the product of the lengths (Cauchy, Schwarz), so none beyond the head is the highest where
        even the longest of them could not be: length-based pruning (Teflioudi, Gemulla, Mykytiuk 2015). Whether the
        last of the ``most`` is among the head nothing proves; on Online Retail the best 40 are in its first 1,200.
        """
        said = self.vectors @ taste
        peak = float(said.max(initial=0))
        if float(np.sqrt(taste @ taste)) * self.beyond > peak:
            return None
        if allowed is not None:
            said *= allowed[self.places]
        return self.places[highest(said, most)], peak


@dataclass(frozen=True, slots=True)
class _ByCategory:
    """Per category how well its bestseller sells, and its bestsellers: (categories, PER_CATEGORY), short rows repeat."""

    best: Floats
    bestsellers: Ints

    @classmethod
    def of(cls, engine: CategoryPopularity) -> Self:
        sells = np.flatnonzero((engine.category >= 0) & (engine.recent > 0))
        order = sells[np.lexsort((sells, -engine.recent[sells], engine.category[sells]))].astype(np.int32)
        bounds = np.searchsorted(engine.category[order], np.arange(engine.categories + 1))
        start, last = bounds[:-1], np.maximum(bounds[1:] - 1, 0)
        places = np.minimum(start[:, None] + np.arange(PER_CATEGORY), last[:, None])
        best, bestsellers = np.zeros(engine.categories, np.float32), np.zeros(places.shape, np.int32)
        has_any = start < bounds[1:]
        best[has_any], bestsellers[has_any] = engine.recent[order[start[has_any]]], order[places[has_any]]
        return cls(best, bestsellers)


class Asking(msgspec.Struct, frozen=True, eq=False, gc=False):
    """For what opinions are wanted: a context, the products that may be put forward (None: all), and how many.

    ``season``: what is said is multiplied by it, the rise of every product to the ``power``; None changes nothing.
    """

    context: Context
    allowed: Bools | None
    most: int
    power: float = 0
    season: Floats | None = None

    def in_season(self, scores: Floats, products: Ints | None = None) -> Floats:
        """``scores`` of ``products``, or of all, as the season has them."""
        if self.season is None:
            return scores
        return scores * (self.season if products is None else self.season[products])


class _NoShortWay(Exception):  # noqa: N818  # it is no error
    """An engine has to score everything to say what it puts forward."""


@dataclass(slots=True)
class Shortlister:
    """What is kept beside a model to put products forward without scoring all of them; shared between threads."""

    engines: Mapping[str, Engine]
    _heads: dict[float, _Head] = field(default_factory=dict)
    _orders: dict[str, Ints] = field(default_factory=dict)
    _by_category: _ByCategory | None = None

    @property
    def _size(self) -> int:
        return len(self.engines[Range.name].order)  # type: ignore[attr-defined]

    def warm(self, power: float, season: Floats | None) -> None:
        """Computes what the first answer would have to wait for."""
        asking = Asking(Context(), None, 1, power, season)
        for engine in self.engines.values():
            if isinstance(engine, Als):
                self._head(engine, asking)
            elif isinstance(engine, Popularity | Range):
                self._order(engine)
            elif isinstance(engine, CategoryPopularity):
                self._categories(engine)

    def opinion(self, name: str, asking: Asking) -> Opinion | None:
        """What the engine says; None where it has nothing to say."""
        engine = self.engines.get(name)
        if engine is None:
            return None
        try:
            return _WAYS.get(type(engine), Shortlister._by_all)(self, engine, asking)
        except _NoShortWay:
            return self._by_all(engine, asking)

    def _by_all(self, engine: Engine, asking: Asking) -> Opinion | None:
        scores = engine.scores(asking.context)
        if scores is None or not scores.max(initial=0) > 0:
            return None
        return Opinion.whole(asking.in_season(scores), asking.allowed, asking.most)

    def _by_list(self, engine: History | Tifu, asking: Asking) -> Opinion | None:
        products, weights = engine.listed(asking.context)
        if not len(products):
            return None
        return Opinion.listed(products, asking.in_season(weights, products), self._size, asking.allowed, asking.most)

    def _by_entries(self, engine: Content | CoPurchase | Ease | ItemKnn, asking: Asking) -> Opinion | None:
        if not len(asking.context.anchors):
            return None
        products, scores = engine.entries(asking.context)
        return Opinion.added(products, asking.in_season(scores, products), self._size, asking.allowed, asking.most)

    def _by_taste(self, engine: Als, asking: Asking) -> Opinion | None:
        taste = engine.taste(asking.context)
        if taste is None:
            return None
        found = self._head(engine, asking).best(taste, asking.allowed, asking.most)
        if found is None:
            raise _NoShortWay
        leading, peak = found

        def of(products: Ints) -> Floats:
            return asking.in_season(np.maximum(engine.products.take(products, 0) @ taste, 0), products)

        return Opinion(leading, peak, of) if peak > 0 else None

    def _by_order(self, engine: Popularity | Range, asking: Asking) -> Opinion | None:
        scores = engine.recent if isinstance(engine, Popularity) else engine.order
        order = self._order(engine)
        if not len(order):
            return None
        leading = _open(order[: LOOKED_THROUGH * asking.most], asking.allowed)[: asking.most]
        return Opinion(leading, float(scores[order[0]]), scores.__getitem__)

    def _in_categories(self, engine: CategoryPopularity, asking: Asking) -> Opinion | None:
        """The best of the categories that speak loudest."""
        kept = self._categories(engine)
        interest = engine.interest(asking.context, len(kept.best))
        if interest is None:
            return None
        loudness = interest[:-1] * kept.best
        peak = float(loudness.max(initial=0))
        if not peak > 0:
            return None
        leading = _open(kept.bestsellers[highest(loudness, CATEGORIES)].ravel(), asking.allowed)

        def of(products: Ints) -> Floats:
            scores: Floats = engine.recent[products] * interest[engine.category[products]]
            return scores

        return Opinion(leading, peak, of)

    def _head(self, engine: Als, asking: Asking) -> _Head:
        if asking.power not in self._heads:
            self._heads[asking.power] = _Head.of(engine.products, asking.season)
        return self._heads[asking.power]

    def _order(self, engine: Popularity | Range) -> Ints:
        if engine.name not in self._orders:
            scores = engine.recent if isinstance(engine, Popularity) else engine.order
            order = np.argsort(-scores, kind="stable")[:BEST_KEPT].astype(np.int32)
            self._orders[engine.name] = order[scores[order] > 0]
        return self._orders[engine.name]

    def _categories(self, engine: CategoryPopularity) -> _ByCategory:
        if self._by_category is None:
            self._by_category = _ByCategory.of(engine)
        return self._by_category


# How the opinion of each kind of engine is found. By the very class: a grown one, say, has no lists of the new products.
_WAYS: dict[type[Engine], Callable[[Shortlister, Any, Asking], Opinion | None]] = {
    Als: Shortlister._by_taste,
    CategoryPopularity: Shortlister._in_categories,
    **dict.fromkeys((History, Tifu), Shortlister._by_list),
    **dict.fromkeys((Content, CoPurchase, Ease, ItemKnn), Shortlister._by_entries),
    **dict.fromkeys((Popularity, Range), Shortlister._by_order),
}
