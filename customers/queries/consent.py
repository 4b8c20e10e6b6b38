"""May we write to somebody, for what, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import ConsentRecord, Customer, Purpose, Suppression, address_digest
from customers.rules import legal_basis as rules
from customers.rules.addresses import normalise_address
from customers.rules.legal_basis import Basis, Code
from merchants.models import Merchant

# What the existing-customer exception may carry: own, similar goods. All else needs consent (LAW.md rule 3).
EXCEPTION_PURPOSES = frozenset({Purpose.PRODUCT_RECOMMENDATIONS})

REASONS: dict[str, Any] = {
    Code.CONSENTED: _("This person consented."),
    Code.EXISTING_CUSTOMER: _("Existing customer: saw the notice when ordering and did not object (UWG § 7(3))."),
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


def legal_basis(
    customer: Customer | None,
    *,
    merchant: Merchant,
    purpose: str,
    channel: str,
    address: str,
    at: datetime | None = None,
) -> BasisDecision:
    """May ``merchant`` advertise for this purpose, on this channel, to this person at this address, at that moment?

    The one function that answers it: everybody asks here. ``customer`` is None for a guest, whom only an
    address suppression is known of. ``at`` is now by default; a past moment is answered as it stood then.
    """
    reader = Reader(customer.pk if customer else None, address)
    return legal_bases([reader], merchant=merchant, purpose=purpose, channel=channel, at=at)[0]


def legal_bases(
    readers: Sequence[Reader], *, merchant: Merchant, purpose: str, channel: str, at: datetime | None = None
) -> list[BasisDecision]:
    """``legal_basis`` of many readers, in their order, with two queries."""
    moment, exception = at or timezone.now(), _exception_state(merchant, purpose)
    statements = _statements(readers, merchant, purpose, channel)
    stops = _stops(readers, merchant, purpose, channel)
    verdicts = [
        rules.decide(
            address=normalise_address(reader.address),
            at=moment,
            statements=statements[reader.customer_id],
            stops=stops[address_digest(reader.address)],
            exception=exception,
        )
        for reader in readers
    ]
    return [BasisDecision(verdict.basis, verdict.code, verdict.evidence) for verdict in verdicts]


def _exception_state(merchant: Merchant, purpose: str) -> rules.ExceptionState:
    if purpose not in EXCEPTION_PURPOSES:
        return rules.ExceptionState.CONSENT_ONLY
    return rules.ExceptionState.AVAILABLE if merchant.existing_customer_exception else rules.ExceptionState.OFF


def _statements(
    readers: Iterable[Reader], merchant: Merchant, purpose: str, channel: str
) -> Mapping[int | None, list[rules.Statement]]:
    """By customer."""
    ids = {reader.customer_id for reader in readers} - {None}
    found: dict[int | None, list[rules.Statement]] = defaultdict(list)
    if ids:
        records = ConsentRecord.objects.for_merchant(merchant).filter(customer__in=ids).about(purpose, channel)
        for record in records.order_by():
            found[record.customer_id].append(_statement(record))
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


def _stops(readers: Iterable[Reader], merchant: Merchant, purpose: str, channel: str) -> Mapping[str, list[rules.Stop]]:
    """By the digest of the address."""
    found: dict[str, list[rules.Stop]] = defaultdict(list)
    addresses = {reader.address for reader in readers}
    for row in Suppression.objects.for_merchant(merchant).of(*addresses).about(purpose, channel):
        found[row.digest].append(rules.Stop(_STOPS[Suppression.Reason(row.reason)], row.created_at))
    return found


def consent_decisions(customer: Customer) -> list[ConsentRecord]:
    """What the person decided last about each purpose and channel; notices that were shown are no decisions."""
    records = ConsentRecord.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    decisions = records.exclude(kind=ConsentRecord.Kind.NOTICE_SHOWN)
    return list(decisions.order_by("purpose", "channel", "-occurred_at", "-id").distinct("purpose", "channel"))
