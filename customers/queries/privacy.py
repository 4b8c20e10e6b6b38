"""The person behind a profile, as requests under the GDPR need to know one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.privacy import Person, hints, mentioning
from customers.models import ConsentRecord, Customer, Event, Identity
from customers.queries.profiles import profile_ids
from customers.rules.addresses import normalise_address

ADDRESSES = (Identity.Kind.EMAIL, Identity.Kind.PHONE)
# What a visit is known by.
VISITS = (Identity.Kind.ANONYMOUS_ID, Identity.Kind.DEVICE_ID)
# Of somebody who was tracked for years these many visitors are enough: all their events carry the profile's id.
MOST_VISITORS = 1000


def person_of(customer: Customer) -> Person:
    """Everything by which rows of this profile can be found; held in memory only."""
    ids = tuple(profile_ids(customer))
    identities = list(Identity.objects.for_merchant(customer.merchant_id).filter(customer__in=ids))
    records = ConsentRecord.objects.for_merchant(customer.merchant_id).filter(customer__in=ids).exclude(address="")
    addresses = [identity.value for identity in identities if identity.kind in ADDRESSES]
    written_to = list(records.order_by().values_list("address", flat=True).distinct())
    person = Person(
        merchant_id=customer.merchant_id,
        ids=ids,
        anonymous_ids=_visitors(customer, ids, identities),
        addresses=tuple(sorted({*addresses, *_own(customer, written_to)})),
        numbers=tuple(identity.value for identity in identities if identity.kind not in (*ADDRESSES, *VISITS)),
        names=((customer.first_name, customer.last_name),),
    )
    further = {normalise_address(word) for hint in hints for word in hint(person)}
    return replace(person, addresses=tuple(sorted({*person.addresses, *_own(customer, further)})))


def _own(customer: Customer, addresses: Iterable[str]) -> set[str]:
    """Those of ``addresses`` that no other profile is known by: a shared mailbox stays its owner's."""
    wanted = {address for address in addresses if address}
    others = Identity.objects.for_merchant(customer.merchant_id).filter(kind__in=ADDRESSES, value__in=wanted)
    return wanted - set(others.exclude(customer=customer).values_list("value", flat=True))


def _visitors(customer: Customer, ids: tuple[int, ...], identities: list[Identity]) -> tuple[str, ...]:
    known = [identity.value for identity in identities if identity.kind in VISITS]
    events = Event.objects.for_merchant(customer.merchant_id).of_profile(ids).exclude(anonymous_id="")
    tracked = events.order_by().values_list("anonymous_id", flat=True).distinct()[:MOST_VISITORS]
    return tuple(sorted({*known, *tracked}))


def with_unlinked_visits(person: Person) -> Person:
    """The person with visitors that no consent allowed to join, but that a shop's own words name.

    Reads every event that belongs to no profile: for an erasure, which runs as a job.
    """
    unlinked = Event.objects.for_merchant(person.merchant_id).filter(customer_id=None).exclude(anonymous_id="")
    naming = unlinked.filter(mentioning("name", "properties", "context")(person))
    found = naming.order_by().values_list("anonymous_id", flat=True).distinct()[:MOST_VISITORS]
    return replace(person, anonymous_ids=tuple(sorted({*person.anonymous_ids, *found})))
