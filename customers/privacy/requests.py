"""Requests under the GDPR, their files, and retention."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _

from core.privacy import (
    Outcome,
    Person,
    Rows,
    declare,
    facts,
    nothing_personal,
    personal,
    register_store,
    technical,
    through,
    withheld,
)
from customers.models import PrivacyRequest, RetentionPeriod, RetentionRun

ANSWERED = _("That a request was answered in time, and what was done, must be provable (GDPR Art. 5(2)).")
SETTINGS = _("A setting of the shop, or a count of what was removed.")

declare(
    PrivacyRequest,
    title=_("Requests about your data"),
    find=through("customer"),
    rows=Rows.KEPT,
    reason=ANSWERED,
    columns=[
        facts("kind", "channel", "state", "received_at", "due_on", "extended_at", "closed_at", reason=ANSWERED),
        facts("identity_checked_at", "extension_reason", "lifted_at", reason=ANSWERED),
        personal("contact", "statement", "identity_evidence", "outcome", "lift_reason"),
        withheld("notes", "file", "link_until", reason=_("Inner notes of staff about the answer itself.")),
        withheld("customer", reason=_("The profile itself is in the export.")),
        technical("id", "merchant", "identity_checked_by", "assignee", "closed_by", "lifted_by", "job"),
        technical("receipt", reason=_("Counts per table, without the person.")),
    ],
)
nothing_personal(RetentionPeriod, reason=SETTINGS, texts=["kind"])
nothing_personal(RetentionRun, reason=SETTINGS, texts=["kind"])


def _forget_exports(person: Person) -> Outcome:
    """Files of earlier access requests."""
    requests = PrivacyRequest.objects.for_merchant(person.merchant_id).filter(customer__in=person.ids).exclude(file="")
    names = list(requests.values_list("file", flat=True))
    for name in names:
        default_storage.delete(name)
    return Outcome(deleted=len(names))


register_store(
    "customers.exports",
    title=_("Files of access requests"),
    explanation=_("What was collected for the person, until it expires."),
    erase=_forget_exports,
    rank=10,
)
