"""What a promotion gives on the cart as it stands: pure arithmetic from a view of the ledger to a taking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.money import allocate
from promotions.pricing.definitions import (
    Amount,
    AmountPerUnit,
    Benefit,
    BundlePrice,
    BuyGet,
    FixedPrice,
    Gift,
    GroupDeal,
    Measure,
    Percent,
    Points,
    ShippingPercent,
    ShippingPrice,
    Tiered,
)
from promotions.pricing.ledger import Taking, View
from promotions.pricing.money import share, spread


def take(view: View) -> Taking:
    """What the promotion takes off now; nothing, where its target is not in the cart."""
    benefit = view.promotion.benefit
    return _RULES[type(benefit)](view, benefit)


def measured(view: View, measure: Measure, positions: Iterable[int]) -> int:
    """Money, units or different products of these lines."""
    if measure == "spend":
        return sum(view.bases(positions))
    lines = view.ledger.lines
    if measure == "quantity":
        return sum(lines[position].quantity for position in positions)
    return len({lines[position].sku for position in positions})


# --- shares of amounts -----------------------------------------------------------------------------------------------


def _percent(view: View, benefit: Percent) -> Taking:
    positions = view.select(view.promotion.target)
    bases = view.bases(positions)
    wanted = share(sum(bases), benefit.hundredths)
    if benefit.cap is not None:
        wanted = min(wanted, benefit.cap)
    return _spread(view, wanted, positions, bases)


def _tiered(view: View, benefit: Tiered) -> Taking:
    reached = measured(view, benefit.by, view.select(view.promotion.target))
    hundredths = max((percentage for least, percentage in benefit.steps if least <= reached), default=0)
    return _percent(view, Percent(hundredths))


def _amount(view: View, benefit: Amount) -> Taking:
    positions = view.select(view.promotion.target)
    bases = view.bases(positions)
    if benefit.spills or not positions:
        return _spread(view, benefit.amount, positions, bases)
    parts = allocate(benefit.amount, bases)
    bounded = map(min, parts, view.bearable(positions))
    return view.take_lines(dict(zip(positions, bounded, strict=True)))


def _spread(view: View, wanted: int, positions: Sequence[int], weights: Sequence[int]) -> Taking:
    parts = spread(wanted, view.bearable(positions), weights=weights)
    return view.take_lines(dict(zip(positions, parts, strict=True)))


# --- unit by unit ----------------------------------------------------------------------------------------------------


def _amount_per_unit(view: View, benefit: AmountPerUnit) -> Taking:
    return _per_unit(view, lambda unit: min(benefit.amount, unit))


def _fixed_price(view: View, benefit: FixedPrice) -> Taking:
    return _per_unit(view, lambda unit: max(unit - benefit.price, 0))


def _per_unit(view: View, off: Callable[[int], int]) -> Taking:
    positions = view.select(view.promotion.target)
    return view.take_units({at: [off(unit) for unit in view.units(at)] for at in positions})


@dataclass(frozen=True)
class Unit:
    """One unit of the cart: what is left of it, and where it stands."""

    left: int
    line: int
    index: int


def _listed(view: View, positions: Iterable[int]) -> list[Unit]:
    return [Unit(left, at, index) for at in positions for index, left in enumerate(view.units(at))]


def _cheapest_first(unit: Unit) -> tuple[int, int, int]:
    return unit.left, unit.line, unit.index


def _dearest_first(unit: Unit) -> tuple[int, int, int]:
    return -unit.left, unit.line, unit.index


def _off_units(view: View, off: Iterable[tuple[Unit, int]]) -> Taking:
    shares: dict[int, list[int]] = {}
    for unit, amount in off:
        row = shares.setdefault(unit.line, [0] * view.ledger.lines[unit.line].quantity)
        row[unit.index] += amount
    return view.take_units(shares)


def _times(view: View, fitting: int) -> int:
    return fitting if view.promotion.times is None else min(fitting, view.promotion.times)


def _bundle_price(view: View, benefit: BundlePrice) -> Taking:
    units = sorted(_listed(view, view.select(view.promotion.target)), key=_dearest_first)
    off: list[tuple[Unit, int]] = []
    for number in range(_times(view, len(units) // benefit.size)):
        bundle = units[number * benefit.size : (number + 1) * benefit.size]
        prices = [unit.left for unit in bundle]
        if sum(prices) <= benefit.price:
            break  # the others are cheaper still
        off += zip(bundle, allocate(sum(prices) - benefit.price, prices), strict=True)
    return _off_units(view, off)


def _group_deal(view: View, benefit: GroupDeal) -> Taking:
    units = _listed(view, view.select(view.promotion.target))
    units.sort(key=_cheapest_first if benefit.pick == "cheapest" else _dearest_first)
    count = _times(view, len(units) // benefit.size) * benefit.units
    return _off_units(view, [(unit, share(unit.left, benefit.hundredths)) for unit in units[:count]])


def _buy_get(view: View, benefit: BuyGet) -> Taking:
    buying, getting = view.select(benefit.buy_of), view.select(benefit.get_of)
    lines = view.ledger.lines
    count = {name: sum(lines[at].quantity for at in found) for name, found in (("buy", buying), ("get", getting))}
    either = sum(lines[at].quantity for at in {*buying, *getting})
    fitting = min(count["buy"] // benefit.buy, count["get"] // benefit.get, either // (benefit.buy + benefit.get))
    times = _times(view, fitting)
    # A unit that qualifies is not taken as well: of the lines that could do both, so many units must stay.
    both = set(buying) & set(getting)
    room = count["buy"] - times * benefit.buy
    chosen: list[Unit] = []
    for unit in sorted(_listed(view, getting), key=_cheapest_first):
        if len(chosen) == times * benefit.get:
            break
        if unit.line in both:
            if not room:
                continue
            room -= 1
        chosen.append(unit)
    return _off_units(view, [(unit, share(unit.left, benefit.hundredths)) for unit in chosen])


# --- beside the lines ------------------------------------------------------------------------------------------------


def _shipping_percent(view: View, benefit: ShippingPercent) -> Taking:
    return Taking(shipping=share(view.ledger.shipping, benefit.hundredths))


def _shipping_price(view: View, benefit: ShippingPrice) -> Taking:
    return Taking(shipping=max(view.ledger.shipping - benefit.price, 0))


def _gift(view: View, benefit: Gift) -> Taking:
    return Taking(gifts=(benefit,))


def _points(view: View, benefit: Points) -> Taking:
    spent = measured(view, "spend", view.select(view.promotion.target))
    cart = view.ledger.cart
    multiplied = spent * cart.points_each * benefit.more // (cart.points_per * 100)
    return Taking(points=benefit.fixed + benefit.each * (spent // benefit.per) + multiplied)


_RULES: dict[type[Benefit], Callable[[View, Any], Taking]] = {
    Percent: _percent,
    Tiered: _tiered,
    Amount: _amount,
    AmountPerUnit: _amount_per_unit,
    FixedPrice: _fixed_price,
    BundlePrice: _bundle_price,
    GroupDeal: _group_deal,
    BuyGet: _buy_get,
    ShippingPercent: _shipping_percent,
    ShippingPrice: _shipping_price,
    Gift: _gift,
    Points: _points,
}
