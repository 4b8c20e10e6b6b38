"""Tables as CSV downloads, which spreadsheets open without obeying what is written in them.

Big ones are written by a job (its result names the file under ``export``) and kept for a week.
"""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
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


@contextmanager
def new_export(merchant_id: int) -> Iterator[tuple[str, Path]]:
    """A name that cannot be guessed, and where to write; the file is there under its name when all is written."""
    name = f"exports/{merchant_id}/{secrets.token_hex(16)}"
    path = Path(default_storage.path(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    try:
        yield name, unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def forget_exports(rows: QuerySet[Job]) -> int:
    """Delete the files of these jobs, and what was searched for, which may name somebody; returns how many."""
    found = list(rows.filter(result__has_key="export"))
    for job in found:
        default_storage.delete(job.result["export"])
        job.result = {name: value for name, value in job.result.items() if name != "export"}
        job.parameters = job.parameters | {"query": ""}
        job.save(update_fields=["result", "parameters"])
    return len(found)


def forget_old_exports() -> int:
    """What was exported more than a week ago."""
    return forget_exports(Job.objects.all_merchants().filter(finished_at__lt=timezone.now() - KEPT))
