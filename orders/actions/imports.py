"""Asking for an import; a worker does it (``orders.runners``)."""

from __future__ import annotations

import secrets
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_noop

from core.jobs import start_job
from core.models import Job
from merchants.actions import record_audit
from merchants.models import Merchant, Staff
from orders.importing import IMPORT


@transaction.atomic
def request_import(
    merchant: Merchant,
    *,
    file_format: str,
    dry_run: bool,
    staff: Staff | None,
    upload: File[bytes] | None = None,
    path: Path | None = None,
) -> Job:
    """Queue the import of an uploaded file, or one at ``path`` on this machine, which the caller runs itself."""
    name = Path(upload.name or "").name if upload else str(path and path.name)
    stored = default_storage.save(f"imports/{merchant.pk}/{secrets.token_hex(16)}", upload) if upload else ""
    title = gettext_noop("Try the import of %(file)s") if dry_run else gettext_noop("Import of %(file)s")
    job = start_job(
        merchant,
        IMPORT,
        title=title,
        parameters={
            "format": file_format,
            "dry_run": dry_run,
            "file": name,
            **({"upload": stored} if stored else {"path": str(path)}),
        },
        staff=staff,
        ring_worker=bool(stored),
    )
    if staff is not None:
        record_audit(merchant, "import.requested", staff=staff, subject=job, changes={"dry_run": dry_run})
    return job
