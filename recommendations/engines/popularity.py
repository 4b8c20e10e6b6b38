"""What everybody buys now, overall and per category; and the order of the range when nothing is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import NOTHING, Arrays, Context, Floats, Ints, Tick, no_tick
from recommendations.engines.recipe import USUAL, Recipe

WINDOW_DAYS = 28
LONG_HALF_LIFE_DAYS = 180


def recent_sales(interactions: Interactions, half_life: float = USUAL.popularity_half_life) -> Floats:
    """Baskets per product in the last 28 days, a basket of two weeks ago counting half, by default; shape (products,)."""
    weights = np.where(interactions.age <= WINDOW_DAYS, _decay(interactions.age, half_life), 0)
    return _per_product(interactions, weights)


def _decay(age: Floats, half_life: float) -> Floats:
    decayed: Floats = np.exp2(-age / np.float32(half_life))
    return decayed


def _per_product(interactions: Interactions, weights: Floats) -> Floats:
    return np.bincount(interactions.product, weights, minlength=interactions.shape[1]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Popularity:
    """Recent popularity."""

    name: ClassVar[str] = "popularity"
    effort: ClassVar[int] = 1
    later_effort: ClassVar[int] = 1

    recent: Floats

    @classmethod
    def fit(
        cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None, recipe: Recipe = USUAL
    ) -> Self:
        tick()
        return cls(recent_sales(interactions, recipe.popularity_half_life))

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(arrays["recent"])

    def arrays(self) -> Arrays:
        return {"recent": self.recent}

    def scores(self, context: Context) -> Floats | None:
        return self.recent

    def because(self, context: Context, products: Ints) -> Ints:
        return np.full(len(products), NOTHING, np.int32)


@dataclass(frozen=True, slots=True)
class CategoryPopularity:
    """Recent popularity within the categories of the anchors."""

    name: ClassVar[str] = "category_popularity"
    effort: ClassVar[int] = 1
    later_effort: ClassVar[int] = 1

    recent: Floats
    category: Ints  # (products,), −1 without

    @classmethod
    def fit(
        cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None, recipe: Recipe = USUAL
    ) -> Self:
        tick()
        return cls(recent_sales(interactions, recipe.popularity_half_life), interactions.category)

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(arrays["recent"], arrays["category"])

    def arrays(self) -> Arrays:
        return {"recent": self.recent, "category": self.category}

    @property
    def categories(self) -> int:
        """How many there are; positions run from 0."""
        return int(self.category.max(initial=-1)) + 1

    def interest(self, context: Context, categories: int | None = None) -> Floats | None:
        """In each category, by the anchors in it; the last place is nobody's category: −1 points there and finds 0."""
        of_anchors = self.category[context.anchors]
        known = of_anchors >= 0
        if not known.any():
            return None
        size = (self.categories if categories is None else categories) + 1
        return np.bincount(of_anchors[known], context.weights[known], minlength=size).astype(np.float32)

    def scores(self, context: Context) -> Floats | None:
        interest = self.interest(context)
        if interest is None:
            return None
        scores: Floats = self.recent * interest[self.category]
        return scores

    def because(self, context: Context, products: Ints) -> Ints:
        return np.full(len(products), NOTHING, np.int32)


@dataclass(frozen=True, slots=True)
class Range:
    """Every product, long-time sellers first, then the newest: fills an answer that would be too short."""

    name: ClassVar[str] = "range"
    effort: ClassVar[int] = 1
    later_effort: ClassVar[int] = 1

    order: Floats

    @classmethod
    def fit(
        cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None, recipe: Recipe = USUAL
    ) -> Self:
        sold = _per_product(interactions, _decay(interactions.age, LONG_HALF_LIFE_DAYS))
        newest = 1 / (1 + interactions.product_age.clip(0) / np.float32(LONG_HALF_LIFE_DAYS))
        tick()
        return cls((sold / max(float(sold.max(initial=0)), 1.0) + 1e-3 * newest).astype(np.float32))

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(arrays["order"])

    def arrays(self) -> Arrays:
        return {"order": self.order}

    def scores(self, context: Context) -> Floats | None:
        return self.order

    def because(self, context: Context, products: Ints) -> Ints:
        return np.full(len(products), NOTHING, np.int32)
