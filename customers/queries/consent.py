"""May we, for this purpose, on this channel, with this person, and why: everybody asks here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import FilteredRelation, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import (
    WITHOUT_CHANNEL,
    Channel,
    ConsentRecord,
    ConsentRecordQuerySet,
    Customer,
    Identity,
    PrivacyRequest,
    Purpose,
    Suppression,
    SuppressionQuerySet,
    address_digest,
)
from customers.rules import legal_basis as rules
from customers.rules.addresses import normalise_address
from customers.rules.identities import clean_identity
from customers.rules.legal_basis import Basis, Code
from merchants.models import Merchant

# What the existing-customer exception may carry: own, similar goods. All else needs consent (LAW.md rule 3).
EXCEPTION_PURPOSES = frozenset({Purpose.PRODUCT_RECOMMENDATIONS})
# Which identity is the address of a channel. Others (push, letters) have their addresses outside: not asked for here.
ADDRESS_KINDS: dict[str, str] = {
    Channel.EMAIL: Identity.Kind.EMAIL,
    Channel.SMS: Identity.Kind.PHONE,
    Channel.WHATSAPP: Identity.Kind.PHONE,
}
_ADDRESSED = sorted(set(ADDRESS_KINDS.values()))

REASONS: dict[str, Any] = {
    Code.CONSENTED: _("This person consented."),
    Code.EXISTING_CUSTOMER: _("Existing customer: saw the notice when ordering and did not object (UWG § 7(3))."),
    Code.RESTRICTED: _("This person had the use of their data restricted (GDPR Art. 18)."),
    Code.NO_ADDRESS: _("There is no address."),
    Code.OBJECTED: _("This person objected to advertising."),
    Code.ADDRESS_OBJECTED: _("Somebody with this address objected to advertising."),
    Code.ADDRESS_BOUNCED: _("Messages to this address come back."),
    Code.ADDRESS_COMPLAINED: _("Somebody with this address complained about a message."),
    Code.WITHDRAWN: _("This person withdrew the consent."),
    Code.CONSENT_ONLY: _("This purpose needs a consent, and there is none."),
    Code.EXCEPTION_OFF: _("No consent, and the settings do not use the existing-customer exception."),
    Code.NO_NOTICE: _("No consent, and no notice was shown when the address was collected."),
    Code.NOTICE_WITHOUT_VERSION: _("No consent, and the notice that was shown has no text version."),
    Code.NOTICE_WITHOUT_SALE: _("No consent, and the address did not come with a sale."),
    Code.NOTICE_FOR_OTHER_ADDRESS: _("No consent, and the notice was shown for another address."),
    Code.NOT_OBJECTED: _("Needs no consent, and this person did not object (GDPR Art. 6 (1) (f))."),
}

_STOPS = {
    Suppression.Reason.OBJECTION: Code.ADDRESS_OBJECTED,
    Suppression.Reason.BOUNCE: Code.ADDRESS_BOUNCED,
    Suppression.Reason.COMPLAINT: Code.ADDRESS_COMPLAINED,
}


@dataclass(frozen=True)
class BasisDecision:
    """Whether advertising is allowed, on which basis, and why; ``evidence`` are ids of consent records."""

    basis: Basis
    code: Code
    evidence: tuple[int, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.basis != Basis.NONE

    @property
    def reason(self) -> str:
        """A sentence in the reader's language."""
        return str(REASONS[self.code])


@dataclass(frozen=True)
class Reader:
    """Somebody who would read an advertisement: a profile (None: a guest) and the address it would go to."""

    customer_id: int | None
    address: str


def may_we(
    customer: Customer | None,
    *,
    merchant: Merchant,
    purpose: str,
    channel: str = "",
    address: str = "",
    at: datetime | None = None,
) -> BasisDecision:
    """May ``merchant``, for this purpose, on this channel, with this person (at this address), at that moment?

    The one function that answers it: everybody asks here. Advertising (newsletter, product recommendations, reviews
    and surveys) names a channel and the address it would go to. Profiling and tracking write to nobody: no channel,
    no address; tracking needs a consent, profiling is allowed until the person objects. ``customer`` is None for a
    guest, of whom nothing is known but what was said about the address: that it is suppressed, or that of somebody whose
    data may not be used. ``at`` is now by default; a past moment is answered as it
    stood then.
    """
    reader = Reader(customer.pk if customer else None, address)
    return legal_bases([reader], merchant=merchant, purpose=purpose, channel=channel, at=at)[0]


def legal_bases(
    readers: Sequence[Reader], *, merchant: Merchant, purpose: str, channel: str, at: datetime | None = None
) -> list[BasisDecision]:
    """``may_we`` of many readers, in their order, with three queries."""
    moment = at or timezone.now()
    statements = _statements(readers, merchant).about(purpose, channel)
    stops = _stops(readers, merchant).about(purpose, channel)
    known, standing = _by_customer(statements), _by_digest(stops)
    restricted = _restrictions(readers, merchant, moment)
    return [_decide(reader, merchant, purpose, channel, moment, known, standing, restricted) for reader in readers]


def _decide(
    reader: Reader,
    merchant: Merchant,
    purpose: str,
    channel: str,
    at: datetime,
    known: Mapping[int | None, Sequence[ConsentRecord]],
    standing: Mapping[str, Sequence[Suppression]],
    restricted: Restrictions,
) -> BasisDecision:
    """``known`` by customer and ``standing`` by digest: what was recorded about this purpose and channel."""
    needs_address = purpose not in WITHOUT_CHANNEL and (not channel or channel in ADDRESS_KINDS)
    verdict = rules.decide(
        address=normalise_address(reader.address) if needs_address else None,
        at=at,
        statements=map(_statement, known.get(reader.customer_id, [])),
        stops=map(_stop, standing.get(address_digest(reader.address), []) if reader.address else []),
        exception=_exception_state(merchant, purpose),
        restricted=restricted.cover(reader),
    )
    return BasisDecision(verdict.basis, verdict.code, verdict.evidence)


@dataclass(frozen=True)
class ConsentCell:
    """One purpose on one channel (empty: the purpose has none) for one person, with the address it was asked for."""

    purpose: Purpose
    channel: str
    address: str
    decision: BasisDecision

    @property
    def channel_label(self) -> str:
        return str(Channel(self.channel).label) if self.channel else ""


CELLS: tuple[tuple[Purpose, str], ...] = tuple(
    (purpose, channel)
    for purpose in Purpose
    for channel in ([""] if purpose in WITHOUT_CHANNEL else [channel.value for channel in Channel])
)


def consent_state(customer: Customer, *, at: datetime | None = None) -> list[ConsentCell]:
    """What is allowed with this person for every purpose and channel, now or as it stood; four queries."""
    merchant, moment = customer.merchant, at or timezone.now()
    identities = sorted(customer.identities.all(), key=lambda identity: identity.pk)
    newest = {identity.kind: identity.value for identity in identities}
    addresses = {channel: newest.get(kind, "") for channel, kind in ADDRESS_KINDS.items()}
    readers = [Reader(customer.pk, address) for address in {*addresses.values(), ""}]
    records, stops = list(_statements(readers, merchant).order_by()), list(_stops(readers, merchant))
    restricted = _restrictions(readers, merchant, moment)

    def cell(purpose: Purpose, channel: str) -> ConsentCell:
        reader = Reader(customer.pk, addresses.get(channel, ""))
        known: dict[int | None, Sequence[ConsentRecord]] = {
            customer.pk: [row for row in records if _speaks_of(row, purpose, channel)]
        }
        standing = _by_digest(row for row in stops if _speaks_of(row, purpose, channel))
        decision = _decide(reader, merchant, purpose, channel, moment, known, standing, restricted)
        return ConsentCell(purpose, channel, reader.address, decision)

    return [cell(purpose, channel) for purpose, channel in CELLS]


def _speaks_of(row: ConsentRecord | Suppression, purpose: str, channel: str) -> bool:
    """As ``about`` of the query sets."""
    return row.purpose in ("", purpose) and row.channel in ("", channel)


def _exception_state(merchant: Merchant, purpose: str) -> rules.ExceptionState:
    if purpose == Purpose.PROFILING:
        return rules.ExceptionState.UNLESS_OBJECTED
    if purpose not in EXCEPTION_PURPOSES:
        return rules.ExceptionState.CONSENT_ONLY
    return rules.ExceptionState.AVAILABLE if merchant.existing_customer_exception else rules.ExceptionState.OFF


def _statements(readers: Iterable[Reader], merchant: Merchant) -> ConsentRecordQuerySet:
    ids = {reader.customer_id for reader in readers} - {None}
    records: ConsentRecordQuerySet = ConsentRecord.objects.for_merchant(merchant)
    return records.filter(customer__in=ids) if ids else records.none()


def _stops(readers: Iterable[Reader], merchant: Merchant) -> SuppressionQuerySet:
    rows: SuppressionQuerySet = Suppression.objects.for_merchant(merchant)
    return rows.of(*{reader.address for reader in readers} - {""})


def is_address_restricted(merchant: Merchant, address: str) -> bool:
    """Whether the person who has this address had the use of their data restricted (GDPR Art. 18)."""
    reader = Reader(None, address)
    return _restrictions([reader], merchant, timezone.now()).cover(reader)


@dataclass(frozen=True)
class Restrictions:
    """Whose data may not be used: profiles, and the addresses by which these are known."""

    customers: Set[int]
    addresses: Set[str]
    region: str

    def cover(self, reader: Reader) -> bool:
        """The person, or somebody with one of the person's addresses: whoever orders with it as a guest, too."""
        return reader.customer_id in self.customers or _as_identity(reader.address, self.region) in self.addresses


def _as_identity(address: str, region: str) -> str:
    """How an identity holds this address; empty for none."""
    return clean_identity(Identity.Kind.EMAIL if "@" in address else Identity.Kind.PHONE, address, region=region)


def _restrictions(readers: Sequence[Reader], merchant: Merchant, at: datetime) -> Restrictions:
    """Those of these readers that stood at that moment, with the identities that their people have now."""
    ids = {reader.customer_id for reader in readers} - {None}
    addresses = {_as_identity(reader.address, merchant.country) for reader in readers}
    named = Q(customer__identities__kind__in=_ADDRESSED, customer__identities__value__in=addresses)
    held = FilteredRelation("customer__identities", condition=named)
    standing = PrivacyRequest.objects.for_merchant(merchant).restricting(at).annotate(held=held)
    found = standing.filter(Q(customer__in=ids) | Q(held__isnull=False)).values_list("customer", "held__value")
    rows = list(found.order_by())
    return Restrictions(
        frozenset(pk for pk, _value in rows), frozenset(value for _pk, value in rows if value), merchant.country
    )


def _by_customer(records: ConsentRecordQuerySet) -> Mapping[int | None, Sequence[ConsentRecord]]:
    found: dict[int | None, list[ConsentRecord]] = defaultdict(list)
    for record in records.order_by():
        found[record.customer_id].append(record)
    return found


def _by_digest(rows: Iterable[Suppression]) -> Mapping[str, Sequence[Suppression]]:
    found: dict[str, list[Suppression]] = defaultdict(list)
    for row in rows:
        found[row.digest].append(row)
    return found


def _statement(record: ConsentRecord) -> rules.Statement:
    kind = rules.Kind(record.kind)
    # A no counts from the moment we know of it, even if the sender's clock is ahead.
    is_no = kind in (rules.Kind.OBJECTED, rules.Kind.WITHDRAWN)
    return rules.Statement(
        id=record.pk,
        kind=kind,
        at=min(record.occurred_at, record.recorded_at) if is_no else record.occurred_at,
        address=normalise_address(record.address),
        text_version=record.text_version,
        order=str(record.evidence.get("order", "")),
    )


def _stop(row: Suppression) -> rules.Stop:
    return rules.Stop(_STOPS[Suppression.Reason(row.reason)], row.created_at)


def consent_decisions(customer: Customer) -> list[ConsentRecord]:
    """What the person decided last about each purpose and channel; notices that were shown are no decisions."""
    records = ConsentRecord.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    decisions = records.exclude(kind=ConsentRecord.Kind.NOTICE_SHOWN)
    return list(decisions.order_by("purpose", "channel", "-occurred_at", "-id").distinct("purpose", "channel"))
