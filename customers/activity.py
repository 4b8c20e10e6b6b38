"""What people did, in words: tracked events as entries of a profile's timeline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog.models import Product
from core.money import to_minor
from core.providers import TimelineEntry
from core.templatetags.cx import money
from customers.models import Customer, Event, EventChannel
from customers.queries.profiles import anonymous_ids, profile_ids

FIELDS = ("id", "occurred_at", "kind", "name", "channel", "is_bot", "properties")
# A person's newest devices; each costs a look into the index.
MOST_DEVICES = 20
# Properties of a custom event that its entry shows.
MOST_SHOWN = 4
LONGEST = 120
MOST_MONEY = 10**9
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_CURRENCY = re.compile("[A-Z]{3}")

CHANNEL_ICONS = {
    EventChannel.WEB: "world",
    EventChannel.APP: "device-mobile",
    EventChannel.POS: "cash-register",
    EventChannel.CLIENTELING: "device-tablet",
    EventChannel.EMAIL: "mail",
    EventChannel.SOCIAL: "share",
    EventChannel.SUPPORT: "headset",
}


@dataclass(frozen=True)
class Words:
    """How an event is told: with what it names, or, where the sender left that out, without it."""

    icon: str
    sentence: str
    bare: str = ""
    tone: str = "neutral"
    folds: str = ""


LOOKED_AT_PAGE = Words(
    "eye",
    gettext_noop("Looked at the page “%(page)s”"),
    gettext_noop("Looked at a page"),
    folds=gettext_noop("Looked at %(count)s pages"),
)
KINDS = {
    Event.Kind.PAGE: LOOKED_AT_PAGE,
    Event.Kind.SCREEN: Words(
        "device-mobile",
        gettext_noop("Looked at the screen “%(page)s”"),
        gettext_noop("Looked at a screen of the app"),
        folds=gettext_noop("Looked at %(count)s screens"),
    ),
    Event.Kind.IDENTIFY: Words("user-check", gettext_noop("Said who it is"), tone="info"),
    Event.Kind.ALIAS: Words("users", gettext_noop("Was recognised under a second name"), tone="info"),
    Event.Kind.GROUP: Words(
        "building", gettext_noop("Belongs to the company %(company)s"), gettext_noop("Named a company"), tone="info"
    ),
}
# The Segment e-commerce spec v2, its alias of v1, and what shops tell beside it.
NAMES = {
    "Products Searched": Words("search", gettext_noop("Searched for “%(query)s”"), gettext_noop("Searched the shop")),
    "Product List Viewed": Words("list", gettext_noop("Looked at the list “%(list)s”"), gettext_noop("Looked at a list of products")),
    "Product List Filtered": Words("filter", gettext_noop("Filtered the list “%(list)s”"), gettext_noop("Filtered a list of products")),
    "Promotion Viewed": Words("discount", gettext_noop("Saw the promotion “%(promotion)s”"), gettext_noop("Saw a promotion")),
    "Promotion Clicked": Words("discount", gettext_noop("Followed the promotion “%(promotion)s”"), gettext_noop("Followed a promotion")),
    "Product Clicked": Words("click", gettext_noop("Chose %(product)s from a list"), gettext_noop("Chose a product from a list")),
    "Product Viewed": Words("eye", gettext_noop("Looked at %(product)s"), gettext_noop("Looked at a product")),
    "Product Added": Words("basket-plus", gettext_noop("Put %(product)s into the basket"), gettext_noop("Put something into the basket"), "info"),
    "Product Removed": Words("basket-minus", gettext_noop("Took %(product)s out of the basket"), gettext_noop("Took something out of the basket")),
    "Cart Viewed": Words("basket", gettext_noop("Looked into the basket")),
    "Checkout Started": Words("credit-card", gettext_noop("Went to the checkout"), tone="info"),
    "Checkout Step Viewed": Words("credit-card", gettext_noop("Reached step %(step)s of the checkout"), gettext_noop("Went on in the checkout")),
    "Checkout Step Completed": Words("credit-card", gettext_noop("Finished step %(step)s of the checkout"), gettext_noop("Went on in the checkout")),
    "Payment Info Entered": Words("credit-card", gettext_noop("Chose how to pay")),
    "Order Completed": Words("shopping-cart", gettext_noop("Completed order %(order)s"), gettext_noop("Completed an order"), "success"),
    "Completed Order": Words("shopping-cart", gettext_noop("Completed order %(order)s"), gettext_noop("Completed an order"), "success"),
    "Order Updated": Words("shopping-cart", gettext_noop("Changed order %(order)s"), gettext_noop("Changed an order")),
    "Order Refunded": Words("cash", gettext_noop("Was refunded for order %(order)s"), gettext_noop("Was refunded"), "warning"),
    "Order Cancelled": Words("circle-x", gettext_noop("Cancelled order %(order)s"), gettext_noop("Cancelled an order"), "danger"),
    "Order Shipped": Words("truck", gettext_noop("Order %(order)s was shipped"), gettext_noop("An order was shipped")),
    "Order Delivered": Words("package", gettext_noop("Order %(order)s was delivered"), gettext_noop("An order was delivered"), "success"),
    "Delivery Delayed": Words("clock-exclamation", gettext_noop("The delivery of order %(order)s is late"), gettext_noop("A delivery is late"), "warning"),
    "Product Returned": Words("arrow-back-up", gettext_noop("Sent %(product)s back"), gettext_noop("Sent something back"), "warning"),
    "Coupon Entered": Words("ticket", gettext_noop("Entered the coupon “%(coupon)s”"), gettext_noop("Entered a coupon")),
    "Coupon Applied": Words("ticket", gettext_noop("Used the coupon “%(coupon)s”"), gettext_noop("Used a coupon"), "success"),
    "Coupon Denied": Words("ticket-off", gettext_noop("The coupon “%(coupon)s” was refused"), gettext_noop("A coupon was refused"), "warning"),
    "Coupon Removed": Words("ticket-off", gettext_noop("Took the coupon “%(coupon)s” back"), gettext_noop("Took a coupon back")),
    "Product Added to Wishlist": Words("heart", gettext_noop("Put %(product)s on the wish list"), gettext_noop("Put something on the wish list"), "info"),
    "Product Removed from Wishlist": Words("heart-off", gettext_noop("Took %(product)s off the wish list"), gettext_noop("Took something off the wish list")),
    "Wishlist Product Added to Cart": Words("basket-plus", gettext_noop("Put %(product)s from the wish list into the basket"), gettext_noop("Put something from the wish list into the basket"), "info"),
    "Product Shared": Words("share", gettext_noop("Shared %(product)s"), gettext_noop("Shared a product")),
    "Cart Shared": Words("share", gettext_noop("Shared the basket")),
    "Product Reviewed": Words("star", gettext_noop("Reviewed %(product)s"), gettext_noop("Reviewed a product"), "info"),
    "Survey Answered": Words("clipboard-check", gettext_noop("Answered the survey “%(survey)s”"), gettext_noop("Answered a survey"), "info"),
}  # fmt: skip


def event_entries(customer: Customer, limit: int, before: datetime | None) -> list[TimelineEntry]:
    """Provider: what the person did, also before a merge, and on devices that are known to be theirs."""
    found: dict[int, dict[str, Any]] = {row["id"]: row for row in _rows(customer, limit, before)}
    newest = sorted(found.values(), key=lambda row: (row["occurred_at"], row["id"]), reverse=True)[:limit]
    products = _products(customer, newest)
    return [_entry(customer, row, products) for row in newest]


def _rows(customer: Customer, limit: int, before: datetime | None) -> Iterable[dict[str, Any]]:
    """The newest of each name and device, in one query: an "or" over them would sort everything they ever did."""
    ids = profile_ids(customer)
    events = Event.objects.for_merchant(customer.merchant_id)
    if before is not None:
        events = events.filter(occurred_at__lt=before)
    ours = Q(customer_id=None) | Q(customer_id__in=ids)
    parts = [events.of_profile([number]) for number in ids]
    parts += [events.filter(ours, anonymous_id=visitor) for visitor in anonymous_ids(customer)[:MOST_DEVICES]]
    cut: list[QuerySet[Event, dict[str, Any]]] = [part.newest_first().values(*FIELDS)[:limit] for part in parts]
    return cut[0].union(*cut[1:], all=True) if len(cut) > 1 else cut[0]


def _products(customer: Customer, rows: Iterable[Mapping[str, Any]]) -> dict[str, Product]:
    """Products of the catalogue that events speak of, by SKU; one query."""
    skus = {sku for row in rows for sku in _skus(row["properties"])}
    if not skus:
        return {}
    known = Product.objects.for_merchant(customer.merchant_id).filter(sku__in=skus).only("sku", "title")
    return {product.sku: product for product in known}


def _skus(properties: Mapping[str, Any]) -> list[str]:
    """What may be the SKU, the likelier first. Shops put it into either property."""
    return [text for name in ("sku", "product_id") if (text := _text(properties.get(name)))]


def _entry(customer: Customer, row: Mapping[str, Any], products: Mapping[str, Product]) -> TimelineEntry:
    properties = row["properties"] if isinstance(row["properties"], dict) else {}
    words = KINDS.get(row["kind"]) or NAMES.get(row["name"])
    product = next((products[sku] for sku in _skus(properties) if sku in products), None)
    return TimelineEntry(
        at=row["occurred_at"],
        kind=f"event.{row['kind']}",
        icon=words.icon if words else "activity",
        title=_told(words, _named(row["name"], properties, product)) if words else row["name"],
        detail=_detail(properties, known=words is not None),
        url=reverse("product_detail", args=[customer.merchant.slug, product.pk]) if product else "",
        tone=words.tone if words else "neutral",
        channel=str(EventChannel(row["channel"]).label) if row["channel"] in EventChannel else row["channel"],
        channel_icon=CHANNEL_ICONS.get(row["channel"], ""),
        folds=_(words.folds) if words and words.folds else "",
        is_bot=row["is_bot"],
    )


def _told(words: Words, named: Mapping[str, str]) -> str:
    """The sentence, or the bare one where it would have a gap."""
    if words.bare and not all(named[name] for name in _PLACEHOLDER.findall(words.sentence)):
        return _(words.bare)
    return _(words.sentence) % named


def _named(name: str, properties: Mapping[str, Any], product: Product | None) -> dict[str, str]:
    def first(*names: str) -> str:
        return next((text for key in names if (text := _text(properties.get(key)))), "")

    return {
        "product": product.title if product else first("name", "title", "sku", "product_id"),
        "query": first("query", "search"),
        "list": first("list_name", "category", "list_id"),
        "promotion": first("name", "promotion_id", "creative"),
        "coupon": first("coupon", "coupon_name", "coupon_id"),
        "order": first("order_id", "orderId", "number"),
        "step": first("step"),
        "survey": first("survey", "survey_name", "name", "survey_id"),
        "company": first("name", "company", "groupId"),
        "page": _text(name) or first("title", "name", "path", "url"),
    }


def _detail(properties: Mapping[str, Any], *, known: bool) -> str:
    """Quantity and amount of what we know how to tell; of a custom event its first plain properties."""
    if not known:
        plain = [(key, _text(value)) for key, value in properties.items()]
        return " · ".join(f"{key}: {text}" for key, text in [pair for pair in plain if pair[1]][:MOST_SHOWN])
    amount = next((properties[key] for key in ("total", "revenue", "value", "price") if key in properties), None)
    parts = [
        _quantity(properties.get("quantity")),
        _money(amount, properties.get("currency")),
        _text(properties.get("path")),
    ]
    return " · ".join(part for part in parts if part)


def _quantity(value: Any) -> str:
    return f"× {value}" if isinstance(value, int) and value > 1 else ""


def _money(amount: Any, currency: Any) -> str:
    """The spec's amounts are in major units: 19.99."""
    if isinstance(amount, bool) or not isinstance(amount, int | float) or abs(amount) > MOST_MONEY:
        return ""
    known = isinstance(currency, str) and _CURRENCY.fullmatch(currency)
    return money(to_minor(str(amount), str(currency)), str(currency)) if known else ""


def _text(value: Any) -> str:
    """A plain value as short text; nothing for lists and objects."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
