"""Who are these? Identity resolution for many people at once, by the rules of ``profiles.resolve_customer``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from customers.actions.profiles import DETAILS, Person
from customers.models import Customer, Identity
from merchants.models import Merchant

Key = tuple[str, str]  # kind and normalised value of an identity


@dataclass(frozen=True)
class Sighting:
    """A person as an order of ``at`` describes them."""

    person: Person
    at: datetime


@dataclass(eq=False)
class _Profile:
    """A customer's row and what is to become of it. ``newest`` is when its details were last given, if known."""

    customer: Customer
    newest: datetime | None
    has_shop_id: bool = False
    changed: bool = False

    def describe(self, person: Person, at: datetime) -> None:
        """Newer details replace, older ones only fill gaps."""
        replaces = self.newest is None or at >= self.newest
        for name in DETAILS:
            given, stored = getattr(person, name), getattr(self.customer, name)
            if given and given != stored and (replaces or not stored):
                setattr(self.customer, name, given)
                self.changed = True
        if replaces:
            self.newest = at


@transaction.atomic
def resolve_customers(merchant: Merchant, sightings: Sequence[Sighting]) -> list[int | None]:
    """The id of each one's profile, found or made, as if they came one after the other; None for a guest.

    The rows of known customers are locked until the transaction ends. A profile made here is known since its first
    sighting. Raises IntegrityError where another transaction just added one of the identities.
    """
    book = _Book(
        merchant, {key for sighting in sightings for key in sighting.person.identities(merchant.country).items()}
    )
    profiles = [book.find_or_add(sighting) for sighting in sightings]
    book.write()
    return [profile.customer.pk if profile else None for profile in profiles]


class _Book:
    """The profiles behind a set of identities, and those that are added."""

    def __init__(self, merchant: Merchant, keys: Iterable[Key]) -> None:
        self._merchant = merchant
        self._known = _stored_profiles(merchant, keys)
        self._stored = list({id(profile): profile for profile in self._known.values()}.values())
        self._added: list[_Profile] = []
        self._identities: list[tuple[Key, _Profile]] = []

    def find_or_add(self, sighting: Sighting) -> _Profile | None:
        wanted = sighting.person.identities(self._merchant.country)
        if not wanted:
            return None
        profile = self._choose(wanted)
        if profile is None:
            profile = self._add(sighting)
        else:
            profile.describe(sighting.person, sighting.at)
        self._note_identities(profile, wanted)
        return profile

    def _choose(self, wanted: Mapping[str, str]) -> _Profile | None:
        """The shop's own id decides, else the e-mail address unless its owner has another id, else the telephone."""
        found = {kind: self._known.get((kind, value)) for kind, value in wanted.items()}
        if by_id := found.get(Identity.Kind.EXTERNAL_ID):
            return by_id
        for kind in (Identity.Kind.LOYALTY_CARD, Identity.Kind.EMAIL):
            if known := found.get(kind):
                return None if Identity.Kind.EXTERNAL_ID in wanted and known.has_shop_id else known
        return found.get(next(iter(wanted)))

    def _add(self, sighting: Sighting) -> _Profile:
        details = {name: getattr(sighting.person, name) for name in DETAILS}
        customer = Customer(merchant=self._merchant, created_at=sighting.at, **details)
        self._added.append(_Profile(customer, sighting.at))
        return self._added[-1]

    def _note_identities(self, profile: _Profile, wanted: Mapping[str, str]) -> None:
        for key in wanted.items():
            if key not in self._known:
                self._known[key] = profile
                self._identities.append((key, profile))
        profile.has_shop_id |= Identity.Kind.EXTERNAL_ID in wanted

    def write(self) -> None:
        Customer.objects.bulk_create([profile.customer for profile in self._added], batch_size=2000)
        changed = [profile.customer for profile in self._stored if profile.changed]
        if changed:
            Customer.objects.for_merchant(self._merchant).bulk_update(changed, DETAILS, batch_size=500)
        rows = [
            Identity(merchant=self._merchant, customer=profile.customer, kind=kind, value=value)
            for (kind, value), profile in self._identities
        ]
        Identity.objects.bulk_create(rows, batch_size=2000)


def _stored_profiles(merchant: Merchant, keys: Iterable[Key]) -> dict[Key, _Profile]:
    """One profile per customer, under each of the wanted identities it has."""
    owners = _owners(merchant, keys)
    rows = Customer.objects.for_merchant(merchant).filter(pk__in=set(owners.values())).order_by("pk")
    profiles = {row.pk: _Profile(row, row.last_order_at) for row in rows.select_for_update(no_key=True)}
    ids = Identity.objects.for_merchant(merchant).filter(customer__in=profiles, kind=Identity.Kind.EXTERNAL_ID)
    for customer_id in ids.values_list("customer_id", flat=True):
        profiles[customer_id].has_shop_id = True
    return {key: profiles[customer_id] for key, customer_id in owners.items()}


def _owners(merchant: Merchant, keys: Iterable[Key]) -> dict[Key, int]:
    values = defaultdict(set)
    for kind, value in keys:
        values[kind].add(value)
    return {
        (kind, value): customer_id
        for kind, wanted in values.items()
        for value, customer_id in Identity.objects.for_merchant(merchant)
        .filter(kind=kind, value__in=wanted)
        .values_list("value", "customer_id")
    }
