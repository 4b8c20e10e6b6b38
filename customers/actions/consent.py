"""What people were told, agreed to and objected to: every call appends, nothing is ever changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from customers.models import (
    Channel,
    ConsentRecord,
    ConsentText,
    Customer,
    Identity,
    Purpose,
    Suppression,
    address_digest,
)
from customers.rules.addresses import normalise_address
from merchants.actions import record_audit
from merchants.models import Merchant, Staff

# Which identities an address of a channel is; the empty channel stands for all.
ADDRESS_KINDS_OF = {
    "": [Identity.Kind.EMAIL, Identity.Kind.PHONE],
    Channel.EMAIL: [Identity.Kind.EMAIL],
    Channel.SMS: [Identity.Kind.PHONE],
    Channel.WHATSAPP: [Identity.Kind.PHONE],
}


@transaction.atomic
def record_notice(
    customer: Customer,
    *,
    channel: str,
    address: str,
    text_version: str,
    shown_at: datetime,
    source: str,
    evidence: dict[str, Any],
    purpose: str = Purpose.PRODUCT_RECOMMENDATIONS,
    words: str = "",
) -> ConsentRecord:
    """The shop told this person, when it collected the address, of the use for advertising and the right to object.

    It carries the existing-customer exception only if ``evidence["order"]`` holds the number of the sale the
    address came with. ``words`` are what the notice said; they stay with the record, since a version of a notice is none of a
    consent's text. Idempotent: the same notice for the same sale is recorded once.
    """
    _require_text_version(text_version)
    return _append_once(
        customer,
        kind=ConsentRecord.Kind.NOTICE_SHOWN,
        purpose=purpose,
        channel=channel,
        address=normalise_address(address),
        text_version=text_version,
        occurred_at=shown_at,
        source=source,
        evidence=evidence | ({"text": words} if words else {}),
    )


@transaction.atomic
def record_consent(
    customer: Customer,
    *,
    purpose: str,
    channel: str,
    source: str,
    evidence: dict[str, Any],
    text: ConsentText | None = None,
    text_version: str = "",
    address: str = "",
    given_at: datetime | None = None,
    staff: Staff | None = None,
) -> ConsentRecord:
    """This person agreed to ``text``; ``evidence`` proves it (LAW.md rule 5).

    Where the words are not kept here, ``text_version`` names them. An empty ``address`` consents for every address
    of the channel.
    """
    text_version = text.version if text else text_version
    _require_text_version(text_version)
    record = _append_once(
        customer,
        kind=ConsentRecord.Kind.GRANTED,
        purpose=purpose,
        channel=channel,
        address=normalise_address(address),
        text_version=text_version,
        text=text,
        occurred_at=given_at or timezone.now(),
        source=source,
        evidence=evidence,
    )
    _audit(record, "consent.recorded", staff)
    return record


@transaction.atomic
def record_withdrawal(
    customer: Customer,
    *,
    purpose: str = "",
    channel: str = "",
    source: str,
    evidence: dict[str, Any] | None = None,
    withdrawn_at: datetime | None = None,
    staff: Staff | None = None,
) -> ConsentRecord:
    """This person took a consent back. Empty purpose or channel: for all. A repeated withdrawal adds nothing."""
    record = _append_no(
        customer,
        kind=ConsentRecord.Kind.WITHDRAWN,
        purpose=purpose,
        channel=channel,
        address="",
        source=source,
        evidence=evidence or {},
        occurred_at=withdrawn_at or timezone.now(),
    )
    _audit(record, "consent.withdrawn", staff)
    return record


@transaction.atomic
def record_objection(
    customer: Customer,
    *,
    purpose: str = "",
    channel: str = "",
    address: str = "",
    source: str,
    evidence: dict[str, Any] | None = None,
    objected_at: datetime | None = None,
    staff: Staff | None = None,
) -> ConsentRecord:
    """This person objected to advertising (GDPR Art. 21): it ends at once, on every basis.

    Empty purpose or channel: all. The person's addresses are suppressed too, so that the objection outlives the
    profile. A repeated objection adds nothing.
    """
    record = _append_no(
        customer,
        kind=ConsentRecord.Kind.OBJECTED,
        purpose=purpose,
        channel=channel,
        address=address,
        source=source,
        evidence=evidence or {},
        occurred_at=objected_at or timezone.now(),
    )
    suppress_addresses(
        customer.merchant,
        _addresses(customer, channel, address),
        reason=Suppression.Reason.OBJECTION,
        purpose=purpose,
        channel=channel,
        at=min(record.occurred_at, record.recorded_at),
    )
    _audit(record, "objection.recorded", staff)
    return record


def suppress_addresses(
    merchant: Merchant,
    addresses: Iterable[str],
    *,
    reason: Suppression.Reason,
    channel: str,
    purpose: str = "",
    at: datetime | None = None,
) -> None:
    """Keep these addresses as keyed hashes that must not be written to; idempotent for one moment."""
    moment = at or timezone.now()
    rows = [
        Suppression(
            merchant=merchant,
            channel=channel,
            purpose=purpose,
            digest=address_digest(address),
            reason=reason,
            created_at=moment,
        )
        for address in {normalise_address(address) for address in addresses} - {""}
    ]
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def lift_bounce(merchant: Merchant, *, address: str, channel: str, staff: Staff | None) -> bool:
    """Staff say that the address works again; whether there was a bounce to forget. Objections stay."""
    bounces = Suppression.objects.for_merchant(merchant).of(address).about("", channel)
    lifted, _rows = bounces.filter(reason=Suppression.Reason.BOUNCE).delete()
    if lifted:
        record_audit(merchant, "bounce.lifted", staff=staff, changes={"channel": channel})
    return bool(lifted)


def _require_text_version(text_version: str) -> None:
    if not text_version.strip():
        raise InvalidInput("text_version_missing", _("Say which version of the text was shown."), field="text_version")


def _append_once(customer: Customer, **fields: Any) -> ConsentRecord:
    """The record with these fields, appended unless it is there."""
    _lock(customer)
    same = {name: value for name, value in fields.items() if name != "source"}
    known = ConsentRecord.objects.for_merchant(customer.merchant_id).filter(customer=customer, **same).first()
    return known or ConsentRecord.objects.create(merchant=customer.merchant, customer=customer, **fields)


def _append_no(customer: Customer, *, kind: ConsentRecord.Kind, address: str, **fields: Any) -> ConsentRecord:
    """Appended unless a record of this scope says the same already and no consent was given since."""
    _lock(customer)
    records = ConsentRecord.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    scope = {name: fields[name] for name in ("purpose", "channel")}
    known = records.filter(kind=kind, **scope).first()
    if known and not records.filter(kind=ConsentRecord.Kind.GRANTED, pk__gt=known.pk).exists():
        return known
    return ConsentRecord.objects.create(
        merchant=customer.merchant, customer=customer, kind=kind, address=normalise_address(address), **fields
    )


def _lock(customer: Customer) -> None:
    """Two clicks at once become one record: the second waits here and then finds the first's."""
    Customer.objects.for_merchant(customer.merchant_id).select_for_update().get(pk=customer.pk)


def _addresses(customer: Customer, channel: str, address: str) -> set[str]:
    """The address at hand and the person's others that ``channel`` reaches."""
    wanted = ADDRESS_KINDS_OF.get(channel, [])
    known = Identity.objects.for_merchant(customer.merchant_id).filter(customer=customer, kind__in=wanted)
    return {address, *known.values_list("value", flat=True)}


def _audit(record: ConsentRecord, action: str, staff: Staff | None) -> None:
    """What staff enter for somebody is in the audit log; what people do themselves is in their own records."""
    if staff:
        record_audit(
            record.merchant,
            action,
            staff=staff,
            subject=record,
            changes={"customer": record.customer_id, "purpose": record.purpose, "channel": record.channel},
        )
