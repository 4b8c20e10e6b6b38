"""Files that hold many people: imported ones and exported lists."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.exports import forget_exports
from core.models import Job
from core.privacy import Outcome, Person, Rows, declare, mentioning, register_store, scrubbed, technical
from customers.actions.imports import forget_upload
from customers.models import CustomerImport

declare(
    CustomerImport,
    title=_("Imported files"),
    find=mentioning("file_name", "header", "mapping"),
    rows=Rows.KEPT,
    reason=_("Which columns a file had, so that the next one is read alike; the file itself is deleted."),
    columns=[
        scrubbed("file_name", "header", "mapping"),
        technical("id", "merchant", "file_format", "upload", "header_digest", "job", "staff", "created_at"),
    ],
)


def _forget_files(person: Person) -> Outcome:
    """Whole files go: what is in them about one person cannot be told from what is about others."""
    exports = forget_exports(Job.objects.for_merchant(person.merchant_id))
    waiting = CustomerImport.objects.for_merchant(person.merchant_id).exclude(upload="").select_related("job")
    uploads = [row for row in waiting if row.job is None or row.job.is_finished]
    for row in uploads:
        forget_upload(row.merchant_id, row.pk, row.upload)
    return Outcome(deleted=exports + len(uploads))


register_store(
    "files",
    title=_("Exported lists and uploaded files"),
    explanation=_("Files that may hold this person were deleted; lists can be exported again without them."),
    erase=_forget_files,
)
