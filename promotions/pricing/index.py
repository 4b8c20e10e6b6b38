"""Which promotions could apply to a cart at all: found by what can trigger them, not by looking at each one.

Every promotion names the keys without which it cannot apply: one person, a code, a segment, products, categories,
brands, tags, a channel … It is filed under the most telling of them. So what a cart costs follows the promotions that
could match, and an offer for one person costs the others nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeAlias

from promotions.pricing.cart import Cart
from promotions.pricing.definitions import (
    SEPARATOR,
    AllOf,
    AnyOf,
    Benefit,
    BuyGet,
    Code,
    Condition,
    Gift,
    OneOf,
    Points,
    Promotion,
    Selector,
    ShippingPercent,
    ShippingPrice,
    Threshold,
)

Key: TypeAlias = tuple[str, str]
Keys: TypeAlias = frozenset[Key]
# The fewer carts a kind of key fits, the more telling it is.
_KINDS = ("customer", "code", "product", "segment", "brand", "tag", "category")
_KINDS_OF_MANY = ("shipping_method", "payment_method", "channel", "country")
_TELLING = {name: rank for rank, name in enumerate((*_KINDS, *_KINDS_OF_MANY))}
_WITHOUT_TARGET = (Gift, ShippingPercent, ShippingPrice, Points)


class Index:
    """An immutable set of promotions, ready to be asked. Building costs time; asking costs what is found."""

    def __init__(self, promotions: Iterable[Promotion]) -> None:
        self.promotions = tuple(sorted(promotions, key=lambda promotion: promotion.order))
        self._by_key: dict[Key, list[int]] = defaultdict(list)
        self._always: list[int] = []
        for number, promotion in enumerate(self.promotions):
            keys = trigger(promotion)
            for key in keys or ():
                self._by_key[key].append(number)
            if keys is None:
                self._always.append(number)

    def candidates(self, cart: Cart) -> list[Promotion]:
        """Those that could apply, in their order."""
        found = set(self._always)
        for key in cart_keys(cart):
            if (numbers := self._by_key.get(key)) is not None:
                found.update(numbers)
        return [self.promotions[number] for number in sorted(found)]

    def under(self, key: Key) -> list[Promotion]:
        """Those that are found by ``key``: what there is for one person, say."""
        return [self.promotions[number] for number in self._by_key.get(key, ())]


def cart_keys(cart: Cart) -> set[Key]:
    """Everything about a cart that a promotion could be filed under."""
    keys = {("segment", segment) for segment in cart.shopper.segments} | {("code", code) for code in cart.codes}
    keys |= {
        ("customer", cart.shopper.id),
        ("channel", cart.channel),
        ("payment_method", cart.payment_method),
        ("country", cart.country),
        ("shipping_method", cart.shipping_method),
    }
    for line in cart.lines:
        keys.add(("product", line.sku))
        keys.add(("brand", line.brand))
        keys |= {("tag", tag) for tag in line.tags}
        keys |= {("category", above) for path in line.categories for above in _ancestry(path)}
    return keys


def _ancestry(path: str) -> list[str]:
    parts = path.split(SEPARATOR)
    return [SEPARATOR.join(parts[: depth + 1]) for depth in range(len(parts))]


def trigger(promotion: Promotion) -> Keys | None:
    """Keys of which the cart must have one for the promotion to apply; None: it could apply to any cart."""
    return _most_telling([_of_condition(promotion.condition), _of_benefit(promotion.benefit, promotion.target)])


def _of_condition(condition: Condition) -> Keys | None:
    if isinstance(condition, AllOf):
        return _most_telling([_of_condition(part) for part in condition.of])
    if isinstance(condition, AnyOf):
        ways = [_of_condition(part) for part in condition.of]
        known = [keys for keys in ways if keys is not None]
        return frozenset().union(*known) if len(known) == len(ways) else None
    if isinstance(condition, OneOf):
        return frozenset((condition.fact, value) for value in condition.values)
    if isinstance(condition, Code):
        return frozenset(("code", code) for code in condition.codes)
    return _of_selector(condition.of) if isinstance(condition, Threshold) and condition.at_least > 0 else None


def _of_benefit(benefit: Benefit, target: Selector) -> Keys | None:
    if isinstance(benefit, BuyGet):
        return _most_telling([_of_selector(benefit.buy_of), _of_selector(benefit.get_of)])
    return None if isinstance(benefit, _WITHOUT_TARGET) else _of_selector(target)


def _of_selector(selector: Selector) -> Keys | None:
    named = {
        "product": selector.products,
        "brand": selector.brands,
        "tag": selector.tags,
        "category": selector.categories,
    }
    ways = [frozenset((name, value) for value in values) for name, values in named.items() if values]
    return _most_telling(ways)


def _most_telling(ways: Iterable[Keys | None]) -> Keys | None:
    """The keys under which a promotion is found by the fewest carts; None where no way names any."""
    known = [keys for keys in ways if keys is not None]
    return min(
        known, key=lambda keys: (max((_TELLING[name] for name, _value in keys), default=0), len(keys)), default=None
    )
