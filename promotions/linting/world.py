"""What a check looks at: promotions with their standing, the assortment, codes. Plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from promotions.pricing.cart import Line
from promotions.pricing.definitions import Promotion


class Severity(StrEnum):
    ERROR = "error"  # it does not do what it says
    WARNING = "warning"  # somebody should look at it
    INFO = "info"  # good to know


@dataclass(frozen=True)
class Entry:
    """A promotion under check. ``decides``: it does so now or will, so that others meet it on a cart.

    ``used_up``: which limit is reached (``uses``, ``budget``), or empty.
    """

    promotion: Promotion
    decides: bool = True
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    used_up: str = ""

    def holds(self, at: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= at) and (self.ends_at is None or at < self.ends_at)


@dataclass(frozen=True)
class Goods:
    """A product; ``cost`` is of one unit without tax, None: unknown."""

    sku: str
    title: str
    price: int
    cost: int | None = None
    list_price: int | None = None
    tax_rate: int = 0
    categories: tuple[str, ...] = ()
    brand: str = ""
    tags: tuple[str, ...] = ()

    def line(self, quantity: int = 1) -> Line:
        return Line(
            id=self.sku,
            sku=self.sku,
            quantity=quantity,
            unit_price=self.price,
            categories=self.categories,
            brand=self.brand,
            tags=self.tags,
            tax_rate=self.tax_rate,
            list_price=self.list_price,
        )


@dataclass(frozen=True)
class Batch:
    """Codes of a batch; ``over``: why none of them can be used (``revoked``, ``expired``, ``used``), or empty."""

    key: str
    name: str
    over: str = ""


@dataclass(frozen=True)
class World:
    """``goods``: the thinnest margin first; ``is_whole``: there are no others.

    ``known``: of the names that promotions mention, those that exist, by kind (``products``, ``categories``, ``brands``,
    ``tags``, ``segments``). What is made up by others (``segments`` of a kind nobody lists) is not judged.
    """

    at: datetime
    goods: Sequence[Goods]
    is_whole: bool
    known: Mapping[str, frozenset[str]]
    batches: Sequence[Batch] = ()
    currency: str = "EUR"


@dataclass(frozen=True)
class ExampleLine:
    """``net`` is what one unit brings without tax in the end, ``cost`` what it costs."""

    sku: str
    title: str
    quantity: int
    unit_price: int
    total: int
    net: int
    cost: int | None


@dataclass(frozen=True)
class Example:
    """A cart that the engine decided: what it costs, and what each promotion took off it."""

    lines: tuple[ExampleLine, ...]
    taken: tuple[tuple[str, int], ...]
    codes: tuple[str, ...] = ()
    total: int = 0


@dataclass(frozen=True)
class Finding:
    """``code`` names the sentence, ``values`` fill it in; ``promotions`` by their keys, the one at fault first."""

    code: str
    severity: Severity
    promotions: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    example: Example | None = None
    batch: str = ""


@dataclass(frozen=True)
class Checked:
    """``is_cut``: the search for carts ended at its bound, so that there may be more."""

    findings: list[Finding]
    is_cut: bool = False
