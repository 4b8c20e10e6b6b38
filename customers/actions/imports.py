"""Files with customers: uploaded, described column by column, imported by a worker (``customers.runners``)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.errors import DomainError, InvalidInput
from core.jobs import start_job
from core.models import Job
from customers.importing import IMPORT
from customers.importing.fields import IDENTITIES, IGNORED, guess, is_target
from customers.importing.reading import PeopleFile, header_digest, open_people, read_through
from customers.models import CustomerImport
from merchants.actions import record_audit
from merchants.models import Merchant, Staff

# How long an uploaded file waits for somebody who says what its columns are.
KEPT = timedelta(days=1)


def store_upload(merchant: Merchant, upload: File[bytes], *, staff: Staff | None) -> CustomerImport:
    """Keep an uploaded file until it is imported. Raises InvalidInput for one that cannot be read to its end."""
    stored = default_storage.save(f"imports/{merchant.pk}/{secrets.token_hex(16)}", upload)
    try:
        file = open_people(Path(default_storage.path(stored)))
        read_through(file)
        return describe_file(merchant, file, name=Path(upload.name or "").name, staff=staff, upload=stored)
    except BaseException:
        default_storage.delete(stored)
        raise


def describe_file(
    merchant: Merchant, file: PeopleFile, *, name: str, staff: Staff | None, upload: str = ""
) -> CustomerImport:
    """A file with what its columns mean: as it was said of the last file with these columns, else as their names say."""
    digest = header_digest(file.header)
    return CustomerImport.objects.create(
        merchant=merchant,
        file_name=name[:255],
        file_format=file.file_format,
        upload=upload,
        header=file.header,
        header_digest=digest,
        mapping=remembered_mapping(merchant, digest) or {"columns": guess(file.header), "defaults": {}},
        staff=staff,
    )


def remembered_mapping(merchant: Merchant, digest: str) -> dict[str, Any]:
    """What was last said of a file with these columns; empty if none was imported."""
    known = CustomerImport.objects.for_merchant(merchant).filter(header_digest=digest, job__isnull=False)
    newest = known.order_by("-pk").first()
    return dict(newest.mapping) if newest else {}


def checked_mapping(header: list[str], columns: Mapping[str, str], defaults: Mapping[str, str]) -> dict[str, Any]:
    """The mapping as it is stored. Raises InvalidInput for a target that is none or is named twice, and where nothing
    says who a row is about."""
    chosen = {name: columns.get(name, IGNORED) for name in header if name}
    taken: dict[str, str] = {}
    for name, target in chosen.items():
        if not is_target(target):
            raise InvalidInput(
                "unknown_target", _("“%(target)s” is nothing that a column can be.") % {"target": target}
            )
        if target != IGNORED and target in taken:
            raise InvalidInput(
                "target_twice",
                _("“%(first)s” and “%(second)s” are both the same.") % {"first": taken[target], "second": name},
            )
        taken[target] = name
    if not taken.keys() & set(IDENTITIES):
        raise InvalidInput("no_identity", _("Say which column holds the customer number, the e-mail address, the telephone number or the loyalty card."))  # fmt: skip
    return {"columns": chosen, "defaults": {name: value for name, value in defaults.items() if value}}


@transaction.atomic
def request_import(
    imported: CustomerImport,
    *,
    mapping: Mapping[str, Any],
    dry_run: bool,
    staff: Staff | None,
    path: Path | None = None,
) -> Job:
    """Queue the import of an uploaded file, or of one at ``path`` on this machine, which the caller runs itself.

    Raises DomainError where the file is gone, or is just being imported.
    """
    row = CustomerImport.objects.for_merchant(imported.merchant_id).select_for_update().get(pk=imported.pk)
    if not row.upload and path is None:
        raise DomainError("file_gone", _("The file is no longer here. Please upload it again."))
    if row.job_id and Job.objects.for_merchant(row.merchant_id).unfinished().filter(pk=row.job_id).exists():
        raise DomainError("import_running", _("This file is being imported just now."))
    job = start_job(
        imported.merchant,
        IMPORT,
        title=gettext_noop("Try the import of %(file)s") if dry_run else gettext_noop("Import of %(file)s"),
        parameters={
            "dry_run": dry_run,
            "file": row.file_name,
            "mapping": dict(mapping),
            "import": row.pk,
            **({"path": str(path)} if path else {"upload": row.upload}),
        },
        staff=staff,
        ring_worker=path is None,
    )
    CustomerImport.objects.for_merchant(row.merchant_id).filter(pk=row.pk).update(mapping=dict(mapping), job=job)
    imported.mapping, imported.job = dict(mapping), job
    if staff is not None:
        record_audit(imported.merchant, "import.requested", staff=staff, subject=job, changes={"dry_run": dry_run})
    return job


def forget_upload(merchant_id: int, import_id: int, upload: str) -> None:
    """The file goes; what is known of its columns stays."""
    default_storage.delete(upload)
    CustomerImport.objects.for_merchant(merchant_id).filter(pk=import_id, upload=upload).update(upload="")


def forget_old_uploads() -> int:
    """Files that nobody imported within a day; returns how many."""
    rows = CustomerImport.objects.all_merchants().filter(created_at__lt=timezone.now() - KEPT).exclude(upload="")
    waiting = [row for row in rows.select_related("job") if row.job is None or row.job.is_finished]
    for row in waiting:
        forget_upload(row.merchant_id, row.pk, row.upload)
    return len(waiting)
