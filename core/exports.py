"""Tables as CSV downloads, which spreadsheets open without obeying what is written in them.

Big ones are written by a job (its result names the file under ``export``) and kept for a week.
"""

from __future__ import annotations

import csv
import secrets
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from core.models import Job

# A cell that begins with one of these is a formula to a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def harmless(value: Any) -> str:
    """The value as text, with an apostrophe before what a spreadsheet would calculate; numbers stay numbers."""
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text


def csv_lines(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The table line by line, with the mark by which spreadsheets know UTF-8."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow([harmless(str(name)) for name in header])
    for row in rows:
        yield writer.writerow([harmless(value) for value in row])


def csv_response(name: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A download of any length at the cost of one row."""
    response = StreamingHttpResponse(csv_lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


KEPT = timedelta(days=7)


@dataclass(frozen=True)
class Export:
    """A file that is being written. ``subjects`` are the ids of those whose rows are in it: kept beside the file, so
    that whoever is erased later leaves it without the files of everybody else."""

    name: str
    path: Path
    subjects: array[int] = field(default_factory=lambda: array("q"))


@contextmanager
def new_export(merchant_id: int) -> Iterator[Export]:
    """A name that cannot be guessed, and where to write; the file is there under its name when all is written."""
    name = f"exports/{merchant_id}/{secrets.token_hex(16)}"
    path = Path(default_storage.path(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    export = Export(name, path.with_suffix(".part"))
    try:
        yield export
        _subjects_path(name).write_bytes(export.subjects.tobytes())
        export.path.replace(path)
    finally:
        export.path.unlink(missing_ok=True)


def _subjects_path(name: str) -> Path:
    return Path(default_storage.path(name)).with_suffix(".ids")


def subjects_of(name: str) -> frozenset[int] | None:
    """The ids of those whose rows are in an export; None where that was not written down."""
    found = array("q")
    try:
        found.frombytes(_subjects_path(name).read_bytes())
    except (OSError, ValueError):
        return None
    return frozenset(found)


def kept_exports(rows: QuerySet[Job]) -> QuerySet[Job]:
    """Those of these jobs whose file is still there."""
    return rows.filter(result__has_key="export")


def forget_export(job: Job) -> None:
    """Delete the job's file, and what was searched for, which may name somebody."""
    forget_file(job.result["export"])
    job.result = {key: value for key, value in job.result.items() if key != "export"}
    job.parameters = job.parameters | {"query": ""}
    job.save(update_fields=["result", "parameters"])


def forget_file(name: str) -> None:
    """Delete an export, and who is in it."""
    default_storage.delete(name)
    _subjects_path(name).unlink(missing_ok=True)


def forget_old_exports() -> int:
    """What was exported more than a week ago; returns how many."""
    old = list(kept_exports(Job.objects.all_merchants().filter(finished_at__lt=timezone.now() - KEPT)))
    for job in old:
        forget_export(job)
    return len(old)
