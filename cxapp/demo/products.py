"""The products of a demo shop with their price history, and the market: where products lie in the space of tastes.

Pure; amounts are gross minor units.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxapp.demo.assortment import Assortment, Leaf, ModelLine
from cxapp.demo.seasons import Floats, demand

Ints = NDArray[np.int64]

STYLES = 5  # latent dimensions beside the named tastes: plain or playful, robust or light, …
COLOURWAYS = 4  # how many colours each picture comes in
NEW_DAYS = 45


@dataclass(frozen=True, slots=True)
class PriceStep:
    """What a product cost from ``valid_from`` on."""

    valid_from: datetime
    price: int
    list_price: int | None = None


@dataclass(frozen=True, slots=True)
class ProductPlan:
    """One product; ``leaf`` and ``model`` count within the assortment, ``prices`` ascend in time."""

    sku: str
    title: str
    description: str
    leaf: int
    model: int
    variant: str
    brand: str
    prices: tuple[PriceStep, ...]
    cost: int
    tax_rate: Decimal
    stock: int
    tags: tuple[str, ...]
    picture: str
    created_at: datetime
    withdrawn_at: datetime | None

    def price_at(self, moment: datetime) -> int:
        """The price a buyer paid at ``moment``."""
        return next((step.price for step in reversed(self.prices) if step.valid_from <= moment), self.prices[0].price)


@dataclass(frozen=True, slots=True)
class Market:
    """Products as arrays, in the order of the plans.

    ``appeal`` (products, tastes + styles) is met by people's tastes, ``fame`` (products,) is for everybody;
    ``companions`` (products, products) says how much buying the row calls for the column; ``season`` is
    (12, products).
    """

    appeal: Floats
    fame: Floats
    dearness: Floats
    companions: Floats
    season: Floats
    leaf: Ints
    model: Ints
    once: NDArray[np.bool_]
    refill: Ints
    quantity: Floats
    gender: NDArray[np.str_]
    on_sale_from: Floats
    on_sale_until: Floats


def plan_products(assortment: Assortment, rng: np.random.Generator, now: datetime) -> list[ProductPlan]:
    """Every variant of every model, with a history of its own."""
    plans = [
        _plan(assortment.leaves[leaf], line, rng, now, (leaf, number, model, variant))
        for leaf, number, model, line in _numbered(assortment)
        for variant in range(len(line.variants))
    ]
    return [
        replace(
            plan,
            tags=(*plan.tags, *_labels(plan, assortment.texts, now)),
            picture=f"{plan.picture}-{_colourway(plan, assortment.colours)}",
        )
        for plan in plans
    ]


def _colourway(plan: ProductPlan, colours: Mapping[str, int]) -> int:
    """As the variant says, else by turns."""
    words = re.findall(r"\w+", plan.variant.lower())
    named = [colours[word] for word in words if word in colours]
    return named[0] if named else (plan.model + int(plan.sku[-1])) % COLOURWAYS + 1


def _labels(plan: ProductPlan, texts: Mapping[str, Any], now: datetime) -> Iterator[str]:
    if now - plan.created_at < timedelta(days=NEW_DAYS):
        yield texts["new"]
    if plan.prices[-1].list_price:
        yield texts["reduced"]


def _numbered(assortment: Assortment) -> Iterator[tuple[int, int, int, ModelLine]]:
    """(leaf, number within the leaf, number within the assortment, model)."""
    model = 0
    for leaf, row in enumerate(assortment.leaves):
        for number, line in enumerate(row.models):
            yield leaf, number, model, line
            model += 1


def _plan(
    leaf: Leaf, line: ModelLine, rng: np.random.Generator, now: datetime, place: tuple[int, int, int, int]
) -> ProductPlan:
    leaf_number, number, model, variant = place
    price = line.price + line.step * variant
    created = _created(rng, now)
    withdrawn = now - timedelta(days=float(rng.uniform(20, 140))) if rng.random() < 0.03 else None
    prices = tuple(_history(rng, price, created, now))
    return ProductPlan(
        sku=f"{leaf_number + 1:02}{number + 1:02}-{variant + 1}",
        title=f"{line.name}, {line.variants[variant]}",
        description=f"{line.text} {leaf.text}",
        leaf=leaf_number,
        model=model,
        variant=line.variants[variant],
        brand=line.brand,
        prices=prices,
        cost=round(price / (1 + float(leaf.tax)) * (1 - leaf.margin) * rng.uniform(0.94, 1.06)),
        tax_rate=leaf.tax,
        stock=_stock(rng, leaf),
        tags=leaf.tags,
        picture=leaf.picture,
        created_at=created,
        withdrawn_at=withdrawn,
    )


def _created(rng: np.random.Generator, now: datetime) -> datetime:
    """Two thirds are older than the shop's records, a few are new."""
    kind = rng.random()
    low, high = (560, 900) if kind < 0.68 else (NEW_DAYS, 540) if kind < 0.95 else (4, NEW_DAYS)
    return now - timedelta(days=float(rng.uniform(low, high)))


def _history(rng: np.random.Generator, price: int, created: datetime, now: datetime) -> Iterator[PriceStep]:
    """The first price, perhaps a rise, perhaps a sale that is over, perhaps one that runs."""
    age = (now - created).days
    rises = age > 200 and rng.random() < 0.35
    yield PriceStep(created, _round(price * 0.93) if rises else price)
    if rises:
        yield PriceStep(now - timedelta(days=float(rng.uniform(120, age))), price)
    if age > 110 and rng.random() < 0.2:
        begin = now - timedelta(days=float(rng.uniform(50, 110)))
        yield PriceStep(begin, _round(price * 0.85), price)
        yield PriceStep(begin + timedelta(days=14), price)
    if age > 40 and rng.random() < 0.14:
        begin = now - timedelta(days=float(rng.uniform(2, 25)))
        yield PriceStep(begin, _round(price * float(rng.choice([0.7, 0.75, 0.8, 0.9]))), price)


def _round(amount: float) -> int:
    """To a price as it stands in a shop: 17,95 or 3,45."""
    step = 100 if amount >= 1000 else 50
    return max(round((amount + 5) / step), 1) * step - 5


def _stock(rng: np.random.Generator, leaf: Leaf) -> int:
    kind = rng.random()
    if kind < 0.04:
        return 0
    most = 220 if leaf.refill else 70
    return int(rng.integers(1, 5) if kind < 0.11 else rng.integers(6, most))


def make_market(assortment: Assortment, plans: list[ProductPlan], rng: np.random.Generator, start: datetime) -> Market:
    """Places the products among the tastes; times become days since ``start``."""
    leaves = [assortment.leaves[plan.leaf] for plan in plans]
    price = np.log([plan.prices[-1].price for plan in plans])
    return Market(
        appeal=_appeal(assortment, plans, rng),
        fame=_fame(assortment, plans, rng),
        dearness=(price - price.mean()) / price.std(),
        companions=_companions(assortment, plans, rng),
        season=demand([leaf.season for leaf in leaves]),
        leaf=np.array([plan.leaf for plan in plans]),
        model=np.array([plan.model for plan in plans]),
        once=np.array([leaf.once for leaf in leaves]),
        refill=np.array([leaf.refill for leaf in leaves]),
        quantity=np.array([leaf.quantity for leaf in leaves]),
        gender=np.array([_gender(plan.variant) for plan in plans]),
        on_sale_from=np.array([_days(plan.created_at, start, -np.inf) for plan in plans]),
        on_sale_until=np.array([_days(plan.withdrawn_at, start, np.inf) for plan in plans]),
    )


def _appeal(assortment: Assortment, plans: list[ProductPlan], rng: np.random.Generator) -> Floats:
    """Tastes come from the leaf; styles from the brand, the model and a little from the variant."""
    names = assortment.tastes
    tastes = np.array([[leaf.tastes.get(name, -0.2) for name in names] for leaf in assortment.leaves])
    brands = {brand: rng.normal(0, 0.5, STYLES) for brand in sorted({plan.brand for plan in plans})}
    models = rng.normal(0, 0.6, (max(plan.model for plan in plans) + 1, STYLES))
    rows = [
        np.concatenate([tastes[plan.leaf] + rng.normal(0, 0.1, len(names)), brands[plan.brand] + models[plan.model]])
        for plan in plans
    ]
    appeal = np.array(rows)
    appeal[:, len(names) :] += rng.normal(0, 0.2, (len(plans), STYLES))
    return appeal


def _fame(assortment: Assortment, plans: list[ProductPlan], rng: np.random.Generator) -> Floats:
    models = rng.normal(0, 0.45, max(plan.model for plan in plans) + 1)
    own = rng.normal(0, 0.25, len(plans))
    return np.array([assortment.leaves[plan.leaf].popularity + models[plan.model] for plan in plans]) + own


def _companions(assortment: Assortment, plans: list[ProductPlan], rng: np.random.Generator) -> Floats:
    """What goes with what: by leaf, with some pairs of models far more than others."""
    keys = [leaf.key for leaf in assortment.leaves]
    pull = np.array([[leaf.goes_with.get(key, 0.0) for key in keys] for leaf in assortment.leaves])
    models = max(plan.model for plan in plans) + 1
    pairs = rng.gamma(1.2, 1 / 1.2, (models, models))
    leaf, model = np.array([plan.leaf for plan in plans]), np.array([plan.model for plan in plans])
    return np.asarray(pull[np.ix_(leaf, leaf)] * pairs[np.ix_(model, model)])


def _gender(variant: str) -> str:
    return {"Damen": "f", "Herren": "m"}.get(variant.split(",")[0], "")


def _days(moment: datetime | None, start: datetime, missing: float) -> float:
    return missing if moment is None else (moment - start).total_seconds() / 86_400
