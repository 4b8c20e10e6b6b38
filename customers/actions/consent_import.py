"""Consents that people gave elsewhere, taken over with their evidence: in bulk, and as often as one likes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.bulk import insert_rows
from core.errors import DomainError
from customers.actions.consent import ADDRESS_KINDS_OF, suppress_addresses
from customers.actions.consent_texts import require_text
from customers.models import (
    WITHOUT_CHANNEL,
    Channel,
    ConsentRecord,
    ConsentText,
    Customer,
    Identity,
    Purpose,
    Suppression,
)
from customers.rules.addresses import normalise_address
from merchants.models import Merchant

MAX_SOURCE = 80
_KINDS = (ConsentRecord.Kind.GRANTED, ConsentRecord.Kind.WITHDRAWN, ConsentRecord.Kind.OBJECTED)


@dataclass(frozen=True, kw_only=True)
class ImportedConsent:
    """One decision of one person. ``text`` holds the words where the version is not known here yet.

    ``occurred_at`` is when the person decided, not when it is imported; None is refused.
    """

    customer_id: int
    kind: str = ConsentRecord.Kind.GRANTED
    purpose: str = ""
    channel: str = ""
    address: str = ""
    text_version: str = ""
    text: str = ""
    language: str = ""
    source: str = ""
    occurred_at: datetime | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ConsentRefusal:
    """Why a row was not taken over: a stable code and a sentence that says what is missing."""

    code: str
    message: str


@transaction.atomic
def import_consents(merchant: Merchant, rows: Sequence[ImportedConsent]) -> list[ConsentRefusal | None]:
    """Record what people decided elsewhere; for each row None, or why it was refused. What is known is left alone.

    A consent without its text, its source or its date proves nothing and is refused. The customers' rows are locked
    until the transaction ends, so that the same file imported twice at once is recorded once.
    """
    customers = Customer.objects.for_merchant(merchant).filter(pk__in={row.customer_id for row in rows})
    known_people = set(customers.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    texts = _Texts(merchant)
    outcomes: list[ConsentRefusal | None] = []
    accepted: list[ConsentRecord] = []
    for row in rows:
        refusal = _flaw(row, known_people)
        text: ConsentText | None = None
        if refusal is None and row.kind == ConsentRecord.Kind.GRANTED:
            try:
                text = texts.of(row)
            except DomainError as error:
                refusal = ConsentRefusal(error.code, str(error.message))
        if refusal is None:
            accepted.append(_record(merchant, row, text))
        outcomes.append(refusal)
    added = _append_unknown(merchant, accepted)
    _suppress_objectors(merchant, added)
    return outcomes


def _flaw(row: ImportedConsent, known_people: set[int]) -> ConsentRefusal | None:
    checks = [
        (row.customer_id not in known_people, "customer_unknown", _("This customer does not exist.")),
        (row.kind not in _KINDS, "kind_unknown", _("A decision is “granted”, “withdrawn” or “objected”.")),
        (not _subject_makes_sense(row), "subject_unknown", _("The purpose or the channel is not known or missing.")),
        (not row.source.strip(), "source_missing", _("Say where the decision was recorded (source).")),
        (row.occurred_at is None, "date_missing", _("Say when the person decided (date).")),
        (bool(row.occurred_at and row.occurred_at > timezone.now()), "date_ahead", _("The date lies in the future.")),
        (
            row.kind == ConsentRecord.Kind.GRANTED and not row.text_version.strip(),
            "text_version_missing",
            _("Say which version of the text the person agreed to."),
        ),
    ]
    return next((ConsentRefusal(code, message) for is_flawed, code, message in checks if is_flawed), None)


def _subject_makes_sense(row: ImportedConsent) -> bool:
    """A no may speak of everything, a yes names its purpose, and its channel where the purpose has channels."""
    if row.purpose not in ("", *Purpose.values) or row.channel not in ("", *Channel.values):
        return False
    if row.purpose in WITHOUT_CHANNEL:
        return not row.channel
    return row.kind != ConsentRecord.Kind.GRANTED or bool(row.purpose and row.channel)


class _Texts:
    """The texts that rows name, each looked up once."""

    def __init__(self, merchant: Merchant) -> None:
        self._merchant = merchant
        self._known: dict[tuple[str, ...], ConsentText] = {}

    def of(self, row: ImportedConsent) -> ConsentText:
        key = (row.text_version, row.purpose, row.channel, row.language, row.text)
        if key not in self._known:
            self._known[key] = require_text(
                self._merchant,
                version=row.text_version.strip(),
                purpose=row.purpose,
                channel=row.channel,
                languages=[row.language or self._merchant.language],
                words=row.text,
            )
        return self._known[key]


def _record(merchant: Merchant, row: ImportedConsent, text: ConsentText | None) -> ConsentRecord:
    assert row.occurred_at is not None
    return ConsentRecord(
        merchant_id=merchant.pk,
        customer_id=row.customer_id,
        kind=row.kind,
        purpose=row.purpose,
        channel=row.channel,
        address=normalise_address(row.address),
        text=text,
        text_version=text.version if text else "",
        source=row.source.strip()[:MAX_SOURCE],
        evidence=dict(row.evidence),
        occurred_at=row.occurred_at,
    )


def _identity_of(record: ConsentRecord) -> tuple[Any, ...]:
    """What makes two records the same: who decided what about what, and when."""
    return record.customer_id, record.kind, record.purpose, record.channel, record.address, record.occurred_at


def _append_unknown(merchant: Merchant, records: Sequence[ConsentRecord]) -> list[ConsentRecord]:
    stored = ConsentRecord.objects.for_merchant(merchant).filter(customer__in={row.customer_id for row in records})
    known = {_identity_of(record) for record in stored.order_by()} if records else set()
    new: dict[tuple[Any, ...], ConsentRecord] = {}
    for record in records:
        if _identity_of(record) not in known:
            new.setdefault(_identity_of(record), record)
    added = list(new.values())
    insert_rows(added)
    return added


def _suppress_objectors(merchant: Merchant, records: Sequence[ConsentRecord]) -> None:
    """Objections outlive the profile: the addresses they reach are suppressed, as when somebody objects here."""
    objections = [record for record in records if record.kind == ConsentRecord.Kind.OBJECTED]
    if not objections:
        return
    addresses = _addresses(merchant, {record.customer_id for record in objections})
    for record in objections:
        kinds = ADDRESS_KINDS_OF.get(record.channel, [])
        reached = [value for kind, value in addresses[record.customer_id] if kind in kinds]
        suppress_addresses(
            merchant,
            [record.address, *reached],
            reason=Suppression.Reason.OBJECTION,
            purpose=record.purpose,
            channel=record.channel,
            at=min(record.occurred_at, record.recorded_at),
        )


def _addresses(merchant: Merchant, customers: set[int]) -> Mapping[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for customer, kind, value in (
        Identity.objects.for_merchant(merchant)
        .filter(customer__in=customers)
        .values_list("customer_id", "kind", "value")
    ):
        found[customer].append((kind, value))
    return found
