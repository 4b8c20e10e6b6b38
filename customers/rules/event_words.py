"""What an event is about, in a few words: out of properties that every shop fills differently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The first of these that says something: names before numbers.
TELLING = ("name", "title", "query", "order_id", "orderId", "coupon_id", "coupon_name", "sku", "product_id", "category")
MOST_LETTERS = 120


def headline(properties: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    """``Mug, blue`` of a viewed product, ``A-4711`` of an order, ``/mugs`` of a page; empty where nothing tells."""
    for name in TELLING:
        if text := _text(properties.get(name)):
            return text
    products = properties.get("products")
    if isinstance(products, list) and products and isinstance(products[0], Mapping):
        first = headline({name: products[0].get(name) for name in ("name", "sku", "product_id")}, {})
        return f"{first} +{len(products) - 1}" if len(products) > 1 else first
    page = context.get("page")
    return _text(page.get("path")) or _text(page.get("url")) if isinstance(page, Mapping) else ""


def _text(value: Any) -> str:
    """Text or a number; nothing else is fit to be read."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return " ".join(str(value).split())[:MOST_LETTERS]
