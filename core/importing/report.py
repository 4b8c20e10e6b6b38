"""The report of an import: rows that were rejected, on the screen and as a file to be corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.door import MerchantRequest
from core.exports import csv_response
from core.listing import ListFilter, Listing, list_rows, recent_values
from core.models import ImportRejection, Job

# How much of a cell the report keeps.
KEPT = 500


@dataclass(frozen=True)
class Rejected:
    """One row that was not taken over, as it came."""

    line: int
    code: str
    reason: str
    row: Mapping[str, Any]


def list_rejected(job: Job, rejected: Iterable[Rejected]) -> None:
    """Add rows to the job's report; PostgreSQL knows no NUL and no half surrogates."""
    ImportRejection.objects.bulk_create(
        (
            ImportRejection(
                merchant_id=job.merchant_id,
                job=job,
                line=one.line,
                code=one.code,
                reason=_storable(one.reason)[:300],
                row={_storable(name)[:120]: _kept(value) for name, value in one.row.items() if value not in (None, "")},
            )
            for one in rejected
        ),
        batch_size=1000,
    )


def _kept(value: Any) -> Any:
    return _storable(value if isinstance(value, str) else str(value))[:KEPT]


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def forget_rejected(job: Job) -> None:
    """Begin the report anew."""
    ImportRejection.objects.for_merchant(job.merchant_id).filter(job=job).delete()


def rejections_of(job: Job) -> QuerySet[ImportRejection]:
    return ImportRejection.objects.for_merchant(job.merchant_id).filter(job=job)


class RejectionFilter(ListFilter):
    """``queryset`` holds the rows of one import; a subclass knows what the codes are called."""

    code = django_filters.ChoiceFilter(label=gettext_lazy("Reason"), empty_label=gettext_lazy("Every reason"))

    sorts = {"line": ["line", "id"]}
    default_sort = "line"

    def narrow(self) -> None:
        codes = recent_values(self.queryset, "code", self.asked("code")[:40])
        self.form.fields["code"].choices = [(code, self.label(code)) for code in codes]

    def label(self, code: str) -> str:
        return code


def report_listing(
    request: MerchantRequest, filters: type[RejectionFilter], job: Job, counts: Mapping[str, int]
) -> Listing[ImportRejection]:
    """One page of the rejected rows; the import counted them, so nothing is estimated."""
    listing = list_rows(request, filters, rejections_of(job))
    total = counts.get(listing.filter.asked("code"), sum(counts.values()))
    return replace(listing, total=total, is_exact=True)


def report_context(
    listing: Listing[ImportRejection], counts: Mapping[str, int], label: Callable[[str], str], columns: Sequence[str]
) -> dict[str, Any]:
    """What ``core/imports/report.html`` shows: reasons, and the rows with their cells in the order of the file."""
    reasons = sorted(counts.items(), key=lambda counted: -counted[1])
    return {
        "reasons": [(code, label(code), count) for code, count in reasons],
        "rejections": [(row, [(name, row.row[name]) for name in columns if name in row.row]) for row in listing.rows],
    }


def rejected_file(job: Job, columns: Sequence[str]) -> StreamingHttpResponse:
    """The rejected rows with all their columns: to be corrected and uploaded again."""
    rows = rejections_of(job).order_by("line", "id").values_list("line", "reason", "row")
    return csv_response(
        f"rejected-{job.pk}.csv",
        [_("Line"), _("Reason"), *columns],
        ([line, reason, *(row.get(name, "") for name in columns)] for line, reason, row in rows.iterator()),
    )
