"""What became of a file: the tally of its rows, and the list of those that were rejected."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import polars as pl

from core.importing.report import KEPT
from core.models import ImportRejection, Job
from orders.importing.copying import copy_rows
from orders.importing.reasons import explain


@dataclass(frozen=True)
class Tally:
    """What became of the rows so far, and where to go on. Each row is imported, unchanged or rejected, once.

    ``orders``, ``lines`` and ``returns`` count what was added, ``updated`` orders replaced by a newer version,
    ``batches`` and ``return_batches`` what is done.
    """

    rows: int
    imported: int = 0
    unchanged: int = 0
    rejected: int = 0
    orders: int = 0
    updated: int = 0
    lines: int = 0
    returns: int = 0
    products: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    batches: int = 0
    return_batches: int = 0

    @classmethod
    def of_job(cls, job: Job, rows: int) -> Tally:
        """Where an interrupted job stands; a new one stands at the beginning."""
        stored = job.result.get("tally", {})
        return cls(**stored) if stored.get("rows") == rows else cls(rows)

    def plus(self, **counts: int) -> Tally:
        return replace(self, **{name: getattr(self, name) + count for name, count in counts.items()})

    def with_rejected(self, codes: pl.Series) -> Tally:
        reasons = Counter(self.reasons) + Counter(codes.to_list())
        return replace(self, reasons=dict(reasons), rejected=self.rejected + codes.len())

    @property
    def is_complete(self) -> bool:
        return self.imported + self.unchanged + self.rejected == self.rows


def save_tally(job: Job, tally: Tally) -> None:
    """Note how far the job is; call it in the transaction of what the tally counts."""
    job.result = {**job.result, "tally": asdict(tally)}
    Job.objects.for_merchant(job.merchant_id).filter(pk=job.pk).update(result=job.result)


def list_rejected(job: Job, rejected: pl.DataFrame, raw: pl.DataFrame) -> None:
    """Add rows to the job's report: ``rejected`` has ``line``, ``code``, ``column``, ``value``; ``raw`` the rows."""
    if rejected.is_empty():
        return
    rows = raw.drop("code", "value").join(rejected.select("line"), on="line", how="semi")
    texts = {row.pop("line"): _row_text(row) for row in rows.iter_rows(named=True)}
    reasons = [
        explain(code, column=column or "", value=(value or "").replace("\0", "\N{REPLACEMENT CHARACTER}"))
        for code, column, value in rejected.select("code", "column", "value").iter_rows()
    ]
    listed = rejected.select(
        "line",
        "code",
        pl.Series("reason", reasons, pl.String),
        pl.Series("row", [texts[line] for line in rejected["line"]], pl.String),
        merchant_id=pl.lit(job.merchant_id),
        job_id=pl.lit(job.pk),
    )
    copy_rows(ImportRejection, listed)


def _row_text(row: dict[str, str | None]) -> str:
    """A row as JSON, without what is empty; PostgreSQL knows no NUL."""
    kept: dict[str, Any] = {
        name: value[:KEPT].replace("\0", "\N{REPLACEMENT CHARACTER}") for name, value in row.items() if value
    }
    return json.dumps(kept, ensure_ascii=False)
