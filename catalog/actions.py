"""Writes to the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from catalog.events import ProductsChanged
from catalog.models import Category, PriceChange, Product
from core.errors import InvalidInput
from core.events import publish
from merchants.models import Merchant

# A product as the shop sends it: what it leaves out falls back to the default.
FIELDS = (
    "title",
    "description",
    "category_id",
    "brand",
    "price",
    "list_price",
    "cost",
    "tax_rate",
    "stock",
    "url",
    "image_url",
    "tags",
    "active",
    "source",
)


@dataclass(frozen=True, kw_only=True)
class ProductData:
    """A whole product. ``category`` names the way from the root; amounts are gross minor units (``cost`` net)."""

    sku: str
    title: str
    price: int
    description: str = ""
    category: tuple[str, ...] = ()
    brand: str = ""
    list_price: int | None = None
    cost: int | None = None
    tax_rate: Decimal = Decimal("0.19")
    stock: int | None = None
    url: str = ""
    image_url: str = ""
    tags: tuple[str, ...] = ()
    active: bool = True


class Outcome(models.TextChoices):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class PutProduct:
    product: Product
    outcome: Outcome


def put_product(merchant: Merchant, data: ProductData) -> PutProduct:
    """Create the product, or replace what is stored under its SKU."""
    return put_products(merchant, [data])[0]


@transaction.atomic
def put_products(merchant: Merchant, products: Sequence[ProductData]) -> list[PutProduct]:
    """Likewise for many, in their order and in a constant number of statements.

    A changed price goes into the price history; an unchanged product is not written at all.
    Raises InvalidInput (``repeated_sku``) for a SKU named twice.
    """
    skus = [data.sku for data in products]
    if len(set(skus)) < len(skus):
        raise InvalidInput("repeated_sku", _("A SKU is named twice."), field="sku")
    categories = put_categories(merchant, {data.category for data in products if data.category})
    # Everybody locks in the same order, so that two bulk writes cannot wait for each other.
    rows = Product.objects.for_merchant(merchant).filter(sku__in=skus).order_by("sku").select_for_update(no_key=True)
    stored = {product.sku: product for product in rows}
    puts = [_compare(_build(merchant, data, categories), stored.get(data.sku)) for data in products]
    _write(merchant, puts, stored)
    if changed := [put.product.pk for put in puts if put.outcome != Outcome.UNCHANGED]:
        publish(ProductsChanged(merchant_id=merchant.pk, product_ids=changed))
    return puts


def _build(merchant: Merchant, data: ProductData, categories: dict[tuple[str, ...], Category]) -> Product:
    return Product(
        merchant=merchant,
        sku=data.sku,
        title=data.title,
        description=data.description,
        category=categories[data.category] if data.category else None,
        brand=data.brand,
        price=data.price,
        list_price=data.list_price,
        cost=data.cost,
        tax_rate=data.tax_rate,
        stock=data.stock,
        url=data.url,
        image_url=data.image_url,
        tags=list(data.tags),
        active=data.active,
        source=Product.Source.CATALOG,
    )


def _compare(product: Product, stored: Product | None) -> PutProduct:
    if stored is None:
        return PutProduct(product, Outcome.CREATED)
    if all(getattr(product, name) == getattr(stored, name) for name in FIELDS):
        product.pk, product.created_at, product.updated_at = stored.pk, stored.created_at, stored.updated_at
        return PutProduct(product, Outcome.UNCHANGED)
    product.created_at = stored.created_at
    return PutProduct(product, Outcome.UPDATED)


def _write(merchant: Merchant, puts: Sequence[PutProduct], stored: dict[str, Product]) -> None:
    changed = [put.product for put in puts if put.outcome != Outcome.UNCHANGED]
    Product.objects.bulk_create(
        sorted(changed, key=lambda product: product.sku),
        update_conflicts=True,
        unique_fields=["merchant", "sku"],
        update_fields=[*(name.removesuffix("_id") for name in FIELDS), "updated_at"],
    )
    PriceChange.objects.bulk_create(
        PriceChange(merchant=merchant, product=product, price=product.price, list_price=product.list_price)
        for product in changed
        if _is_repriced(product, stored.get(product.sku))
    )


def _is_repriced(product: Product, stored: Product | None) -> bool:
    """A price known only from an order was never the catalogue's: its history begins now."""
    if stored is None or stored.source == Product.Source.ORDERS:
        return True
    return (product.price, product.list_price) != (stored.price, stored.list_price)


@transaction.atomic
def show_prices(
    merchant: Merchant, lowered: Mapping[int, int], *, among: Collection[int] | None = None, at: datetime
) -> int:
    """Note in the price history what promotions make of prices, by product; how many rows that takes.

    Products that were lowered before and are not in ``lowered`` cost what the catalogue says again; ``among`` looks at
    these products only. The same again notes nothing.
    """
    rows = PriceChange.objects.for_merchant(merchant)
    before = rows.filter(is_promotion=True) if among is None else rows.filter(product__in=among)
    newest = rows.filter(Q(product__in=lowered) | Q(product__in=before.values("product")))
    newest = newest.order_by("product_id", "-valid_from", "-id").distinct("product_id")
    known = {change.product_id: change for change in newest}
    products = (
        Product.objects.for_merchant(merchant).filter(pk__in={*known, *lowered}).only("merchant", "price", "list_price")
    )
    wanted = [_shown(product, lowered.get(product.pk), known.get(product.pk), at) for product in products]
    return len(PriceChange.objects.bulk_create([change for change in wanted if change], batch_size=1000))


def _shown(product: Product, lowered: int | None, known: PriceChange | None, at: datetime) -> PriceChange | None:
    """The next row of the product's history; None where the last one says the same."""
    price, list_price = product.price, product.list_price
    if lowered is not None:
        price, list_price = lowered, max(product.price, product.list_price or 0)
    elif known is None or not known.is_promotion:
        return None
    if known and (known.price, known.list_price, known.is_promotion) == (price, list_price, lowered is not None):
        return None
    return PriceChange(
        merchant_id=product.merchant_id,
        product=product,
        price=price,
        list_price=list_price,
        is_promotion=lowered is not None,
        valid_from=max(at, known.valid_from) if known else at,
    )


@transaction.atomic
def put_categories(merchant: Merchant, paths: Collection[tuple[str, ...]]) -> dict[tuple[str, ...], Category]:
    """The categories at these paths (names from the root) and at all above them; missing ones are created.

    Raises InvalidInput for an empty name, a name that holds the separator, or a path that is too long.
    """
    wanted = {path[:depth] for path in paths for depth in range(1, len(path) + 1)}
    for path in wanted:
        _check_path(path)
    found = _categories_at(merchant, wanted)
    missing = sorted(wanted - found.keys())
    if not missing:
        return found
    Category.objects.bulk_create(
        [Category(merchant=merchant, name=path[-1], path=Category.SEPARATOR.join(path)) for path in missing],
        ignore_conflicts=True,
    )
    found = _categories_at(merchant, wanted)
    children = [path for path in missing if len(path) > 1]
    for path in children:
        found[path].parent = found[path[:-1]]
    Category.objects.for_merchant(merchant).bulk_update([found[path] for path in children], ["parent"])
    return found


def _check_path(path: tuple[str, ...]) -> None:
    mark = Category.SEPARATOR.strip()
    if not path[-1].strip() or mark in path[-1]:
        raise InvalidInput(
            "invalid_category", _("A category needs a name without “%(mark)s”.") % {"mark": mark}, field="category"
        )
    if len(path[-1]) > 100 or len(Category.SEPARATOR.join(path)) > 500:
        raise InvalidInput("category_too_long", _("This category's name is too long."), field="category")


def _categories_at(merchant: Merchant, paths: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], Category]:
    names = [Category.SEPARATOR.join(path) for path in paths]
    rows = Category.objects.for_merchant(merchant).filter(path__in=names) if names else []
    return {tuple(row.path.split(Category.SEPARATOR)): row for row in rows}


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """A product as an order names it."""

    sku: str
    title: str
    price: int
    tax_rate: Decimal


def recognise_products(merchant: Merchant, sightings: Iterable[Sighting]) -> dict[str, Product]:
    """Products by SKU. A SKU that the catalogue lacks becomes an inactive product known only from orders."""
    by_sku = {sighting.sku: sighting for sighting in sightings}
    found = _products_by_sku(merchant, by_sku)
    missing = sorted(by_sku.keys() - found.keys())
    if missing:
        Product.objects.bulk_create([_noted(merchant, by_sku[sku]) for sku in missing], ignore_conflicts=True)
        found |= _products_by_sku(merchant, missing)
    return found


def _noted(merchant: Merchant, sighting: Sighting) -> Product:
    return Product(
        merchant=merchant,
        sku=sighting.sku,
        title=sighting.title or sighting.sku,
        price=sighting.price,
        tax_rate=sighting.tax_rate,
        active=False,
        source=Product.Source.ORDERS,
    )


def _products_by_sku(merchant: Merchant, skus: Iterable[str]) -> dict[str, Product]:
    rows = Product.objects.for_merchant(merchant).filter(sku__in=list(skus)).defer("description")
    return {product.sku: product for product in rows}
