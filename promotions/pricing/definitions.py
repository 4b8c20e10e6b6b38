"""What a promotion says: when it applies, to what, what it gives, and how it combines. Immutable, plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from promotions.pricing.cart import Line
from promotions.pricing.money import WHOLE

SEPARATOR = " › "


class Combination(StrEnum):
    """How a promotion bears with others."""

    STACK = "stack"
    EXCLUSIVE_IN_LANE = "exclusive_in_lane"  # alone in its lane, if that is the better deal
    EXCLUSIVE_OVERALL = "exclusive_overall"  # alone on the cart, if that is the better deal


class Tax(StrEnum):
    """Whether a promotion's amounts and thresholds include tax."""

    CART = "cart"  # as the cart's prices do
    GROSS = "gross"
    NET = "net"


class Basis(StrEnum):
    """What a percentage is of, and what a threshold looks at."""

    REMAINING = "remaining"  # what earlier promotions have left
    ORIGINAL = "original"  # what the lines cost before any promotion


@dataclass(frozen=True)
class Selector:
    """Which products: every given part must fit, of a part's values one. An empty selector is everything."""

    products: frozenset[str] = frozenset()
    categories: tuple[str, ...] = ()
    brands: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    price_from: int | None = None
    price_until: int | None = None
    reduced: bool | None = None
    excluded: Selector | None = None

    def takes(self, line: Line) -> bool:
        return (
            (not self.products or line.sku in self.products)
            and (not self.categories or self._is_below(line))
            and (not self.brands or line.brand in self.brands)
            and (not self.tags or not self.tags.isdisjoint(line.tags))
            and (self.price_from is None or line.unit_price >= self.price_from)
            and (self.price_until is None or line.unit_price <= self.price_until)
            and (self.reduced is None or line.is_reduced == self.reduced)
            and not (self.excluded and self.excluded.takes(line))
        )

    def _is_below(self, line: Line) -> bool:
        return any(
            path == wanted or path.startswith(wanted + SEPARATOR)
            for wanted in self.categories
            for path in line.categories
        )


EVERYTHING = Selector()


# --- conditions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AllOf:
    of: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    of: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    of: Condition


Measure: TypeAlias = Literal["spend", "quantity", "distinct_products"]


@dataclass(frozen=True)
class Threshold:
    """So much money, so many units or so many different products of a selection."""

    measure: Measure
    at_least: int
    of: Selector = EVERYTHING


Fact: TypeAlias = Literal["segment", "customer", "channel", "payment_method", "country", "shipping_method"]


@dataclass(frozen=True)
class OneOf:
    """A fact about cart or person is one of some values."""

    fact: Fact
    values: frozenset[str]


@dataclass(frozen=True)
class OrderNumber:
    """The person's first (1), third (3) … order; ``every``: each so-manyth."""

    number: int
    every: bool = False


@dataclass(frozen=True)
class Known:
    """A trait or KPI of the person equals one of some values, or lies within bounds."""

    source: Literal["trait", "kpi"]
    name: str
    values: frozenset[Any] | None = None
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True)
class Code:
    """One of these codes is on the cart; they are normalised."""

    codes: frozenset[str]


@dataclass(frozen=True)
class Period:
    """From a moment (included) until another (excluded), in the shop's time."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Weekly:
    """On some weekdays (Monday is 0), between two times of the day; over midnight where ``until`` is the earlier."""

    weekdays: frozenset[int] = frozenset(range(7))
    start: time = time(0)
    end: time | None = None


Condition: TypeAlias = AllOf | AnyOf | Not | Threshold | OneOf | OrderNumber | Known | Code | Period | Weekly
ALWAYS = AllOf(())


# --- benefits --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Percent:
    """So many hundredths of a percent off, of all of it at most ``cap``."""

    hundredths: int
    cap: int | None = None


@dataclass(frozen=True)
class Amount:
    """An amount off, split over the lines in proportion; ``spills``: what a line cannot take goes to the others."""

    amount: int
    spills: bool = True


@dataclass(frozen=True)
class AmountPerUnit:
    """An amount off each unit, never below nothing."""

    amount: int


@dataclass(frozen=True)
class FixedPrice:
    """Each unit costs this; never more than without."""

    price: int


@dataclass(frozen=True)
class BundlePrice:
    """Any ``size`` units together cost ``price``; the dearest units make the bundles."""

    size: int
    price: int


@dataclass(frozen=True)
class GroupDeal:
    """Of every ``size`` units ``units`` get a percentage off: 3 for 2 is size 3, one unit, all of it."""

    size: int
    units: int
    hundredths: int = WHOLE
    pick: Literal["cheapest", "dearest"] = "cheapest"


@dataclass(frozen=True)
class BuyGet:
    """For every ``buy`` units of one selection ``get`` units of another get a percentage off; no unit is both."""

    buy: int
    buy_of: Selector
    get: int
    get_of: Selector
    hundredths: int = WHOLE


@dataclass(frozen=True)
class Tiered:
    """A percentage that rises with what is bought: steps of (from, hundredths), ascending."""

    by: Measure
    steps: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class ShippingPercent:
    hundredths: int = WHOLE


@dataclass(frozen=True)
class ShippingPrice:
    """Shipping costs this; never more than without."""

    price: int


@dataclass(frozen=True)
class Gift:
    """A product that comes along for nothing."""

    sku: str
    quantity: int = 1


@dataclass(frozen=True)
class Points:
    """Loyalty points: so many at once, and so many for every full ``per`` of money spent on the selection.

    ``more`` (in hundredths) of what the shop's programme gives for it comes on top: 100 is twice the points.
    """

    fixed: int = 0
    each: int = 0
    per: int = 100
    more: int = 0


Benefit: TypeAlias = (
    Percent
    | Amount
    | AmountPerUnit
    | FixedPrice
    | BundlePrice
    | GroupDeal
    | BuyGet
    | Tiered
    | ShippingPercent
    | ShippingPrice
    | Gift
    | Points
)


class ReturnPolicy(StrEnum):
    KEEP = "keep"  # refund what was paid for the returned units
    PRORATE = "prorate"  # the discount is shared by all units alike
    CLAWBACK = "clawback"  # what the kept units would not have earned is taken back


@dataclass(frozen=True)
class Promotion:
    """One version of an offer. ``age`` orders promotions of one priority: the lower, the earlier made.

    ``times``: how often a group deal applies at most (None: as often as it fits). ``floor``: no unit is reduced below
    this price by it. ``net``: its amounts and thresholds are net of tax although the cart's prices are gross.
    ``holdout``: so many per cent of people do not get it, so that its effect can be measured; who that is, is decided
    before the engine is asked, which leaves them alone.
    """

    id: str
    version: int
    benefit: Benefit
    name: str = ""
    condition: Condition = ALWAYS
    target: Selector = EVERYTHING
    lane: str = "order"
    priority: int = 100
    age: int = 0
    basis: Basis = Basis.REMAINING
    combination: Combination = Combination.STACK
    times: int | None = None
    floor: int = 0
    tax: Tax = Tax.CART
    returns: ReturnPolicy = ReturnPolicy.KEEP
    holdout: int = 0

    @property
    def order(self) -> tuple[int, int, str]:
        return self.priority, self.age, self.id


class Resolution(StrEnum):
    """How a lane finds its deal."""

    SEQUENTIAL = "sequential"  # by priority, then by age
    BEST = "best"  # the selection and order that save the shopper most


@dataclass(frozen=True)
class Lane:
    name: str
    resolution: Resolution = Resolution.SEQUENTIAL


LANES = (Lane("catalog"), Lane("line"), Lane("order"), Lane("shipping"))
