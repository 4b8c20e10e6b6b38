"""Who are these? Identity resolution for many people at once, by the rules of ``profiles.resolve_customer``."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from customers.actions.people import Sighting
from customers.actions.resolution import resolve_all
from merchants.models import Merchant

__all__ = ["Sighting", "resolve_customers"]


@transaction.atomic
def resolve_customers(merchant: Merchant, sightings: Sequence[Sighting]) -> list[int | None]:
    """The id of each one's profile, found, made or merged; None for a guest. In whatever order they are given.

    The rows of known customers are locked until the transaction ends. A profile made here is known since its first
    sighting. Raises IntegrityError where another transaction just added one of the identities.
    """
    return [customer.pk if customer else None for customer in resolve_all(merchant, sightings)]
