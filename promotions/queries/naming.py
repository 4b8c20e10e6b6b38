"""Names of products, people, coupon batches and the like: for what is chosen, and to choose from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from babel.core import Locale
from django.db.models import Func, QuerySet
from django.utils.translation import gettext as _

from catalog.models import Category, Product
from core.templatetags.cx import country_name, day, money
from customers.models import Customer, Identity, Trait
from merchants.models import Merchant
from orders.models import Order
from promotions.language.terms import OWN_TRAITS, SEGMENTS, segment_label
from promotions.language.words import locale
from promotions.models import CouponBatch, Promotion, Tier

Name = tuple[str, str]
Choice = tuple[str, str]
# Suggestions at a time; and rows whose values are looked through for them.
SUGGESTED, LOOKED_AT = 20, 2000


# --- what is chosen ----------------------------------------------------------------------------------------------------


def labels_of(merchant: Merchant, names: Collection[Name]) -> dict[Name, str]:
    """What these are called; of what does not exist nothing. A query for each source that is asked."""
    asked: dict[str, list[str]] = {}
    for source, value in names:
        asked.setdefault(source, []).append(value)
    return {
        (source, value): label
        for source, values in asked.items()
        if source in _NAMED
        for value, label in _NAMED[source](merchant, values)
    }


def _products(merchant: Merchant, values: Collection[str]) -> Iterable[Choice]:
    return Product.objects.for_merchant(merchant).filter(sku__in=values).values_list("sku", "title")


def _categories(merchant: Merchant, values: Collection[str]) -> Iterable[Choice]:
    return Category.objects.for_merchant(merchant).filter(path__in=values).values_list("path", "path")


def _brands(merchant: Merchant, values: Collection[str]) -> Iterable[Choice]:
    rows = Product.objects.for_merchant(merchant).filter(brand__in=values).order_by()
    return rows.values_list("brand", "brand").distinct()


def _tags(merchant: Merchant, values: Collection[str]) -> Iterable[Choice]:
    rows = Product.objects.for_merchant(merchant).filter(tags__overlap=list(values)).order_by()
    found = set(rows.annotate(tag=Func("tags", function="unnest")).values_list("tag", flat=True))
    return [(value, value) for value in values if value in found]


def _customers(merchant: Merchant, values: Collection[str]) -> Iterable[Choice]:
    numbers = Identity.objects.for_merchant(merchant).filter(kind=Identity.Kind.EXTERNAL_ID, value__in=values)
    rows = numbers.select_related("customer").prefetch_related("customer__identities")
    return [(row.value, row.customer.name) for row in rows]


def _batches(merchant: Merchant, values: Collection[str]) -> Iterable[Choice]:
    return CouponBatch.objects.for_merchant(merchant).filter(key__in=values).values_list("key", "name")


def _promotions(merchant: Merchant, values: Collection[str]) -> Iterable[Choice]:
    return Promotion.objects.for_merchant(merchant).filter(key__in=values).values_list("key", "name")


def _segments(merchant: Merchant, values: Collection[str]) -> Iterable[Choice]:
    known = dict(segment_choices(merchant))
    return [(value, known[value]) for value in values if value in known]


_NAMED: dict[str, Callable[[Merchant, Collection[str]], Iterable[Choice]]] = {
    "product": _products,
    "category": _categories,
    "brand": _brands,
    "tag": _tags,
    "customer": _customers,
    "batch": _batches,
    "segment": _segments,
    "promotion": _promotions,
}


# --- what there is to choose from --------------------------------------------------------------------------------------


def segment_choices(merchant: Merchant) -> list[Choice]:
    """Every segment that a promotion can ask for."""
    ours = [f"{kind}:{value}" for kind, (_title, choices) in SEGMENTS.items() for value in choices.values]
    tiers = Tier.objects.for_merchant(merchant).order_by("at_least").values_list("key", "name")
    members = [(f"tier:{key}", _("Tier: %(name)s") % {"name": name}) for key, name in tiers]
    return [*((name, segment_label(name)) for name in ours), *members]


def suggestions(merchant: Merchant, source: str, text: str) -> list[Choice]:
    """What begins or is called like ``text``, with its name; empty for a source that nobody knows."""
    find = _SUGGESTED.get(source)
    return list(find(merchant, text.strip())) if find else []


def _find_products(merchant: Merchant, text: str) -> Iterable[Choice]:
    return Product.objects.for_merchant(merchant).search(text).order_by("title").values_list("sku", "title")[:SUGGESTED]


def _find_categories(merchant: Merchant, text: str) -> Iterable[Choice]:
    rows = Category.objects.for_merchant(merchant).filter(path__icontains=text)
    return [(path, "") for path in rows.order_by("path").values_list("path", flat=True)[:SUGGESTED]]


def _find_brands(merchant: Merchant, text: str) -> Iterable[Choice]:
    rows = Product.objects.for_merchant(merchant).filter(brand__icontains=text).exclude(brand="")
    return [(brand, "") for brand in rows.order_by("brand").values_list("brand", flat=True).distinct()[:SUGGESTED]]


def _find_tags(merchant: Merchant, text: str) -> Iterable[Choice]:
    rows = Product.objects.for_merchant(merchant).exclude(tags=[]).order_by("-pk")[:LOOKED_AT]
    found = {tag for tags in rows.values_list("tags", flat=True) for tag in tags if text.lower() in tag.lower()}
    return [(tag, "") for tag in sorted(found)[:SUGGESTED]]


def _find_customers(merchant: Merchant, text: str) -> Iterable[Choice]:
    if not text:
        return []
    rows = Customer.objects.for_merchant(merchant).present().search(text, region=merchant.country)
    people = rows.order_by("-pk").with_identities()[:SUGGESTED]
    return [(person.external_id, _person(person)) for person in people if person.external_id]


def _person(customer: Customer) -> str:
    return " · ".join(dict.fromkeys(part for part in (customer.name, customer.email) if part))


def _find_codes(merchant: Merchant, text: str) -> Iterable[Choice]:
    rows = CouponBatch.objects.for_merchant(merchant).filter(key__icontains=text.lstrip("@"))
    return [(batch.token, batch.name) for batch in rows.order_by("-pk")[:SUGGESTED]]


def _find_payment_methods(merchant: Merchant, text: str) -> Iterable[Choice]:
    return _recent(Order.objects.for_merchant(merchant), "payment_method", text)


def _find_countries(merchant: Merchant, text: str) -> Iterable[Choice]:
    codes = [code for code in map(str, Locale.parse(locale()).territories) if len(code) == 2 and code.isalpha()]
    named = sorted((country_name(code), code) for code in codes)
    return [(code, name) for name, code in named if text.lower() in name.lower() or text.upper() == code][:SUGGESTED]


def _find_traits(merchant: Merchant, text: str) -> Iterable[Choice]:
    own = [(name, str(label)) for name, label in OWN_TRAITS.items() if text.lower() in name]
    return [*own, *_recent(Trait.objects.for_merchant(merchant), "name", text)]


def _find_orders(merchant: Merchant, text: str) -> Iterable[Choice]:
    rows = Order.objects.for_merchant(merchant).filter(number__istartswith=text).order_by("-placed_at", "-pk")
    return [
        (order.number, f"{day(order.placed_at)} · {money(order.total, order.currency)}") for order in rows[:SUGGESTED]
    ]


def _recent(rows: QuerySet[Any], column: str, text: str) -> list[Choice]:
    newest = rows.order_by("-pk").values_list(column, flat=True)[:LOOKED_AT]
    found = {value for value in newest if value and text.lower() in value.lower()}
    return [(value, "") for value in sorted(found)[:SUGGESTED]]


_SUGGESTED: dict[str, Callable[[Merchant, str], Iterable[Choice]]] = {
    "product": _find_products,
    "category": _find_categories,
    "brand": _find_brands,
    "tag": _find_tags,
    "customer": _find_customers,
    "code": _find_codes,
    "payment_method": _find_payment_methods,
    "country": _find_countries,
    "trait": _find_traits,
    "order": _find_orders,
}
