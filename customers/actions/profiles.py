"""Who is this? Identity resolution: from what a shop sends to one profile per person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from customers.models import Customer, Identity
from customers.rules.identities import PRIORITY, clean_identity
from merchants.models import Merchant

# An identity that another transaction is just adding is seen on the next try; each try can meet one more.
TRIES = 4
DETAILS = ("first_name", "last_name", "locale", "postal_code", "city", "country")


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


def resolve_customer(merchant: Merchant, person: Person, *, as_of: datetime | None = None) -> Customer:
    """The profile of this person, found or made; its row is locked until the caller's transaction ends.

    The shop's own id decides (hard); else the e-mail address, unless it belongs to somebody with another id of
    the shop's; else, where nothing better is given, the telephone number. New identities are added to the
    profile, those of another profile stay there. Details given as of ``as_of`` (now by default) replace the
    stored ones, but those older than the newest order only fill gaps.
    Raises InvalidInput (``customer_unidentified``) for a person without any identity.
    """
    wanted = person.identities(merchant.country)
    if not wanted:
        raise InvalidInput(
            "customer_unidentified", _("A customer needs an id, an e-mail address or a telephone number.")
        )
    for tries_left in range(TRIES - 1, -1, -1):
        try:
            with transaction.atomic():
                return _find_or_create(merchant, person, wanted, as_of)
        except IntegrityError:
            if not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


def _find_or_create(merchant: Merchant, person: Person, wanted: Mapping[str, str], as_of: datetime | None) -> Customer:
    known = _known(merchant, wanted)
    customer = _choose(known, wanted)
    if customer is None:
        details = {name: getattr(person, name) for name in DETAILS}
        customer = Customer.objects.create(merchant=merchant, **details)
    else:
        _describe(customer, person, as_of)
    missing = sorted(wanted.keys() - known.keys())
    Identity.objects.bulk_create(
        Identity(merchant=merchant, customer=customer, kind=kind, value=wanted[kind]) for kind in missing
    )
    return customer


def _known(merchant: Merchant, wanted: Mapping[str, str]) -> dict[str, Identity]:
    """Stored identities by kind, their customers locked in the order of their ids."""
    condition = Q(pk__in=[])
    for kind, value in wanted.items():
        condition |= Q(kind=kind, value=value)
    rows = Identity.objects.for_merchant(merchant).filter(condition).select_related("customer")
    locked = rows.order_by("customer_id").select_for_update(of=("customer",), no_key=True)
    return {identity.kind: identity for identity in locked}


def _choose(known: Mapping[str, Identity], wanted: Mapping[str, str]) -> Customer | None:
    for kind in (Identity.Kind.EXTERNAL_ID, Identity.Kind.LOYALTY_CARD):
        if found := known.get(kind):
            return found.customer if kind == Identity.Kind.EXTERNAL_ID else _unless_other_id(found.customer, wanted)
    if by_email := known.get(Identity.Kind.EMAIL):
        return _unless_other_id(by_email.customer, wanted)
    strongest = next(iter(wanted))
    return known[strongest].customer if strongest in known else None


def _unless_other_id(customer: Customer, wanted: Mapping[str, str]) -> Customer | None:
    """Two ids of the shop's are two people, even where they share an address."""
    if Identity.Kind.EXTERNAL_ID not in wanted:
        return customer
    ids = Identity.objects.for_merchant(customer.merchant_id).filter(customer=customer, kind=Identity.Kind.EXTERNAL_ID)
    return None if ids.exists() else customer


def _describe(customer: Customer, person: Person, as_of: datetime | None) -> None:
    newest = customer.last_order_at
    replaces = as_of is None or newest is None or as_of >= newest
    given = {name: getattr(person, name) for name in DETAILS if getattr(person, name)}
    changed = {
        name: value
        for name, value in given.items()
        if getattr(customer, name) != value and (replaces or not getattr(customer, name))
    }
    if changed:
        for name, value in changed.items():
            setattr(customer, name, value)
        customer.save(update_fields=[*changed, "updated_at"])
