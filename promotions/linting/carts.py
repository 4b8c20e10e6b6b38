"""A cart made for a promotion, and then for as many of those as could take the same unit: what a shopper could bring."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from promotions.linting.logic import SINGLE, Literal, Way, ways_of
from promotions.linting.world import Goods, World
from promotions.pricing.cart import Cart, Shopper
from promotions.pricing.conditions import gaps
from promotions.pricing.definitions import (
    BundlePrice,
    BuyGet,
    Code,
    Gift,
    GroupDeal,
    Known,
    Measure,
    OneOf,
    OrderNumber,
    Period,
    Points,
    Promotion,
    Selector,
    ShippingPercent,
    ShippingPrice,
    Threshold,
    Tiered,
    Weekly,
)
from promotions.pricing.ledger import Ledger, View

SHIPPING = 490
MOST_UNITS = 200
# Of a condition with many ways so many are tried.
MOST_TRIED = 4
# Thresholds look at what earlier promotions have left; so a cart brings more than is asked for.
AMPLE = 2


class Assortment:
    """The goods by what they can be selected by; the thinnest margin first."""

    def __init__(self, goods: Sequence[Goods]) -> None:
        self._goods = goods
        self._by_sku = {one.sku: one for one in goods}
        self._by_name: dict[tuple[str, str], list[Goods]] = defaultdict(list)
        for one in goods:
            for key in _names(one):
                self._by_name[key].append(one)

    def fitting(self, selector: Selector) -> Iterator[Goods]:
        """Those that the selector takes."""
        return (one for one in self._narrowed(selector) if one.price and selector.takes(one.line()))

    def _narrowed(self, selector: Selector) -> Iterable[Goods]:
        if selector.products:
            return [self._by_sku[sku] for sku in sorted(selector.products) if sku in self._by_sku]
        named = (("brands", "brand"), ("tags", "tag"), ("categories", "category"))
        part = next(((names, kind) for names, kind in named if getattr(selector, names)), None)
        if part is None:
            return self._goods
        names, kind = part
        return (one for name in sorted(getattr(selector, names)) for one in self._by_name.get((kind, name), ()))


def _names(one: Goods) -> Iterator[tuple[str, str]]:
    yield "brand", one.brand
    yield from (("tag", tag) for tag in one.tags)
    for path in one.categories:
        parts = path.split(" › ")
        yield from (("category", " › ".join(parts[: depth + 1])) for depth in range(len(parts)))


@dataclass
class Wish:
    """A cart in the making: what it has, what it must not have, and when it is decided on."""

    at: datetime
    quantities: dict[str, int] = field(default_factory=dict)
    goods: dict[str, Goods] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    facts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    barred: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    orders: int | None = None
    traits: dict[str, Any] = field(default_factory=dict)
    kpis: dict[str, Any] = field(default_factory=dict)
    is_timed: bool = False

    def cart(self, currency: str) -> Cart:
        customer, channel, payment, country, method = (min(self.facts[fact], default="") for fact in SINGLE)
        return Cart(
            lines=tuple(self.goods[sku].line(quantity) for sku, quantity in self.quantities.items()),
            at=self.at,
            currency=currency,
            shipping=SHIPPING,
            codes=tuple(sorted(self.codes)),
            shopper=Shopper(
                id=customer,
                segments=frozenset(self.facts["segment"]),
                orders=self.orders,
                traits=self.traits,
                kpis=self.kpis,
            ),
            channel=channel,
            payment_method=payment,
            country=country,
            shipping_method=method,
        )

    def need(self, one: Goods, quantity: int) -> bool:
        """At least so many units of it."""
        self.goods[one.sku] = one
        self.quantities[one.sku] = max(self.quantities.get(one.sku, 0), quantity)
        return quantity <= MOST_UNITS


class Tailor:
    """Makes carts from the shop's assortment."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.assortment = Assortment(world.goods)

    def first_fit(self, promotion: Promotion) -> Goods | None:
        """The unit of its target on which a promotion hurts most; None where nothing fits, or it has no target."""
        selector = _target(promotion)
        return None if selector is None else next(self.assortment.fitting(selector), None)

    def cart_for(self, promotion: Promotion, at: datetime) -> Wish | None:
        """A cart on which it applies when it is alone; None where none was found."""
        wish = Wish(at)
        return self.widen(wish, promotion)

    def widen(self, wish: Wish, promotion: Promotion) -> Wish | None:
        """The same cart, on which this promotion can apply as well; None where that is not possible."""
        for way in (ways_of(promotion.condition) or ())[:MOST_TRIED]:
            tried = deepcopy(wish)
            if self._go(tried, way) and self._stock(tried, promotion):
                return tried
        return None

    def _go(self, wish: Wish, way: Way) -> bool:
        return all(self._grant(wish, literal) for literal in way)

    def _grant(self, wish: Wish, literal: Literal) -> bool:
        if not literal.wanted:
            return _bar(wish, literal.condition)
        rule = _GRANTS.get(type(literal.condition))
        if rule is not None:
            return rule(wish, literal.condition)
        assert isinstance(literal.condition, Threshold)
        condition = literal.condition
        return self._reach(wish, condition.measure, condition.at_least, condition.of)

    def _reach(self, wish: Wish, measure: Measure, at_least: int, of: Selector) -> bool:
        """So much of a selection, of what the cart holds already where that fits."""
        mine = [wish.goods[sku] for sku in wish.quantities if of.takes(wish.goods[sku].line())]
        if measure == "distinct_products":
            return self._distinct(wish, at_least, of, mine)
        chosen = next(iter(mine), None) or next(self.assortment.fitting(of), None)
        if chosen is None:
            return at_least == 0
        wanted = at_least if measure == "quantity" else -(-at_least * AMPLE // max(chosen.price, 1))
        return wish.need(chosen, max(wanted, 1))

    def _distinct(self, wish: Wish, at_least: int, of: Selector, mine: Sequence[Goods]) -> bool:
        found = {one.sku for one in mine}
        for one in self.assortment.fitting(of):
            if len(found) >= at_least:
                break
            found.add(one.sku)
            wish.need(one, 1)
        return len(found) >= at_least

    def _stock(self, wish: Wish, promotion: Promotion) -> bool:
        """What the benefit works on."""
        benefit = promotion.benefit
        if isinstance(benefit, BuyGet):
            return self._reach(wish, "quantity", benefit.buy, benefit.buy_of) and self._add(wish, benefit)
        if isinstance(benefit, Tiered):
            return self._reach(wish, benefit.by, benefit.steps[-1][0], promotion.target)
        if isinstance(benefit, GroupDeal | BundlePrice):
            return self._reach(wish, "quantity", benefit.size, promotion.target)
        selector = _target(promotion)
        return True if selector is None else self._reach(wish, "quantity", 1, selector)

    def _add(self, wish: Wish, benefit: BuyGet) -> bool:
        """The units that are got, on top of those that are bought."""
        chosen = next(self.assortment.fitting(benefit.get_of), None)
        return chosen is not None and wish.need(chosen, wish.quantities.get(chosen.sku, 0) + benefit.get)


def _target(promotion: Promotion) -> Selector | None:
    """What the promotion takes something off; None: of shipping, or of nothing."""
    if isinstance(promotion.benefit, Gift | ShippingPercent | ShippingPrice | Points):
        return None
    return promotion.benefit.get_of if isinstance(promotion.benefit, BuyGet) else promotion.target


def _bar(wish: Wish, condition: Any) -> bool:
    """What must not be: facts and codes are kept off, everything else the engine judges on the finished cart."""
    if isinstance(condition, OneOf):
        wish.barred[condition.fact] |= condition.values
        return wish.facts[condition.fact].isdisjoint(condition.values)
    if isinstance(condition, Code):
        wish.barred["code"] |= condition.codes
        return wish.codes.isdisjoint(condition.codes)
    return True


def _grant_fact(wish: Wish, condition: OneOf) -> bool:
    held = wish.facts[condition.fact]
    if held & condition.values:
        return True
    left = sorted(condition.values - wish.barred[condition.fact])
    if not left or (condition.fact in SINGLE and held):
        return False
    held.add(left[0])
    return True


def _grant_code(wish: Wish, condition: Code) -> bool:
    if wish.codes & condition.codes:
        return True
    left = sorted(condition.codes - wish.barred["code"])
    if left:
        wish.codes.add(left[0])
    return bool(left)


def _grant_order(wish: Wish, condition: OrderNumber) -> bool:
    if wish.orders is None:
        wish.orders = condition.number - 1
        return True
    number = wish.orders + 1
    return number % condition.number == 0 if condition.every else number == condition.number


def _grant_known(wish: Wish, condition: Known) -> bool:
    known = wish.traits if condition.source == "trait" else wish.kpis
    if condition.name not in known:
        listed = sorted(condition.values, key=str) if condition.values else []
        bound = condition.at_least if condition.at_least is not None else condition.at_most
        known[condition.name] = listed[0] if listed else bound
    return _met(wish, condition)


def _grant_time(wish: Wish, condition: Period | Weekly) -> bool:
    """The cart's moment moves on until it fits, unless another promotion has fixed it."""
    if isinstance(condition, Period) and condition.start and condition.start > wish.at and not wish.is_timed:
        wish.at = condition.start.astimezone(wish.at.tzinfo)
    hours = 0 if wish.is_timed or isinstance(condition, Period) else 7 * 24
    for _hour in range(hours + 1):
        if _met(wish, condition):
            wish.is_timed = True
            return True
        wish.at += timedelta(hours=1)
    return False


_BARE = Promotion("", 1, Points())


def _met(wish: Wish, condition: Any) -> bool:
    """As the engine sees it."""
    shopper = Shopper(traits=wish.traits, kpis=wish.kpis)
    return not gaps(condition, View(Ledger(Cart((), wish.at, shopper=shopper)), _BARE))


_GRANTS: dict[type[Any], Callable[[Wish, Any], bool]] = {
    OneOf: _grant_fact,
    Code: _grant_code,
    OrderNumber: _grant_order,
    Known: _grant_known,
    Period: _grant_time,
    Weekly: _grant_time,
}
