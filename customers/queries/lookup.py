"""Who stands at the till?"""

from __future__ import annotations

from customers.models import Customer, Identity
from customers.rules.identities import clean_identity
from merchants.models import Merchant


def find_by_identity(merchant: Merchant, kind: str, value: str) -> Customer | None:
    """The profile that has this identity; None for an unknown one, and for one that too many people share.

    A telephone number without a country's prefix is read as one of the shop's country.
    """
    clean = clean_identity(kind, value, region=merchant.country)
    if not clean:
        return None
    known = Identity.objects.for_merchant(merchant).filter(kind=kind, value=clean, blocked_at=None)
    customers = Customer.objects.for_merchant(merchant).present().select_related("kpis", "merchant").with_identities()
    return customers.filter(pk__in=known.values("customer")).first()
