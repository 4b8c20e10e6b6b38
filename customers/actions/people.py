"""People as shops describe them, and what a description changes about a profile."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from customers.models import Customer
from customers.rules.details import DETAILS, latest
from customers.rules.identities import PRIORITY, clean_identity


@dataclass(frozen=True, kw_only=True)
class Person:
    """A person as a shop describes one; what is unknown is empty.

    ``anonymous_id`` and ``device_id`` join a visitor's history to the profile: give them only where consent
    allows that. ``social`` names network and handle: ``instagram:ada``.
    """

    external_id: str = ""
    loyalty_card: str = ""
    email: str = ""
    phone: str = ""
    social: str = ""
    device_id: str = ""
    anonymous_id: str = ""
    first_name: str = ""
    last_name: str = ""
    locale: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""

    def identities(self, region: str = "") -> dict[str, str]:
        """Normalised, by kind, the one that decides first; without values such as ``null`` that name nobody.

        A telephone number without a country's prefix is one of the person's country, else of ``region``.
        """
        values = {
            kind: clean_identity(kind, getattr(self, kind), region=self.country or region)
            for kind in PRIORITY
            if getattr(self, kind)
        }
        return {kind: value for kind, value in values.items() if value}

    @property
    def is_anonymous(self) -> bool:
        """Nothing identifies this person: a guest."""
        return not self.identities()

    def details(self) -> dict[str, str]:
        """What the shop says beside the identities."""
        return {name: value for name in DETAILS if (value := getattr(self, name))}


@dataclass(frozen=True)
class Sighting:
    """A person as described at one moment, e.g. by an order placed then."""

    person: Person
    at: datetime
    source: str = ""


def describe(customer: Customer, person: Person, at: datetime) -> bool:
    """Take over what is newer than what is known; whether the row has to be written.

    Details of before moments were kept count as of the newest order.
    """
    stored = {name: getattr(customer, name) for name in DETAILS}
    changed, moments = latest(
        stored, person.details(), moments=customer.details_at, at=at, since=customer.last_order_at
    )
    for name, value in changed.items():
        setattr(customer, name, value)
    customer.details_at = customer.details_at | moments
    return bool(changed or moments)


def write_details(customers: Sequence[Customer]) -> None:
    """Store the details of these profiles, whose rows are locked, in one statement.

    By their ids alone: of a shop whose first people have just come, the planner thinks that it has hardly any, and
    would compare every one of them with every row given.
    """
    if not customers:
        return
    columns: list[list[Any]] = [[row.pk for row in customers]]
    columns += [[getattr(row, name) for row in customers] for name in DETAILS]  # in the order of _UPDATE
    columns.append([json.dumps(row.details_at) for row in customers])
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, columns)


_UPDATE = """
UPDATE customers_customer SET first_name = given.first_name, last_name = given.last_name, locale = given.locale,
    postal_code = given.postal_code, city = given.city, country = given.country,
    details_at = given.details_at::jsonb, updated_at = now()
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS given (id, first_name, last_name, locale, postal_code, city, country, details_at)
WHERE customers_customer.id = given.id
"""
