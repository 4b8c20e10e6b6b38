"""The cart as a storefront sends it: plain values. Amounts are minor units of one currency, in the shop's price basis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Units are looked at one by one where a benefit needs them; more than this is no shopper's cart.
MOST_UNITS = 20_000


@dataclass(frozen=True)
class Line:
    """Some units of one product. ``categories`` are paths (``Outdoor › Tents``), ``tax_rate`` hundredths of a percent.

    ``list_price`` is the price it is reduced from, or None.
    """

    id: str
    sku: str
    quantity: int
    unit_price: int
    categories: tuple[str, ...] = ()
    brand: str = ""
    tags: tuple[str, ...] = ()
    tax_rate: int = 0
    list_price: int | None = None
    cost: int | None = None

    @property
    def is_reduced(self) -> bool:
        return self.list_price is not None and self.list_price > self.unit_price


@dataclass(frozen=True)
class Shopper:
    """What is known of the person. ``orders`` counts earlier orders; None: unknown."""

    id: str = ""
    segments: frozenset[str] = frozenset()
    orders: int | None = None
    traits: Mapping[str, Any] = field(default_factory=dict)
    kpis: Mapping[str, int | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Cart:
    """What would be ordered, by whom, and when: ``at`` is in the shop's time zone."""

    lines: tuple[Line, ...]
    at: datetime
    currency: str = "EUR"
    shipping: int = 0
    shipping_method: str = ""
    shipping_tax_rate: int = 0
    codes: tuple[str, ...] = ()
    shopper: Shopper = Shopper()
    channel: str = ""
    payment_method: str = ""
    country: str = ""
    prices_include_tax: bool = True
    # What the shop's loyalty programme gives: so many points per so much money.
    points_each: int = 0
    points_per: int = 1

    def __post_init__(self) -> None:
        if sum(line.quantity for line in self.lines) > MOST_UNITS:
            raise ValueError(f"A cart may hold {MOST_UNITS} units at most.")
        if len({line.id for line in self.lines}) != len(self.lines):
            raise ValueError("Two lines of the cart have the same id.")


def normalise_code(code: str) -> str:
    """``" summer 20 "`` → ``"SUMMER20"``: how codes are compared."""
    return "".join(code.split()).upper()
