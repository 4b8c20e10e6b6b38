"""Whose events these are: one query for customers who are known, identity resolution for the others, and consents.

Events of visitors that say nothing about who they are cost no query here: the statement that stores them looks up
whose visit it is.

A publishable key is public, so what comes with one is anybody's word: it makes new profiles, but of a profile that
exists it changes neither name nor address, and it never joins two.

An anonymous visit joins a profile only where tracking was consented to: as the event itself says, else as it was
recorded. Without that the event is kept with the profile alone, and its ``anonymousId`` is not stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Q

from core.errors import DomainError
from customers.actions.companies import link_by_group
from customers.actions.consent import record_consent, record_withdrawal
from customers.actions.profiles import Person, resolve_customer
from customers.actions.traits import declared, record_traits
from customers.models import ConsentRecord, Customer, Event, Identity, Purpose
from customers.queries.consent import Reader, legal_bases
from customers.rules.identities import clean_identity
from customers.rules.traits import OWN_NAMES
from customers.tracking.reading import Consent, Tracked
from merchants.models import Merchant

SOURCE = "tracking"
GIVEN, WITHDRAWN = "Consent Given", "Consent Withdrawn"
RECORDED = Consent(tracking=True)
# Traits that are the profile's own name, address and identities.
OWN = {"name", "address"} | {name for name in OWN_NAMES if "." not in name}

Key = tuple[str, str]  # kind and value of an identity


@dataclass
class People:
    """Who is known of those that a batch speaks of, by identity."""

    merchant: Merchant
    known: dict[Key, int]
    is_public: bool

    @classmethod
    def of(cls, merchant: Merchant, events: Iterable[Tracked], *, is_public: bool) -> People:
        """With one query, or none where nobody says who it is."""
        users, visitors = set(), set()
        for event in events:
            event.user_id = clean_identity(Identity.Kind.EXTERNAL_ID, event.user_id) if event.user_id else ""
            if event.user_id or _is_telling(event):
                users |= {event.user_id, event.previous_id}
                visitors.add(event.anonymous_id)
        return cls(merchant, _known(merchant, users - {""}, visitors - {""}), is_public)

    def user(self, event: Tracked) -> int | None:
        return self.known.get((Identity.Kind.EXTERNAL_ID, event.user_id))

    def visitor(self, event: Tracked) -> int | None:
        return self.known.get((Identity.Kind.ANONYMOUS_ID, event.anonymous_id))

    def note(self, event: Tracked, customer: Customer) -> None:
        """What was resolved is known to the events that follow."""
        event.customer_id = customer.pk
        if event.user_id:
            self.known[Identity.Kind.EXTERNAL_ID, event.user_id] = customer.pk
        if event.anonymous_id and _joins(event):
            self.known[Identity.Kind.ANONYMOUS_ID, event.anonymous_id] = customer.pk


def _known(merchant: Merchant, users: set[str], visitors: set[str]) -> dict[Key, int]:
    if not (users or visitors):
        return {}
    kinds = Identity.Kind
    wanted = Q(kind=kinds.EXTERNAL_ID, value__in=users) | Q(kind=kinds.ANONYMOUS_ID, value__in=visitors)
    rows = Identity.objects.for_merchant(merchant).filter(wanted, blocked_at=None)
    return {(kind, value): pk for kind, value, pk in rows.values_list("kind", "value", "customer_id")}


def assign_people(
    merchant: Merchant,
    events: Sequence[Tracked],
    *,
    is_new: Callable[[Sequence[Tracked]], Sequence[Tracked]],
    is_public: bool = False,
) -> dict[int, DomainError]:
    """Gives each event its ``customer_id``; returns why some cannot be kept, by their place.

    ``is_new`` picks those that were not stored before: what an event changes, it changes once. ``is_public``: they
    came with a publishable key.
    """
    if not any(event.user_id or _is_telling(event) for event in events):
        return {}  # visits only, as most batches are
    people = People.of(merchant, events, is_public=is_public)
    _state_consent(people, events)
    refused: dict[int, DomainError] = {}
    changing = {id(event) for event in is_new([event for event in events if _changes(event, people)])}
    for place, event in enumerate(events):
        if id(event) in changing and _changes(event, people):
            try:
                _resolve(event, people, events[:place])
            except DomainError as error:
                refused[place] = error
        if event.customer_id is None:
            event.customer_id = people.user(event)
    for event in events:
        if event.user_id and event.anonymous_id and not _joins(event):
            event.anonymous_id = ""
    return refused


def _visit(event: Tracked) -> str:
    """The visit that could join the profile."""
    return event.previous_id or event.anonymous_id


def _joins(event: Tracked) -> bool:
    return bool(event.consent.tracking)


def _state_consent(people: People, events: Sequence[Tracked]) -> None:
    """Where an event with user and visitor does not say whether tracking is allowed, what was recorded holds."""
    silent = [event for event in events if event.user_id and _visit(event) and event.consent.tracking is None]
    ids = sorted({pk for event in silent if (pk := people.user(event))})
    if not ids:
        return
    decisions = legal_bases(
        [Reader(pk, "") for pk in ids], merchant=people.merchant, purpose=Purpose.TRACKING, channel=""
    )
    allowed = {pk for pk, decision in zip(ids, decisions, strict=True) if decision.allowed}
    for event in silent:
        if people.user(event) in allowed:
            event.consent = RECORDED


def _changes(event: Tracked, people: People) -> bool:
    """Whether this event says something about who somebody is or what they consented to."""
    if _is_telling(event):
        return True
    if not event.user_id:
        return False
    known = people.user(event)
    if known is None or event.consent.text_version:
        return True
    return bool(event.anonymous_id) and _joins(event) and people.visitor(event) != known


@transaction.atomic
def _resolve(event: Tracked, people: People, before: Sequence[Tracked]) -> None:
    traits = _believed(event, people) if event.kind == "identify" else {}
    customer = _customer(event, people, traits)
    if customer is None:
        return
    if traits:
        customer = record_traits(customer, traits, source=SOURCE, at=event.occurred_at)
    if event.kind == "group":
        link_by_group(people.merchant, customer, event.name, event.properties, event.occurred_at)
    people.note(event, customer)
    _record_consent(event, customer, before)


def _believed(event: Tracked, people: People) -> dict[str, Any]:
    """The traits; of a profile that exists only those that are not its name, address or number, if anybody may say it."""
    traits = event.properties
    own = declared(traits).own
    if not (people.is_public and own):
        return traits
    is_known = people.user(event) is not None or _is_anybodys(people.merchant, Person(**own))
    return {name: value for name, value in traits.items() if name not in OWN} if is_known else traits


def _is_anybodys(merchant: Merchant, person: Person) -> bool:
    """Whether one of these identities belongs to a profile."""
    wanted = Q(pk__in=[])
    for kind, value in person.identities(merchant.country).items():
        wanted |= Q(kind=kind, value=value)
    return Identity.objects.for_merchant(merchant).filter(wanted).exists()


def _customer(event: Tracked, people: People, traits: Mapping[str, Any]) -> Customer | None:
    """The profile, found or made. A visit alone makes none: nobody is known by it."""
    named = Person(**{"external_id": event.user_id} | declared(traits).own)
    if named.is_anonymous:
        known = None if event.consent.tracking is False and not _says_no(event) else people.visitor(event)
        return Customer.objects.for_merchant(people.merchant).filter(pk=known or 0).first()
    visit = _visit(event) if _joins(event) else ""
    if (Identity.Kind.EXTERNAL_ID, visit) in people.known:
        visit = ""  # two customer numbers are two people, until staff merge them
    return resolve_customer(people.merchant, replace(named, anonymous_id=visit), as_of=event.occurred_at)


def _record_consent(event: Tracked, customer: Customer, before: Sequence[Tracked]) -> None:
    if _says_no(event):
        _withdraw(event, customer)
    elif _says_yes(event):
        _grant(event, customer, _purpose(event), _version(event.properties))
    elif event.consent.tracking:
        version = event.consent.text_version
        if not version and event.kind == "identify":
            version = _version_seen_by(event, customer.merchant, before)
        _grant(event, customer, Purpose.TRACKING, version)


def _is_telling(event: Tracked) -> bool:
    """It speaks of the person, not only of what they did."""
    return event.kind in ("identify", "alias", "group") or _says_yes(event) or _says_no(event)


def _says_yes(event: Tracked) -> bool:
    return event.name == GIVEN and event.kind == "track"


def _says_no(event: Tracked) -> bool:
    return event.name == WITHDRAWN and event.kind == "track"


def _withdraw(event: Tracked, customer: Customer) -> None:
    if purpose := _purpose(event):
        record_withdrawal(
            customer,
            purpose=purpose,
            source=SOURCE,
            evidence={"message_id": event.message_id},
            withdrawn_at=event.occurred_at,
        )


def _grant(event: Tracked, customer: Customer, purpose: str, version: str) -> None:
    """Recorded once: a visitor's events repeat it, and a later no is not outweighed by a repetition."""
    if not (purpose and version):
        return
    records = ConsentRecord.objects.for_merchant(customer.merchant_id).filter(customer=customer, purpose=purpose)
    repeated = records.filter(kind=ConsentRecord.Kind.GRANTED, text_version=version, channel="").exists()
    if repeated and not _says_yes(event):
        return
    record_consent(
        customer,
        purpose=purpose,
        channel="",
        text_version=version,
        source=SOURCE,
        evidence={"message_id": event.message_id},
        given_at=event.occurred_at,
    )


def _purpose(event: Tracked) -> str:
    """Tracking and profiling have no channel; a consent to messages takes more than a script's word."""
    purpose = event.properties.get("purpose", Purpose.TRACKING)
    return str(purpose) if purpose in (Purpose.TRACKING, Purpose.PROFILING) else ""


def _version(properties: Mapping[str, object]) -> str:
    version = properties.get("text_version") or properties.get("textVersion") or ""
    return version.strip()[:40] if isinstance(version, str) else ""


def _version_seen_by(event: Tracked, merchant: Merchant, before: Sequence[Tracked]) -> str:
    """The text this visitor agreed to before anybody knew them: as told in this batch, else as stored."""
    told = [other.properties for other in before if _says_yes(other) and other.anonymous_id == event.anonymous_id]
    if not told and event.anonymous_id:
        rows = Event.objects.for_merchant(merchant).filter(anonymous_id=event.anonymous_id, name=GIVEN, kind="track")
        told = list(rows.order_by("occurred_at").values_list("properties", flat=True))
    return _version(told[-1]) if told else ""
