"""Whether an address must not be written to. There is no list to read: addresses are kept as keyed hashes."""

from __future__ import annotations

from customers.models import Suppression
from merchants.models import Merchant


def suppressions_of(merchant: Merchant, address: str) -> list[Suppression]:
    """Everything that is kept about this address, the newest first."""
    rows = Suppression.objects.for_merchant(merchant).of(address)
    return list(rows.order_by("-created_at", "-id"))
