"""What answering asks about people: keys in place of their numbers, who is not profiled, what they bought last."""

from __future__ import annotations

import hashlib
from datetime import datetime

from customers.models import Identity
from customers.queries.profiling import not_to_be_profiled
from merchants.models import Merchant
from orders.models import Order, OrderLine


def customer_key(external_id: str) -> int:
    """64 bits in place of a shop's customer number: fixed width for arrays, short for Redis."""
    return int.from_bytes(hashlib.blake2b(external_id.encode(), digest_size=8).digest())


def unprofiled_people(merchant_id: int) -> frozenset[int]:
    """People who object to profiling: their ids and, together with them, the keys of their external ids.

    One set serves both questions: a key has 64 bits, and no id comes near one.
    """
    ids = not_to_be_profiled(Merchant(pk=merchant_id))
    if not ids:
        return ids
    own = Identity.objects.for_merchant(merchant_id).filter(kind=Identity.Kind.EXTERNAL_ID, customer__in=ids)
    return ids | {customer_key(value) for value in own.values_list("value", flat=True)}


def purchased_since(merchant_id: int, customer_id: int, since: datetime) -> list[int]:
    """Ids of the products a customer bought in orders received after ``since``, newest first."""
    lines = OrderLine.objects.for_merchant(merchant_id).filter(
        order__customer=customer_id, order__received_at__gt=since
    )
    counted = lines.exclude(order__state=Order.State.CANCELLED)
    return list(counted.order_by("-order__received_at", "-id").values_list("product_id", flat=True)[:100])
