"""Consents, objections, and what proves them."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.privacy import Person, Rows, declare, facts, nothing_personal, personal, technical, through
from customers.models import ConsentProof, ConsentRecord, ConsentRequest, ConsentText, Suppression, address_digest
from customers.rules.addresses import normalise_address


def _suppressed(person: Person) -> Q:
    return Q(digest__in=[address_digest(address) for address in person.addresses])


def _asked(person: Person) -> Q:
    """Also what was asked of the address before there was a profile."""
    return Q(customer__in=person.ids) | Q(address__in=[normalise_address(address) for address in person.addresses])


def _agreed_to(record: ConsentRecord) -> dict[str, Any]:
    """The words that were agreed to, where they are stored."""
    return {"wording": record.text.text} if record.text else {}


declare(
    ConsentRecord,
    present=_agreed_to,
    related=["text"],
    title=_("Consents and objections"),
    find=through("customer"),
    rows=Rows.DELETED,
    reason=_(
        "Before a record goes, what it proves is kept under a keyed hash of the address, to answer claims "
        "(GDPR Art. 17(3)(e)), until three years after the end of the year of the erasure (BGB §§ 195, 199)."
    ),
    columns=[
        personal("kind", "purpose", "channel", "address", "text_version", "source", "evidence"),
        personal("occurred_at", "recorded_at"),
        technical("id", "merchant", "customer"),
        technical("text", reason=_("The shop's own words, the same for everybody; their version is in the export.")),
    ],
)
declare(
    ConsentRequest,
    title=_("Consents that wait for a confirmation"),
    find=_asked,
    rows=Rows.DELETED,
    columns=[
        personal("address", "channel", "purposes", "locale", "source", "evidence"),
        personal("requested_at", "expires_at", "confirmed_at"),
        technical("id", "merchant", "customer", "text"),
        technical("nonce", "digest", reason=_("Random; they recognise the link in the message.")),
    ],
)
nothing_personal(
    ConsentText,
    reason=_("The shop's own words, the same for everybody."),
    texts=["version", "text"],
)
declare(
    Suppression,
    title=_("Addresses that must not be written to"),
    find=_suppressed,
    rows=Rows.KEPT,
    reason=_("Without it the objection would be forgotten with the profile (GDPR Art. 21(3))."),
    columns=[
        technical("digest", reason=_("A keyed hash: it shows no address, it only recognises one that comes again.")),
        technical("id", "merchant", "channel", "purpose", "reason", "created_at"),
    ],
)


def _proved(person: Person) -> Q:
    return Q(digest__in=[address_digest(address) for address in person.addresses])


PROOF = _("Answers claims until they lapse (GDPR Art. 17(3)(e), BGB §§ 195, 199); found only by who names the address.")
declare(
    ConsentProof,
    title=_("Proofs of consents of an erased profile"),
    find=_proved,
    rows=Rows.KEPT,
    reason=PROOF,
    columns=[
        facts("kind", "purpose", "channel", "text_version", "occurred_at", "recorded_at", "kept_until", reason=PROOF),
        technical("id", "merchant", "digest", "moments"),
    ],
)
