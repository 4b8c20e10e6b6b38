"""What each placement takes of the engines until a training has found better weights."""

from __future__ import annotations

from collections.abc import Mapping

from recommendations.engines.request import (
    BASKET,
    CATEGORY,
    COMPLEMENTARY,
    DISCOVER,
    HOME,
    NOT_FOUND,
    ORDER_CONFIRMATION,
    PRODUCT,
    REPLENISH,
    SEARCH,
    SIMILAR,
    TILL,
)

Blend = Mapping[str, float]
# What the tuner finds from equal weights on three windows of Online Retail (`python -m bench.defaults`), all of them before the
# window of the bars. What it cannot ask about there (categories, sessions, the history beside a basket) is set by hand.
# Only the range has a weight below whatever the other engines could differ by: it fills up, and never displaces.
FILL = 1e-3
# Whatever was searched for, it was without visits. What a visit says counts by its evidence: a third of this after one
# look, half after two. It overtakes the history, which loses as the visit gains, at the second look.
SESSIONS = 1.8
# What hardly anybody has bought is in nobody's next order, so no question of the past can tell this weight: it is set by
# hand, so that what resembles a person's purchases comes in behind what is surely wanted, and further up where only
# what is new to them counts.
NEWCOMERS = 0.15
_BESIDE = {"copurchase": 1.0, "item_knn": 0.1, "category_popularity": 0.1, "popularity": 0.05, "range": FILL}
_BASKET = _BESIDE | {"copurchase": 0.8, "item_knn": 0.8, "popularity": 0.02, "als": 0.0}
_HOME: Blend = {
    "history": 0.34,
    "sessions": SESSIONS,
    "als": 0.34,
    "ease": 0.0,
    "item_knn": 0.0,
    "bpr": 0.0,
    "tifu": 0.68,
    "content": NEWCOMERS,
    "popularity": 0.34,
    "category_popularity": 0.1,
    "season": 0.5,
    "range": FILL,
}
# Only what the person never bought.
_DISCOVER: Blend = {
    "ease": 0.9,
    "sessions": SESSIONS,
    "als": 0.9,
    "item_knn": 0.45,
    "tifu": 0.45,
    "bpr": 0.0,
    "content": 3 * NEWCOMERS,
    "popularity": 0.02,
    "category_popularity": 0.1,
    "season": 1.0,
    "range": FILL,
}
BLENDS: Mapping[str, Blend] = {
    **dict.fromkeys((HOME, SEARCH, CATEGORY, TILL, NOT_FOUND), _HOME),
    DISCOVER: _DISCOVER,
    PRODUCT: _BESIDE
    | {
        "copurchase": 0.3,
        "item_knn": 0.5,
        "popularity": 0.4,
        "als": 0.4,
        "sessions": 0.8,
        "content": NEWCOMERS,
    },
    # Instead of the product: what the same people like, of its kind. With it: what lies in the same baskets.
    SIMILAR: {
        "item_knn": 1.0,
        "sessions": 1.0,
        "content": 0.5,
        "als": 0.5,
        "category_popularity": 0.3,
        "popularity": 0.05,
        "range": FILL,
    },
    COMPLEMENTARY: _BESIDE,
    REPLENISH: {"repurchase": 0.27, "history": 0.73, "season": 0.25},
    BASKET: _BASKET | {"history": 0.2, "sessions": 0.3},
    ORDER_CONFIRMATION: _BASKET,
}
