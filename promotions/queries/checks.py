"""What a check of promotions looks at, read from the database: a dozen queries, however many promotions there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Count, ExpressionWrapper, F, FloatField, Max, Q, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone

from catalog.models import Category, Product
from merchants.models import Merchant
from promotions.linting.checking import check
from promotions.linting.logic import PARTS
from promotions.linting.world import Batch, Checked, Entry, Goods, World
from promotions.models import CouponBatch, Promotion, PromotionVersion, RuleSet, UseCount
from promotions.pricing import definitions as d
from promotions.pricing.reading import known_promotion
from promotions.queries.naming import segment_choices

# Products that carts are made from: the thinnest margins of those that promotions name, and of all.
MOST_GOODS = 2_000
# Names that one check looks up at most.
MOST_NAMES = 20_000
# As long as nothing about promotions and codes changes; prices and limits are as old as this at most.
KEPT_SECONDS = 300


def check_all(merchant: Merchant) -> Checked:
    """The findings on all promotions, kept until something changes."""
    key = f"promotions.check:{merchant.pk}:{_fingerprint(merchant)}"
    found: Checked | None = cache.get(key)
    if found is None:
        entries = _entries(merchant, timezone.now())
        found = check(entries, _world(merchant, entries))
        cache.set(key, found, KEPT_SECONDS)
    return found


def check_version(version: PromotionVersion) -> Checked:
    """What concerns this promotion, should this version of it decide from now on."""
    promotion = version.promotion
    merchant, now = promotion.merchant, timezone.now()
    mine = Entry(known_promotion(version.definition), True, version.starts_at, version.ends_at)
    entries = [entry for entry in _entries(merchant, now) if entry.promotion.id != promotion.key]
    return check([*entries, mine], _world(merchant, [*entries, mine]), about=promotion.key)


def conflicts(merchant: Merchant) -> dict[str, int]:
    """How many errors and warnings each promotion is named in, by its key."""
    counts: dict[str, int] = {}
    for finding in check_all(merchant).findings:
        if finding.severity != "info":
            for key in finding.promotions:
                counts[key] = counts.get(key, 0) + 1
    return counts


def _fingerprint(merchant: Merchant) -> str:
    """Changes whenever a promotion, a version or a batch does."""
    promotions = Promotion.objects.for_merchant(merchant).aggregate(at=Max("updated_at"), count=Count("pk"))
    versions = PromotionVersion.objects.for_merchant(merchant).aggregate(last=Max("pk"))
    batches = CouponBatch.objects.for_merchant(merchant).aggregate(last=Max("pk"), revoked=Max("revoked_at"))
    rules = RuleSet.objects.for_merchant(merchant).aggregate(last=Max("pk"))
    parts = [promotions["at"], promotions["count"], versions["last"], batches["last"], batches["revoked"]]
    return ":".join(str(part).replace(" ", "T") for part in [*parts, rules["last"]])


# --- promotions ------------------------------------------------------------------------------------------------------


def _entries(merchant: Merchant, now: datetime) -> list[Entry]:
    """Those that decide, with the version that does; of drafts and paused ones the newest."""
    rows = Promotion.objects.for_merchant(merchant).exclude(status=Promotion.Status.ENDED)
    promotions = list(rows.select_related("version").order_by("pk"))
    newest = _newest(merchant, promotions)
    used = _used_up(merchant, promotions)
    return [
        Entry(
            known_promotion(version.definition),
            promotion.status == Promotion.Status.ACTIVE,
            version.starts_at.astimezone(merchant.tz) if version.starts_at else None,
            version.ends_at.astimezone(merchant.tz) if version.ends_at else None,
            used.get(promotion.pk, ""),
        )
        for promotion in promotions
        if (version := _deciding(promotion) or newest.get(promotion.pk)) is not None
    ]


def _deciding(promotion: Promotion) -> PromotionVersion | None:
    return promotion.version if promotion.status == Promotion.Status.ACTIVE else None


def _newest(merchant: Merchant, promotions: Sequence[Promotion]) -> dict[int, PromotionVersion]:
    idle = [promotion.pk for promotion in promotions if _deciding(promotion) is None]
    rows = PromotionVersion.objects.for_merchant(merchant).filter(promotion__in=idle)
    return {row.promotion_id: row for row in rows.order_by("promotion", "-number").distinct("promotion")}


def _used_up(merchant: Merchant, promotions: Sequence[Promotion]) -> dict[int, str]:
    limited = {one.pk: one for one in promotions if one.uses_limit is not None or one.budget is not None}
    counts = UseCount.objects.for_merchant(merchant).filter(promotion__in=list(limited), window="")
    found = {}
    for count in counts:
        promotion = limited[count.promotion_id]
        if promotion.uses_limit is not None and count.used >= promotion.uses_limit:
            found[promotion.pk] = "uses"
        elif promotion.budget is not None and count.spent >= promotion.budget:
            found[promotion.pk] = "budget"
    return found


# --- what they speak of ----------------------------------------------------------------------------------------------


def _world(merchant: Merchant, entries: Sequence[Entry]) -> World:
    now = timezone.now().astimezone(merchant.tz)
    asked = _names(entries)
    goods, is_whole = _goods(merchant, asked)
    known = _known_names(merchant, asked) | {"segments": _segments(merchant)}
    return World(now, goods, is_whole, known, _batches(merchant, now), merchant.currency)


def _names(entries: Iterable[Entry]) -> dict[str, set[str]]:
    """Every name in a selector, by kind; and the products that come along for nothing."""
    found: dict[str, set[str]] = {part: set() for part in PARTS}
    for entry in entries:
        for selector in _selectors(entry.promotion):
            for part in PARTS:
                found[part].update(getattr(selector, part))
        if isinstance(entry.promotion.benefit, d.Gift):
            found["products"].add(entry.promotion.benefit.sku)
    return {part: set(sorted(names)[:MOST_NAMES]) for part, names in found.items()}


def _selectors(promotion: d.Promotion) -> Iterator[d.Selector]:
    waiting: list[Any] = [promotion.target, promotion.benefit, promotion.condition]
    while waiting:
        one = waiting.pop()
        if isinstance(one, d.Selector):
            yield one
            waiting += [one.excluded] if one.excluded else []
        elif isinstance(one, d.BuyGet):
            waiting += [one.buy_of, one.get_of]
        elif isinstance(one, d.AllOf | d.AnyOf):
            waiting += one.of
        elif isinstance(one, d.Not | d.Threshold):
            waiting.append(one.of)


def _known_names(merchant: Merchant, asked: dict[str, set[str]]) -> dict[str, frozenset[str]]:
    products = Product.objects.for_merchant(merchant)
    paths = Category.objects.for_merchant(merchant).filter(path__in=asked["categories"])
    tagged = products.filter(tags__overlap=sorted(asked["tags"])).values_list("tags", flat=True)
    return {
        "products": frozenset(products.filter(sku__in=asked["products"]).values_list("sku", flat=True)),
        "categories": frozenset(paths.values_list("path", flat=True)),
        "brands": frozenset(products.filter(brand__in=asked["brands"]).order_by().values_list("brand", flat=True)),
        "tags": frozenset(tag for tags in tagged[:MOST_NAMES] for tag in tags) if asked["tags"] else frozenset(),
    }


def _segments(merchant: Merchant) -> frozenset[str]:
    """Every segment that somebody could be in."""
    return frozenset(name for name, _label in segment_choices(merchant))


def _goods(merchant: Merchant, asked: dict[str, set[str]]) -> tuple[list[Goods], bool]:
    """What carts are made from; whether that is the whole assortment."""
    price = ExpressionWrapper(F("price") / (Value(1) + F("tax_rate")), output_field=FloatField())
    share = ExpressionWrapper(F("cost") / NullIf(price, Value(0.0)), output_field=FloatField())
    rows = Product.objects.for_merchant(merchant).filter(active=True, price__gt=0)
    thin = rows.annotate(share=Coalesce(share, Value(0.0))).order_by("-share", "pk").select_related("category")
    found: dict[int, Any] = {row.pk: row for row in thin[: MOST_GOODS + 1]}
    is_whole = len(found) <= MOST_GOODS
    if not is_whole and (named := _named(asked)) is not None:
        found |= {row.pk: row for row in thin.filter(named)[:MOST_GOODS]}
    ordered = sorted(found.values(), key=lambda row: (-row.share, row.pk))
    return [_as_goods(row) for row in ordered], is_whole


def _named(asked: dict[str, set[str]]) -> Q | None:
    condition = Q(sku__in=asked["products"]) | Q(brand__in=asked["brands"]) | Q(category__path__in=asked["categories"])
    for path in sorted(asked["categories"])[:100]:
        condition |= Q(category__path__startswith=path + d.SEPARATOR)
    if asked["tags"]:
        condition |= Q(tags__overlap=sorted(asked["tags"]))
    return condition if any(asked.values()) else None


def _as_goods(row: Product) -> Goods:
    return Goods(
        sku=row.sku,
        title=row.title,
        price=row.price,
        cost=row.cost,
        list_price=row.list_price,
        tax_rate=int(row.tax_rate * 10_000),
        categories=(row.category.path,) if row.category else (),
        brand=row.brand,
        tags=tuple(row.tags),
    )


def _batches(merchant: Merchant, now: datetime) -> list[Batch]:
    rows = CouponBatch.objects.for_merchant(merchant).order_by("pk")
    return [Batch(row.key, row.name or row.key, _over(row, now)) for row in rows]


def _over(batch: CouponBatch, now: datetime) -> str:
    if batch.revoked_at:
        return "revoked"
    return "expired" if batch.valid_until and batch.valid_until <= now else ""
