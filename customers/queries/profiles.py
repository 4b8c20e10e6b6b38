"""A profile and those that were merged into it; what is known about it."""

from __future__ import annotations

from customers.models import Customer, Identity, Merge, Trait
from merchants.models import Merchant


def profile_ids(customer: Customer) -> list[int]:
    """The profile's id, then those of profiles merged into it: events keep the id they were written with."""
    merges = Merge.objects.for_merchant(customer.merchant_id).standing().filter(kept=customer)
    return [customer.pk, *merges.order_by("absorbed_id").values_list("absorbed_id", flat=True)]


def anonymous_ids(customer: Customer) -> list[str]:
    """Under which the person visited without saying who it was, the newest first."""
    known = Identity.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    visits = known.filter(kind=Identity.Kind.ANONYMOUS_ID, blocked_at=None)
    return list(visits.order_by("-pk").values_list("value", flat=True))


def absorbed_into(merchant: Merchant, customer_id: int) -> Customer | None:
    """The profile that holds what belonged to ``customer_id``, which no longer exists; None: it never did."""
    merges = Merge.objects.for_merchant(merchant).standing().filter(absorbed_id=customer_id)
    merge = merges.select_related("kept").order_by("-pk").first()
    return merge.kept if merge else None


def known_traits(customer: Customer) -> list[Trait]:
    """What was declared about the person and not withdrawn, by name."""
    traits = Trait.objects.for_merchant(customer.merchant_id).filter(customer=customer).order_by("name")
    return [trait for trait in traits if trait.value is not None]
