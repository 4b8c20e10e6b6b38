"""What staff write down about people, and the companies they buy for."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.privacy import Rows, declare, mentioning, personal, scrubbed, technical, through
from customers.models import Company, CompanyPerson, DismissedSuggestion, Note, Task

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
