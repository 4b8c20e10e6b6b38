"""What the machinery and the tenancy hold about people. (``merchants`` imports nothing of ours, so it is declared here.)"""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models import Delivery, IdempotencyRecord, ImportRejection, Job, JobLogLine
from core.privacy.person import Person
from core.privacy.registry import (
    Rows,
    declare,
    facts,
    mentioning,
    nothing_personal,
    personal,
    scrubbed,
    technical,
    withheld,
)
from merchants.models import ApiKey, AuditEntry, Membership, Merchant, Staff

STAFF = _("Staff are no customers: they leave with their account.")

nothing_personal(
    Merchant,
    reason=_("The merchant's own particulars, which the law wants to be public."),
    texts=[
        "slug", "name", "country", "time_zone", "website", "legal_name", "street", "postal_code", "city",
        "register_court", "register_number", "directors", "vat_id", "contact_email", "contact_phone", "sender_name",
        "sender_email",
    ],
)  # fmt: skip
nothing_personal(Staff, reason=STAFF, texts=["password", "first_name", "last_name", "email"])
nothing_personal(Membership, reason=STAFF)
nothing_personal(
    ApiKey, reason=_("Keys belong to shops and tills, not to customers."), texts=["name", "prefix", "digest"]
)


def _audited(person: Person) -> Q:
    """What was changed on the profile itself, and what names the person elsewhere."""
    profile = Q(subject_type="customers.customer", subject_id__in=[str(pk) for pk in person.ids])
    return profile | mentioning("subject_label", "changes")(person)


declare(
    AuditEntry,
    title=_("What staff changed"),
    find=_audited,
    rows=Rows.KEPT,
    reason=_("Who of the staff did what stays provable; what was changed about the person goes."),
    columns=[
        facts("action", "at", reason=_("That staff did something remains on record, without whom it was about.")),
        withheld("subject_label", reason=_("Repeats the person's name.")),
        personal("changes"),
        technical("id", "merchant", "staff", "subject_type", "subject_id"),
    ],
)
declare(
    Delivery,
    title=_("Deliveries of our own events"),
    find=mentioning("error", "payload"),
    rows=Rows.KEPT,
    reason=_("Carries ids only and is deleted after 14 days; an error text that names somebody is cleaned."),
    columns=[
        scrubbed("payload", "error"),
        technical("id", "merchant", "event", "handler", "state", "attempts", "created_at", "due_at", "done_at"),
    ],
)
declare(
    Job,
    title=_("Jobs"),
    find=mentioning("title", "parameters", "step", "result", "error"),
    rows=Rows.KEPT,
    reason=_("What staff let run, with counts; a search text or an error that names somebody is cleaned."),
    columns=[
        scrubbed("title", "parameters", "step", "result", "error"),
        technical(
            "id", "merchant", "kind", "state", "done", "total", "asked_by", "cancel_requested", "starts", "created_at",
            "started_at", "heartbeat_at", "finished_at",
        ),
    ],
)  # fmt: skip
declare(
    IdempotencyRecord,
    title=_("Answers to repeated requests"),
    find=mentioning("key", "body"),
    rows=Rows.DELETED,
    columns=[
        withheld("body", "key", reason=_("A copy of an answer, kept 14 days so that a retry happens once.")),
        technical("id", "merchant", "fingerprint", "status", "created_at"),
    ],
)
declare(
    ImportRejection,
    title=_("Rejected rows of imported files"),
    find=mentioning("row", "reason"),
    rows=Rows.KEPT,
    reason=_("That a row was rejected, and why, stays in the report of the import; the row itself goes."),
    columns=[
        personal("row", "reason"),
        technical("code", reason=_("Why it was rejected, as a code.")),
        technical("id", "merchant", "job", "line"),
    ],
)
nothing_personal(
    JobLogLine,
    reason=_("The steps of a job and its counts, as the sources say them."),
    texts=["text", "values"],
)
