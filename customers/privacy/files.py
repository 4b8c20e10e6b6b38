"""Files that hold many people: imported ones and exported lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _

from core.exports import forget_export, kept_exports, subjects_of
from core.models import Job
from core.privacy import Outcome, Person, Rows, declare, mentioning, register_store, scrubbed, technical
from customers.actions.imports import forget_upload
from customers.importing.mentions import holds
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
    """Files that hold this person, or of which that cannot be known, go as a whole; the receipt says which, and why."""
    found = [*_exports(person), *_uploads(person)]
    gone = [file for file in found if file.holds is not False]
    for file in gone:
        file.forget()
    kept = [{"what": "kept", "files": len(found) - len(gone)}] if len(found) > len(gone) else []
    return Outcome(deleted=len(gone), details=(*(file.detail for file in gone), *kept))


@dataclass(frozen=True)
class _File:
    """``holds`` the person: None where that cannot be known."""

    what: str
    pk: int
    at: datetime
    holds: bool | None
    forget: Callable[[], None]

    @property
    def detail(self) -> dict[str, Any]:
        """Without the file's name, which may be a person's."""
        why = "unknown" if self.holds is None else "holds"
        return {"what": self.what, "number": self.pk, "at": self.at.isoformat(), "why": why}


def _exports(person: Person) -> Iterator[_File]:
    for job in kept_exports(Job.objects.for_merchant(person.merchant_id)).order_by("pk"):
        subjects = subjects_of(job.result["export"])
        holds = None if subjects is None else not subjects.isdisjoint(person.ids)
        yield _File("export", job.pk, job.created_at, holds, partial(forget_export, job))


def _uploads(person: Person) -> Iterator[_File]:
    """What waits to be imported. A file that is being imported just now goes when that is done."""
    waiting = CustomerImport.objects.for_merchant(person.merchant_id).exclude(upload="").select_related("job")
    for row in waiting.order_by("pk"):
        if row.job is None or row.job.is_finished:
            forget = partial(forget_upload, row.merchant_id, row.pk, row.upload)
            yield _File("upload", row.pk, row.created_at, holds(Path(default_storage.path(row.upload)), person), forget)


register_store(
    "files",
    title=_("Exported lists and uploaded files"),
    explanation=_("Files that hold this person, or of which that cannot be known, were deleted; others stay."),
    erase=_forget_files,
)
