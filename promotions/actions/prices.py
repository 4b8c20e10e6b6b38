"""What promotions take off shown prices goes into the price history, and out of it when they end (PAngV § 11)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog.actions import show_prices
from catalog.models import Product
from core.locks import lock_name
from merchants.models import Merchant
from promotions.deciding import line_facts
from promotions.models import Promotion, PublishedPrices, RuleSet
from promotions.pricing import definitions as d
from promotions.pricing.cart import Cart
from promotions.pricing.index import Index
from promotions.pricing.reading import known_cart, known_promotion
from promotions.pricing.shown import LANE, holds_now, is_for_everybody, price_with

CHUNK = 2000
# The schedule comes by every minute; what is longer ago was not the cause.
LATEST = timedelta(minutes=15)


@dataclass(frozen=True)
class _Lowering:
    """Promotions that lower prices for everybody at a moment; ``bounds``: when their periods and those of others turn."""

    promotions: list[d.Promotion]
    versions: list[int]
    bounds: list[datetime]


def publish_due_prices(*, now: datetime | None = None) -> int:
    """Of every shop whose promotions for everybody began or ended since; returns how many prices changed."""
    now = now or timezone.now()
    catalogue = Promotion.objects.all_merchants().active().filter(version__definition__lane=LANE)
    published = PublishedPrices.objects.all_merchants().exclude(versions=[])
    concerned = {*catalogue.values_list("merchant", flat=True), *published.values_list("merchant", flat=True)}
    return sum(publish_prices(merchant, now=now) for merchant in Merchant.objects.filter(pk__in=concerned))


@transaction.atomic
def publish_prices(merchant: Merchant, *, now: datetime | None = None) -> int:
    """Bring the price history up to what promotions make of prices now; nothing where the same ones were published."""
    now = now or timezone.now()
    lock_name(f"prices:{merchant.pk}")
    last = PublishedPrices.objects.for_merchant(merchant).first()
    lowering = _lowering(merchant, now)
    if lowering.versions == (last.versions if last else []):
        return 0
    since = _since(merchant, last, lowering, now)
    changed = show_prices(merchant, _prices(merchant, lowering.promotions, now), at=since)
    PublishedPrices.objects.update_or_create(
        merchant=merchant, defaults={"versions": lowering.versions, "published_at": now}
    )
    return changed


@transaction.atomic
def publish_prices_of(merchant: Merchant, product_ids: Collection[int], *, now: datetime | None = None) -> int:
    """Likewise for products that the shop changed, by the promotions that are published."""
    now = now or timezone.now()
    lock_name(f"prices:{merchant.pk}")
    last = PublishedPrices.objects.for_merchant(merchant).exclude(versions=[]).first()
    if last is None:
        return 0
    lowering = _lowering(merchant, now)
    prices = _prices(merchant, lowering.promotions, now, product_ids)
    return show_prices(merchant, prices, among=product_ids, at=now)


def _lowering(merchant: Merchant, now: datetime) -> _Lowering:
    rows = Promotion.objects.for_merchant(merchant).active().filter(version__definition__lane=LANE)
    nothing = Cart(lines=(), at=now.astimezone(merchant.tz))
    found, versions, bounds = [], [], []
    for row in rows.select_related("version").order_by("pk"):
        version = row.version
        promotion = known_promotion(version.definition) if version and not row.is_limited else None
        if version is None or promotion is None or not is_for_everybody(promotion):
            continue
        bounds += [bound for bound in (version.starts_at, version.ends_at) if bound]
        if row.standing_at(now) == Promotion.Standing.ACTIVE and holds_now(promotion, nothing):
            found.append(promotion)
            versions.append(version.pk)
    return _Lowering(found, versions, bounds)


def _since(merchant: Merchant, last: PublishedPrices | None, lowering: _Lowering, now: datetime) -> datetime:
    """When the prices changed, which is a little before we came to it: at a beginning, an end or an activation."""
    rows = RuleSet.objects.for_merchant(merchant).filter(created_at__lte=now).order_by("-pk")
    activated = rows.values_list("created_at", flat=True).first()
    turns = [bound for bound in (*lowering.bounds, activated) if bound and bound <= now]
    since = max(turns, default=now)
    is_old = now - since > LATEST or (last is not None and since <= last.published_at)
    return now if is_old else since


def _prices(
    merchant: Merchant, promotions: list[d.Promotion], now: datetime, among: Collection[int] | None = None
) -> dict[int, int]:
    """By product: what it costs, where that is less than the catalogue says."""
    index, at = Index(promotions), now.astimezone(merchant.tz).isoformat()
    if not index.promotions:
        return {}
    rows = Product.objects.for_merchant(merchant).filter(source=Product.Source.CATALOG)
    rows = rows if among is None else rows.filter(pk__in=among)
    lowered = {}
    for product in rows.select_related("category").defer("description").iterator(chunk_size=CHUNK):
        one = known_cart({"lines": [_one(product)], "at": at, "currency": merchant.currency})
        price = price_with(index.candidates(one), one)
        if price < product.price:
            lowered[product.pk] = price
    return lowered


def _one(product: Product) -> dict[str, Any]:
    return {"sku": product.sku, "quantity": 1, **line_facts(product)}
