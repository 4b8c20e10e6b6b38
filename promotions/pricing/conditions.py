"""Does a promotion apply, and if not, how far away is it? Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from promotions.pricing.benefits import measured
from promotions.pricing.cart import Cart
from promotions.pricing.definitions import (
    AllOf,
    AnyOf,
    Code,
    Condition,
    Known,
    Not,
    OneOf,
    OrderNumber,
    Period,
    Selector,
    Threshold,
    Weekly,
)
from promotions.pricing.ledger import View


@dataclass(frozen=True)
class Gap:
    """One condition that is not met. ``missing``: so much money or so many units more of ``of``; None: no matter of more."""

    kind: str
    missing: int | None = None
    of: Selector | None = None
    wanted: Any = None


Gaps = tuple[Gap, ...]


def gaps(condition: Condition, view: View) -> Gaps:
    """What is missing for the condition to be met; nothing where it is."""
    return _RULES[type(condition)](condition, view)


def _all(condition: AllOf, view: View) -> Gaps:
    if not condition.of:
        return ()
    return tuple(gap for part in condition.of for gap in gaps(part, view))


def _any(condition: AnyOf, view: View) -> Gaps:
    """Of several ways the one with the fewest gaps; of those alike, the first."""
    ways = [gaps(part, view) for part in condition.of]
    return min(ways, key=len, default=())


def _not(condition: Not, view: View) -> Gaps:
    return () if gaps(condition.of, view) else (Gap("excluded"),)


def _threshold(condition: Threshold, view: View) -> Gaps:
    reached = measured(view, condition.measure, view.select(condition.of))
    missing = condition.at_least - reached
    return (Gap(condition.measure, missing, condition.of, condition.at_least),) if missing > 0 else ()


_FACTS: dict[str, Callable[[Cart], Iterable[str]]] = {
    "segment": lambda cart: cart.shopper.segments,
    "customer": lambda cart: [cart.shopper.id],
    "channel": lambda cart: [cart.channel],
    "payment_method": lambda cart: [cart.payment_method],
    "country": lambda cart: [cart.country],
    "shipping_method": lambda cart: [cart.shipping_method],
}


def _one_of(condition: OneOf, view: View) -> Gaps:
    known = _FACTS[condition.fact](view.ledger.cart)
    return (Gap(condition.fact, wanted=condition.values),) if condition.values.isdisjoint(known) else ()


def _order_number(condition: OrderNumber, view: View) -> Gaps:
    earlier = view.ledger.cart.shopper.orders
    if earlier is None:
        return (Gap("order_number", wanted=condition.number),)
    number = earlier + 1
    is_met = number % condition.number == 0 if condition.every else number == condition.number
    return () if is_met else (Gap("order_number", wanted=condition.number),)


def _known(condition: Known, view: View) -> Gaps:
    shopper = view.ledger.cart.shopper
    value = (shopper.traits if condition.source == "trait" else shopper.kpis).get(condition.name)
    return () if value is not None and _fits(condition, value) else (Gap(condition.source, wanted=condition.name),)


def _fits(condition: Known, value: Any) -> bool:
    if condition.values is not None:
        return any(
            value == wanted and isinstance(value, bool) == isinstance(wanted, bool) for wanted in condition.values
        )
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    is_enough = condition.at_least is None or value >= condition.at_least
    return is_enough and (condition.at_most is None or value <= condition.at_most)


def _code(condition: Code, view: View) -> Gaps:
    return (Gap("code"),) if condition.codes.isdisjoint(view.ledger.cart.codes) else ()


def _period(condition: Period, view: View) -> Gaps:
    at = view.ledger.cart.at
    if condition.start is not None and at < condition.start:
        return (Gap("not_yet", wanted=condition.start),)
    return (Gap("over", wanted=condition.end),) if condition.end is not None and at >= condition.end else ()


def _weekly(condition: Weekly, view: View) -> Gaps:
    at = view.ledger.cart.at
    day, now, start, end = at.weekday(), at.time(), condition.start, condition.end
    if end is not None and end <= start:  # over midnight: the small hours belong to the evening before
        is_open = now >= start or now < end
        day = day if now >= start else (day - 1) % 7
    else:
        is_open = now >= start and (end is None or now < end)
    return () if is_open and day in condition.weekdays else (Gap("hours", wanted=condition),)


_RULES: dict[type[Any], Callable[[Any, View], Gaps]] = {
    AllOf: _all,
    AnyOf: _any,
    Not: _not,
    Threshold: _threshold,
    OneOf: _one_of,
    OrderNumber: _order_number,
    Known: _known,
    Code: _code,
    Period: _period,
    Weekly: _weekly,
}
