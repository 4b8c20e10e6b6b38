"""What a demo shop is and sells, read from ``shops/<slug>.toml`` (whose head explains the keys). Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

SHOPS = Path(__file__).parent / "shops"
MAIN, SECOND = "demo", "demo-two"


@dataclass(frozen=True, kw_only=True)
class ModelLine:
    """One product model: a product per variant, each ``step`` dearer than the one before."""

    name: str
    brand: str
    price: int
    step: int
    variants: tuple[str, ...]
    text: str


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A leaf of the category tree and how people buy there."""

    key: str
    path: tuple[str, ...]
    picture: str
    season: str
    popularity: float
    tastes: Mapping[str, float]
    margin: float
    returns: float
    models: tuple[ModelLine, ...]
    tags: tuple[str, ...]
    text: str
    goes_with: Mapping[str, float]
    tax: Decimal = Decimal("0.19")
    once: bool = False
    worn: bool = False
    refill: int = 0
    quantity: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Shipping:
    """Price of sending, from which goods value it is free, and the promise in working days."""

    price: int
    free_from: int
    promise: int


@dataclass(frozen=True, kw_only=True)
class CouponCode:
    """Takes ``share`` off the goods; how likely a first and a later order use it."""

    share: float
    first_order: float
    later: float


@dataclass(frozen=True, kw_only=True)
class Trade:
    """How the shop does business."""

    orders_per_customer: float
    guests: float
    english: float
    countries: Mapping[str, float]
    payments: Mapping[str, float]
    carriers: Mapping[str, float]
    tracking: str
    shipping: Mapping[str, Shipping]
    tax: Mapping[str, Mapping[Decimal, Decimal]]
    coupons: Mapping[str, CouponCode]


@dataclass(frozen=True, kw_only=True)
class Assortment:
    """One shop's file. ``merchant`` are fields of the Merchant, ``staff`` an address per role."""

    merchant: Mapping[str, str]
    staff: Mapping[str, str]
    numbers: Mapping[str, str]
    trade: Trade
    texts: Mapping[str, Any]
    colours: Mapping[str, int]
    leaves: tuple[Leaf, ...] = field(repr=False)

    @property
    def tastes(self) -> list[str]:
        """Names of the latent tastes, in a fixed order."""
        return sorted({taste for leaf in self.leaves for taste in leaf.tastes})


def load(slug: str) -> Assortment:
    """The assortment of ``shops/<slug>.toml``; raises OSError where there is none."""
    data = tomllib.loads((SHOPS / f"{slug}.toml").read_text(encoding="utf-8"))
    return Assortment(
        merchant=data["shop"],
        staff=data["staff"],
        numbers=data["numbers"],
        trade=_trade(data["trade"]),
        texts=data["texts"],
        colours=data["colours"],
        leaves=tuple(_leaf(row) for row in data["leaf"]),
    )


def _trade(data: dict[str, Any]) -> Trade:
    nested = {
        "shipping": {country: Shipping(**row) for country, row in data["shipping"].items()},
        "coupons": {code: CouponCode(**row) for code, row in data["coupons"].items()},
        "tax": {
            country: {Decimal(home): Decimal(there) for home, there in rates.items()}
            for country, rates in data["tax"].items()
        },
    }
    return Trade(**data | nested)


def _leaf(row: dict[str, Any]) -> Leaf:
    models = tuple(ModelLine(**model | {"variants": tuple(model["variants"])}) for model in row["models"])
    plain = {key: value for key, value in row.items() if key not in ("with", "models", "tax")}
    lists = {"path": tuple(row["path"]), "tags": tuple(row["tags"])}
    tax = Decimal(str(row.get("tax", "0.19")))
    return Leaf(**plain | lists, models=models, goes_with=row["with"], tax=tax)
