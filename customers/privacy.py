"""What the customers app holds about people, and what becomes of it."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.privacy import Person, Rows, declare, mentioning, personal, scrubbed, technical, through
from customers.models import (
    Company,
    CompanyPerson,
    ConsentRecord,
    Customer,
    CustomerImport,
    DismissedSuggestion,
    Identity,
    Note,
    Suppression,
    Task,
    address_digest,
)


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
declare(
    Note,
    title=_("Notes of the staff"),
    find=through("customer"),
    rows=Rows.DELETED,
    columns=[
        personal("text", "created_at", "edited_at"),
        technical("id", "merchant", "customer", "author", "is_pinned"),
    ],
)
declare(
    Task,
    title=_("Tasks of the staff"),
    find=through("customer"),
    rows=Rows.DELETED,
    columns=[
        personal("title", "details", "due_on", "state", "created_at", "done_at"),
        technical("id", "merchant", "customer", "priority", "assignee", "created_by", "done_by", "search_title"),
    ],
)
declare(
    CompanyPerson,
    title=_("Companies you buy for"),
    find=through("customer"),
    rows=Rows.DELETED,
    columns=[
        personal("company", "role", "is_primary", "source", "created_at"),
        technical("id", "merchant", "customer"),
    ],
)
declare(
    DismissedSuggestion,
    title=_("Companies you do not belong to"),
    find=through("customer"),
    rows=Rows.DELETED,
    columns=[technical("id", "merchant", "company", "customer", "staff", "created_at")],
)
declare(
    Company,
    title=_("Companies"),
    find=mentioning("name", "street", "notes", "external_id"),
    rows=Rows.KEPT,
    reason=_("A company is no person; where its row names one, the name is taken out."),
    columns=[
        scrubbed("name", "street", "notes", "external_id"),
        technical("id", "merchant", "vat_id", "domains", "postal_code", "city", "country", "price_group"),
        technical("created_at", "updated_at", "search_text"),
    ],
)
declare(
    CustomerImport,
    title=_("Imported files"),
    find=mentioning("file_name", "header", "mapping"),
    rows=Rows.KEPT,
    reason=_("Which columns a file had, so that the next one is read alike; the file itself is deleted."),
    columns=[
        scrubbed("file_name", "header", "mapping"),
        technical("id", "merchant", "file_format", "upload", "header_digest", "staff", "created_at"),
    ],
)
