"""What promotions make of a price for whoever looks at it: those that ask neither for a cart nor for a person. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from promotions.pricing.cart import Cart
from promotions.pricing.conditions import gaps
from promotions.pricing.definitions import (
    AllOf,
    AmountPerUnit,
    AnyOf,
    Combination,
    Condition,
    FixedPrice,
    Not,
    Percent,
    Period,
    Promotion,
    Weekly,
)
from promotions.pricing.engine import evaluate_among
from promotions.pricing.ledger import Ledger, View

LANE = "catalog"


def is_for_everybody(promotion: Promotion) -> bool:
    """Whether it lowers the price of single units, whatever else is bought, and by whom: only the time may matter."""
    return (
        promotion.lane == LANE
        and promotion.combination is Combination.STACK
        and not promotion.holdout
        and _is_per_unit(promotion)
        and _asks_only_for_time(promotion.condition)
    )


def _is_per_unit(promotion: Promotion) -> bool:
    benefit = promotion.benefit
    return isinstance(benefit, AmountPerUnit | FixedPrice) or (isinstance(benefit, Percent) and benefit.cap is None)


def _asks_only_for_time(condition: Condition) -> bool:
    if isinstance(condition, AllOf | AnyOf):
        return all(_asks_only_for_time(part) for part in condition.of)
    if isinstance(condition, Not):
        return _asks_only_for_time(condition.of)
    return isinstance(condition, Period | Weekly)


def holds_now(promotion: Promotion, nothing: Cart) -> bool:
    """Whether its time is that of ``nothing``, a cart without lines."""
    return not gaps(promotion.condition, View(Ledger(nothing), promotion))


def price_with(promotions: Sequence[Promotion], one_unit: Cart) -> int:
    """What the only unit of a cart costs; ``promotions`` in their order."""
    return sum(evaluate_among(promotions, one_unit).ledger.remaining)
