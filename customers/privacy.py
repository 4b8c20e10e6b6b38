"""What the customers app holds about people, and what becomes of it."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.privacy import Person, Rows, declare, personal, technical, through
from customers.models import ConsentRecord, Customer, Identity, Suppression, address_digest


def _self(person: Person) -> Q:
    return Q(pk__in=person.ids)


def _suppressed(person: Person) -> Q:
    return Q(digest__in=[address_digest(address) for address in person.addresses])


declare(
    Customer,
    title=_("Profile"),
    find=_self,
    rows=Rows.DELETED,
    columns=[
        personal("first_name", "last_name", "locale", "country", "created_at", "updated_at"),
        personal("orders_count", "revenue", "first_order_at", "last_order_at"),
        technical("id", "merchant", "search_name"),
    ],
)
declare(
    Identity,
    title=_("How you are recognised"),
    find=through("customer"),
    rows=Rows.DELETED,
    columns=[personal("kind", "value", "created_at"), technical("id", "merchant", "customer")],
)
declare(
    ConsentRecord,
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
    ],
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
