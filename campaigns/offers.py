"""What a cross-sell block may show, and how its prices are told. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Any

FEWEST, MOST = 3, 4


class LeftOut(StrEnum):
    """Why a recommended product is not shown."""

    IN_ORDER = "in_order"
    UNAVAILABLE = "unavailable"
    NOT_SIMILAR = "not_similar"
    NO_PRICE = "no_price"
    LOWEST_PRICE_UNKNOWN = "lowest_price_unknown"


@dataclass(frozen=True)
class Candidate:
    """A recommended product as the shop shows it now. ``range`` as ``range_of`` names it."""

    product_id: int
    sku: str
    title: str
    price: int
    is_reduced: bool
    is_available: bool
    range: str = ""
    url: str = ""
    image_url: str = ""
    reason: str = ""
    reason_code: str = ""


@dataclass(frozen=True)
class Offer:
    """One product of the block. ``lowest_price``: of the last 30 days, given when a reduction is told."""

    product_id: int
    sku: str
    title: str
    price: int
    url: str = ""
    image_url: str = ""
    reason: str = ""
    reason_code: str = ""
    lowest_price: int = 0

    @property
    def reduction(self) -> Decimal:
        """The share by which the price lies below the lowest of the last 30 days, in whole per cent, never
        overstated (PAngV § 11); zero when it does not."""
        if self.lowest_price <= self.price:
            return Decimal(0)
        share = Decimal(self.lowest_price - self.price) / self.lowest_price
        return share.quantize(Decimal("0.01"), ROUND_DOWN)

    def as_content(self) -> dict[str, Any]:
        """For the ledger: what the reader saw."""
        return {
            "product": self.product_id,
            "sku": self.sku,
            "title": self.title,
            "price": self.price,
            "lowest_price": self.lowest_price if self.reduction else None,
            "reason": self.reason,
            "reason_code": self.reason_code,
        }


@dataclass(frozen=True)
class Choice:
    """The offers, best first, and what was left out with its reason. Fewer than three offers are none."""

    offers: tuple[Offer, ...]
    left_out: tuple[tuple[str, LeftOut], ...] = ()


def range_of(category_path: str, separator: str) -> str:
    """The range of goods of one typical use: the category above the product's own, e.g. ``Outdoor › Camping``
    for ``Outdoor › Camping › Tents``; a category at the root is its own range."""
    above, _separator, _own = category_path.rpartition(separator)
    return above or category_path


def choose_offers(
    candidates: Iterable[Candidate],
    *,
    ordered: Collection[int],
    similar_to: Collection[str] | None,
    lowest_prices: Mapping[int, int | None],
) -> Choice:
    """The first four candidates that may be shown.

    ``ordered``: ids of the order's products. ``similar_to``: the ranges that were bought, when only similar goods
    may be advertised (UWG § 7(3) no. 2); None: everything may. ``lowest_prices``: of the last 30 days, by product.
    """
    offers: list[Offer] = []
    left_out: list[tuple[str, LeftOut]] = []
    for candidate in candidates:
        if len(offers) == MOST:
            break
        lowest = lowest_prices.get(candidate.product_id)
        flaw = _flaw(candidate, ordered, similar_to, lowest)
        if flaw:
            left_out.append((candidate.sku, flaw))
        else:
            offers.append(_offer(candidate, lowest))
    return Choice(tuple(offers) if len(offers) >= FEWEST else (), tuple(left_out))


def _flaw(
    candidate: Candidate, ordered: Collection[int], similar_to: Collection[str] | None, lowest: int | None
) -> LeftOut | None:
    if candidate.product_id in ordered:
        return LeftOut.IN_ORDER
    if not candidate.is_available:
        return LeftOut.UNAVAILABLE
    if similar_to is not None and candidate.range not in similar_to:
        return LeftOut.NOT_SIMILAR
    if candidate.price <= 0:
        return LeftOut.NO_PRICE
    return LeftOut.LOWEST_PRICE_UNKNOWN if candidate.is_reduced and lowest is None else None


def _offer(candidate: Candidate, lowest: int | None) -> Offer:
    return Offer(
        product_id=candidate.product_id,
        sku=candidate.sku,
        title=candidate.title,
        price=candidate.price,
        url=candidate.url,
        image_url=candidate.image_url,
        reason=candidate.reason,
        reason_code=candidate.reason_code,
        lowest_price=(lowest or 0) if candidate.is_reduced else 0,
    )
