"""Running imports in tests."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.jobs import run
from core.models import ImportRejection, Job
from merchants.models import Merchant
from orders.actions.imports import request_import

REAL_FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "online_retail.parquet"
ABSENT = "the data set is not beside the project (../shared/data/online_retail.parquet)"


def as_csv(rows: Sequence[Mapping[str, Any]], *, delimiter: str = ",") -> str:
    """Rows as a CSV text; columns are those of all rows, in the order in which they first appear."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def import_text(merchant: Merchant, path: Path, text: str | bytes, file_format: str, *, dry_run: bool = False) -> Job:
    """Write ``text`` to ``path`` and import it; returns the finished job."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_path(merchant, path, file_format, dry_run=dry_run)


def import_path(merchant: Merchant, path: Path, file_format: str, *, dry_run: bool = False) -> Job:
    job = request_import(merchant, file_format=file_format, dry_run=dry_run, staff=None, path=path)
    return run(job)


def rejected(job: Job) -> dict[int, str]:
    """Codes by line."""
    return dict(ImportRejection.objects.for_merchant(job.merchant_id).filter(job=job).values_list("line", "code"))


def reasons(job: Job) -> dict[int, str]:
    """Sentences by line."""
    return dict(ImportRejection.objects.for_merchant(job.merchant_id).filter(job=job).values_list("line", "reason"))


def tally(job: Job) -> dict[str, Any]:
    return dict(job.result["tally"])
