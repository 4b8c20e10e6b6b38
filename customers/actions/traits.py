"""What a shop declares about a person: details and identities of the profile's own, and everything else as traits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import InvalidInput
from customers.actions.profiles import Person, resolve_customer
from customers.models import Customer, Identity, Trait
from customers.rules.identities import RANK
from customers.rules.traits import Declared, TraitError, read_traits

MESSAGES = {
    "too_many_traits": gettext_lazy("At most 200 traits at once."),
    "trait_name_invalid": gettext_lazy("A trait's name has 1 to 120 characters: “%(name)s”."),
    "trait_too_big": gettext_lazy("The trait “%(name)s” is longer than 4,000 characters as JSON."),
    "trait_value_invalid": gettext_lazy("The trait “%(name)s” holds the character NUL."),
}


def declared(values: Mapping[str, Any]) -> Declared:
    """What ``values`` say about the person (``own``: arguments for ``Person``) and beside it (``traits``).

    Raises InvalidInput for what is too long, too big or too much.
    """
    try:
        return read_traits(values)
    except TraitError as error:
        raise InvalidInput(error.code, str(MESSAGES[error.code]) % {"name": error.name}) from error


@transaction.atomic
def record_traits(customer: Customer, values: Mapping[str, Any], *, source: str, at: datetime) -> Customer:
    """Note what was declared at the moment ``at``; of two statements the newer counts, in whatever order they come.

    Names such as ``email``, ``firstName`` or ``address`` are identities and details of the profile's own. An
    identity can show that two profiles are one person: go on with the profile that is returned. A null withdraws
    a trait. Raises InvalidInput for what is too long, too big or too much.
    """
    found = declared(values)
    if found.own:
        customer = resolve_customer(customer.merchant, Person(**_anchor(customer) | found.own), as_of=at)
    if found.traits:
        Customer.objects.for_merchant(customer.merchant_id).select_for_update(no_key=True).get(pk=customer.pk)
        _write(customer, found.traits, source=source, at=at)
    return customer


def _anchor(customer: Customer) -> dict[str, str]:
    """The identity by which the profile is found again."""
    known = Identity.objects.for_merchant(customer.merchant_id).filter(customer=customer, blocked_at=None)
    identities = sorted(known, key=lambda identity: (RANK[identity.kind], identity.pk))
    if not identities:
        raise InvalidInput("customer_unidentified", _("This profile has no identity of its own."))
    return {identities[0].kind: identities[0].value}


def _write(customer: Customer, values: Mapping[str, Any], *, source: str, at: datetime) -> None:
    stored = {
        trait.name: trait
        for trait in Trait.objects.for_merchant(customer.merchant_id).filter(customer=customer, name__in=list(values))
    }
    newer = [
        Trait(
            merchant_id=customer.merchant_id, customer=customer, name=name, value=value, source=source[:80], set_at=at
        )
        for name, value in values.items()
        if name not in stored or outweighs(value, at, stored[name])
    ]
    Trait.objects.bulk_create(
        newer,
        update_conflicts=True,
        unique_fields=["customer", "name"],
        update_fields=["value", "source", "set_at"],
    )


def outweighs(value: Any, at: datetime, stored: Trait) -> bool:
    """The later statement counts; of two at one moment the one that is greater as JSON, so that order cannot matter."""
    return (at, _written(value)) > (stored.set_at, _written(stored.value))


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
