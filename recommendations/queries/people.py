"""What answering asks about people: keys in place of their numbers, who is not profiled, what they bought last."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from catalog.models import Product
from customers.models import Event, Identity, Merge
from customers.queries.profiling import not_to_be_profiled
from customers.tracking import memory
from merchants.models import Merchant
from orders.models import Order, OrderLine, ReturnLine

# More than come between two trainings; of a shop without a model only the newest.
MOST_NEWCOMERS = 20_000
REFUSED_FOR = timedelta(days=730)


def customer_key(external_id: str) -> int:
    """64 bits in place of a shop's customer number: fixed width for arrays, short for Redis."""
    return int.from_bytes(hashlib.blake2b(external_id.encode(), digest_size=8).digest())


def visitor_key(anonymous_id: str) -> int:
    """Likewise for a visitor; no customer has it."""
    return customer_key(f"visitor {anonymous_id}")


_KEYS = {Identity.Kind.EXTERNAL_ID: customer_key, Identity.Kind.ANONYMOUS_ID: visitor_key}


def unprofiled_people(merchant_id: int) -> frozenset[int]:
    """People who object to profiling: their ids, and the keys of their external ids and of the visitors they are.

    One set serves all questions: a key has 64 bits, and no id comes near one.
    """
    ids = not_to_be_profiled(Merchant(pk=merchant_id))
    if not ids:
        return ids
    own = Identity.objects.for_merchant(merchant_id).filter(kind__in=_KEYS, customer__in=ids, blocked_at=None)
    return ids | {_KEYS[Identity.Kind(kind)](value) for kind, value in own.values_list("kind", "value")}


def newcomers(merchant_id: int, after: int) -> tuple[int, dict[int, int]]:
    """Customers' ids by the keys of the newest external ids, and the last identity's id; of those after ``after`` only.

    By the order in which they were stored: a number may have been known for years before it came here.
    """
    known = Identity.objects.for_merchant(merchant_id).filter(kind=Identity.Kind.EXTERNAL_ID, id__gt=after)
    rows = list(known.order_by("-id").values_list("id", "value", "customer_id")[:MOST_NEWCOMERS])
    return rows[0][0] if rows else after, {customer_key(value): customer for _id, value, customer in rows}


def merged_people(merchant_id: int, since: datetime) -> dict[int, tuple[int, ...]]:
    """By the id of every profile that took part in a merge since then: all ids of that person, the kept one first."""
    merges = Merge.objects.for_merchant(merchant_id).standing().filter(merged_at__gt=since)
    absorbed: dict[int, list[int]] = {}
    for kept, gone in merges.order_by("id").values_list("kept_id", "absorbed_id"):
        absorbed.setdefault(kept, []).append(gone)
    return {each: (kept, *gone) for kept, gone in absorbed.items() for each in (kept, *gone)}


def refusals(merchant_id: int) -> Iterator[tuple[int, int]]:
    """Customer and product of what was sent back, or rated badly in a tracked event, in the last two years."""
    since = timezone.now() - REFUSED_FOR
    back = ReturnLine.objects.for_merchant(merchant_id).filter(
        parcel__received_at__gt=since, order_line__order__customer__isnull=False
    )
    yield from back.order_by().values_list("order_line__order__customer_id", "order_line__product_id").distinct()
    yield from _badly_rated(merchant_id, since)


def _badly_rated(merchant_id: int, since: datetime) -> Iterator[tuple[int, int]]:
    reviews = Event.objects.for_merchant(merchant_id).of_people()
    reviews = reviews.filter(name="Product Reviewed", customer_id__isnull=False, occurred_at__gt=since)
    told = [
        (customer, products[0][0])
        for customer, properties in reviews.order_by().values_list("customer_id", "properties")
        if customer is not None and (products := memory.products_of("Product Reviewed", properties))
    ]
    known = Product.objects.for_merchant(merchant_id).filter(sku__in={sku for _customer, sku in told})
    ids = dict(known.values_list("sku", "id"))
    return ((customer, ids[sku]) for customer, sku in told if sku in ids)


def purchased_since(merchant_id: int, customer_id: int, since: datetime) -> list[int]:
    """Ids of the products a customer bought in orders received after ``since``, newest first."""
    lines = OrderLine.objects.for_merchant(merchant_id).filter(
        order__customer=customer_id, order__received_at__gt=since
    )
    counted = lines.exclude(order__state=Order.State.CANCELLED)
    return list(counted.order_by("-order__received_at", "-id").values_list("product_id", flat=True)[:100])
