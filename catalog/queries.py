"""Reads of the catalogue that span models."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, takewhile

from catalog.models import PriceChange, Product
from merchants.models import Merchant

REFERENCE_PERIOD = timedelta(days=30)


def lowest_price_30_days(
    merchant: Merchant, product_ids: Collection[int], *, before: datetime | None = None, at: datetime | None = None
) -> dict[int, int | None]:
    """The price that a reduction must be measured by (PAngV § 11): the lowest of the 30 days before it began.

    ``before`` is the moment at which the reduction began; by default each product's own: when its present price was
    first marked as reduced. None where the price history does not reach back before that moment, and (without
    ``before``) where the product is not reduced: then no reduction may be shown. ``at``: as it was then; now by default.
    """
    history = _history(merchant, product_ids, at)
    return {pk: _lowest(history.get(pk, []), before) for pk in product_ids}


@dataclass(frozen=True)
class Shown:
    """What one unit costs whoever asks now, and what a reduction of it is measured by; None: none may be shown."""

    price: int
    is_lowered: bool
    lowest_30_days: int | None


def shown_price(product: Product) -> Shown:
    """The price with what promotions for everybody take off it; one query."""
    changes = _history(product.merchant_id, [product.pk]).get(product.pk, [])
    if not changes:
        return Shown(product.price, False, None)
    newest = changes[0]
    price = newest.price if newest.is_promotion else product.price
    return Shown(price, newest.is_promotion, _lowest(changes, None))


def shown_prices(merchant: Merchant, products: Collection[Product]) -> dict[int, Shown]:
    """Likewise for many, by product; two queries at most, none for no products."""
    if not products:
        return {}
    changes = PriceChange.objects.for_merchant(merchant).filter(product__in=[product.pk for product in products])
    newest = changes.order_by("product_id", "-valid_from", "-id").distinct("product_id")
    lowered = {
        pk: price for pk, price, is_lowered in newest.values_list("product", "price", "is_promotion") if is_lowered
    }
    reduced = [product.pk for product in products if product.is_reduced or product.pk in lowered]
    lowest = lowest_price_30_days(merchant, reduced) if reduced else {}
    return {
        product.pk: Shown(lowered.get(product.pk, product.price), product.pk in lowered, lowest.get(product.pk))
        for product in products
    }


def lowest_by_sku(merchant: Merchant, skus: Collection[str], *, at: datetime | None = None) -> dict[str, int]:
    """Of products that are reduced (now, or ``at`` a moment): the lowest price of the 30 days before; two queries, none
    for no SKUs."""
    if not skus:
        return {}
    products = dict(Product.objects.for_merchant(merchant).filter(sku__in=skus).values_list("pk", "sku"))
    lowest = lowest_price_30_days(merchant, list(products), at=at)
    return {products[pk]: price for pk, price in lowest.items() if price is not None}


def _history(
    merchant: Merchant | int, product_ids: Collection[int], at: datetime | None = None
) -> dict[int, list[PriceChange]]:
    """Price changes by product (until a moment, where one is given), newest first, in one query."""
    rows = PriceChange.objects.for_merchant(merchant).filter(product__in=product_ids)
    if at is not None:
        rows = rows.filter(valid_from__lte=at)
    ordered = rows.order_by("product_id", "-valid_from", "-id")
    return {pk: list(changes) for pk, changes in groupby(ordered, key=lambda change: change.product_id)}


def _lowest(changes: Sequence[PriceChange], before: datetime | None) -> int | None:
    start = before or _reduced_since(changes)
    if start is None:
        return None
    earlier = [change for change in changes if change.valid_from < start]
    within = [
        change.price for change in takewhile(lambda change: change.valid_from > start - REFERENCE_PERIOD, earlier)
    ]
    # What was valid when the period began was charged within it too.
    standing = [change.price for change in earlier[len(within) :][:1]]
    return min([*within, *standing], default=None)


def _reduced_since(changes: Sequence[PriceChange]) -> datetime | None:
    """When the present price was first marked as reduced; a further cut is a reduction of its own."""
    if not changes:
        return None
    present = changes[0].price
    run = list(takewhile(lambda change: change.price == present and _is_reduced(change), changes))
    return run[-1].valid_from if run else None


def _is_reduced(change: PriceChange) -> bool:
    return change.list_price is not None and change.list_price > change.price


def price_by_day(product: Product, merchant: Merchant, days: Sequence[date]) -> list[int | None]:
    """What the product cost at the end of each of the ascending ``days``; None before its first price. One query."""
    changes = PriceChange.objects.for_merchant(merchant).filter(product=product).order_by("valid_from", "id")
    known = [(at.astimezone(merchant.tz).date(), price) for at, price in changes.values_list("valid_from", "price")]
    prices: list[int | None] = []
    current, position = None, 0
    for day in days:
        while position < len(known) and known[position][0] <= day:
            current, position = known[position][1], position + 1
        prices.append(current)
    return prices
