"""What a visitor's notes amount to: the products they had to do with last, and what lies in the basket. Pure.

Notes are replayed in the order in which things happened, so it does not matter in which order they arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

VIEWED, WISHED, ADDED, REMOVED, CART, ORDERED = "viewed", "wished", "added", "removed", "cart", "ordered"
SHOWN, DISLIKED = "shown", "disliked"
# What an event tells the memory; others tell it nothing.
TELLING = {
    "Product Viewed": VIEWED,
    "Product Clicked": VIEWED,
    "Product Added to Wishlist": WISHED,
    "Product Added": ADDED,
    "Wishlist Product Added to Cart": ADDED,
    "Product Removed": REMOVED,
    "Cart Viewed": CART,
    "Order Completed": ORDERED,
    "Product List Viewed": SHOWN,
    "Product Reviewed": DISLIKED,
}
# Of what happened in the same millisecond, this is the order.
_RANK = {SHOWN: 0, VIEWED: 1, WISHED: 2, ADDED: 3, CART: 4, REMOVED: 5, ORDERED: 6, DISLIKED: 7}
_BASKET = frozenset({ADDED, REMOVED, CART, ORDERED})
_LOOKED_AT = frozenset({VIEWED, WISHED, ADDED, ORDERED})
# Recommended so often and never looked at: enough of it, until so long after the first of them.
IGNORED_TIMES = 3
COOL_DOWN_MS = 7 * 24 * 3600 * 1000
# So the id of a search's answer begins: what somebody asked for by name was not pressed upon them.
SEARCHED = "search-"
# Stars of five that say that a person wants no more of it.
BAD_RATING = 2
MOST_PRODUCTS = 100
MAX_KEY = 64
MAX_QUANTITY = 10_000


class Note(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One event as it is remembered. ``key`` tells it from others, should it be read twice; quantity 0: not said."""

    at: int  # milliseconds
    kind: str
    products: tuple[tuple[str, int], ...]
    key: str


class RecentProduct(msgspec.Struct, frozen=True, gc=False):
    """A product by its SKU (else its ``product_id``), and what was done with it last."""

    product: str
    kind: str
    at: int


@dataclass(frozen=True, slots=True)
class BasketItem:
    product: str
    quantity: int


def products_of(name: str, properties: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """Keys and quantities; nothing for an event that tells nothing."""
    kind = TELLING.get(name)
    if kind is None:
        return ()
    if kind == SHOWN and not _is_recommended(properties.get("recommendation_id")):
        return ()  # a category's list, which nobody put together for this person, or what they searched for
    if kind == DISLIKED:
        return _products([properties]) if _is_bad(properties.get("rating")) else ()
    if kind not in (CART, ORDERED, SHOWN):
        return _products([properties])
    listed = properties.get("products")
    return _products(listed[:MOST_PRODUCTS]) if isinstance(listed, list) else ()


def _is_recommended(answer: Any) -> bool:
    return bool(answer) and not (isinstance(answer, str) and answer.startswith(SEARCHED))


def _is_bad(rating: Any) -> bool:
    if isinstance(rating, str) and rating.strip().isdigit():
        rating = int(rating.strip()[:6])
    return isinstance(rating, int | float) and not isinstance(rating, bool) and rating <= BAD_RATING


def _products(listed: Iterable[Any]) -> tuple[tuple[str, int], ...]:
    return tuple(
        (key, _quantity(product.get("quantity")))
        for product in listed
        if isinstance(product, Mapping) and (key := product_key(product))
    )


def product_key(product: Mapping[str, Any]) -> str:
    """The SKU, by which products are known here; else the shop's ``product_id``."""
    for field in ("sku", "product_id"):
        value = product.get(field)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and 0 < len(value) <= MAX_KEY:
            return value
    return ""


def _quantity(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:6])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return max(0, min(int(value), MAX_QUANTITY))


class InOrder(list[Note]):
    """Notes of which each is there once, as they happened: not sorted again by whoever is handed them."""


def in_order(notes: Iterable[Note]) -> InOrder:
    """Each once, as they happened."""
    if isinstance(notes, InOrder):
        return notes
    once = {note.key: note for note in notes}
    return InOrder(sorted(once.values(), key=lambda note: (note.at, _RANK[note.kind], note.key)))


def recent(notes: Iterable[Note], limit: int) -> list[RecentProduct]:
    """Every product once, the newest first, with what was done with it last."""
    latest: dict[str, RecentProduct] = {}
    for note in in_order(notes):
        if note.kind in (SHOWN, DISLIKED):
            continue
        for product, _amount in note.products:
            if note.kind == CART and product in latest:
                continue  # looking at the basket does nothing with what lies in it
            latest.pop(product, None)  # so that it comes last
            latest[product] = RecentProduct(product, ADDED if note.kind == CART else note.kind, note.at)
    return list(latest.values())[: -limit - 1 : -1]


def basket(notes: Iterable[Note]) -> list[BasketItem]:
    """What lies in it, in the order it was put there."""
    quantities: dict[str, int] = {}
    for note in in_order(notes):
        if note.kind in _BASKET:
            _replay(quantities, note)
    return [BasketItem(product, quantity) for product, quantity in quantities.items()]


def _replay(quantities: dict[str, int], note: Note) -> None:
    if note.kind in (ORDERED, CART):
        quantities.clear()
    if note.kind == ORDERED:
        return
    for product, quantity in note.products:
        if note.kind == REMOVED:
            left = quantities.get(product, 0) - (quantity or MAX_QUANTITY)
            quantities.pop(product, None) if left <= 0 else quantities.update({product: left})
        else:
            quantities[product] = min(quantities.get(product, 0) + (quantity or 1), MAX_QUANTITY)


def ignored(notes: Iterable[Note], *, now: int) -> list[str]:
    """What was recommended three times within a week and never looked at since; ``now`` in milliseconds."""
    times: dict[str, int] = {}
    for note in in_order(notes):
        if note.at <= now - COOL_DOWN_MS:
            continue
        for product, _amount in note.products:
            if note.kind == SHOWN:
                times[product] = times.get(product, 0) + 1
            elif note.kind in _LOOKED_AT:
                times.pop(product, None)
    return [product for product, count in times.items() if count >= IGNORED_TIMES]


def disliked(notes: Iterable[Note]) -> list[str]:
    """What was rated badly."""
    return list({product: None for note in notes if note.kind == DISLIKED for product, _amount in note.products})
