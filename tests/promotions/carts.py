"""Carts and promotions for tests, as short as they are said. Amounts are given in currency units: ``4.00`` is 400."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from promotions.pricing.cart import Cart, Line
from promotions.pricing.definitions import Benefit, Promotion
from promotions.pricing.engine import Decision, evaluate
from promotions.pricing.index import Index

AT = datetime(2026, 11, 20, 11, tzinfo=ZoneInfo("Europe/Berlin"))


def minor(units: float) -> int:
    return round(units * 100)


def line(quantity: int, price: float, **facts: Any) -> Line:
    """``line(2, 9.99, sku="A")``; id and SKU are made up where they do not matter."""
    name = facts.pop("sku", f"{quantity}x{price}-{len(facts)}")
    return Line(id=facts.pop("id", name), sku=name, quantity=quantity, unit_price=minor(price), **facts)


def cart(*lines: Line, **facts: Any) -> Cart:
    numbered = tuple(Line(**{**vars(entry), "id": str(number)}) for number, entry in enumerate(lines, start=1))
    return Cart(lines=numbered, at=facts.pop("at", AT), **facts)


def promotion(benefit: Benefit, *, name: str = "p", **said: Any) -> Promotion:
    return Promotion(id=name, version=1, benefit=benefit, **said)


def decide(shopping: Cart, *promotions: Promotion, **options: Any) -> Decision:
    """Those given first come first."""
    ordered = [
        Promotion(**{**vars(entry), "id": f"{entry.id}{number}" if entry.id == "p" else entry.id, "age": number})
        for number, entry in enumerate(promotions)
    ]
    return evaluate(Index(ordered), shopping, **options)


def taken(decision: Decision) -> list[list[int]]:
    """What each application took off each line."""
    count = len(decision.cart.lines)
    return [[entry.taking.lines.get(at, 0) for at in range(count)] for entry in decision.applications]
