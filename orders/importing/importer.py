"""The walk through a file: batch by batch, each written with its share of the report in one transaction.

A job that is started again goes on behind the last batch that was written. A file that is imported again changes
nothing: its orders are stored already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.events import publish
from core.importing.report import forget_rejected
from core.jobs import Progress
from core.statistics import refresh_statistics
from customers.models import Customer, CustomerKpis, Identity
from orders.events import OrdersImported
from orders.importing import FileFormat, cxapp_csv, online_retail, shopify_csv
from orders.importing.batch import FATE, Batch, Format, Shop, require
from orders.importing.catalogue import adopt_products
from orders.importing.matching import ReturnedRow, Sale
from orders.importing.report import Tally, list_rejected, save_tally
from orders.importing.returning import Outcome, record_returns, rehearse_returns, returned_rows
from orders.importing.source import Source, open_source
from orders.importing.writing import Products, sort_orders, write_new, write_newer
from orders.models import Order, OrderLine, Shipment, ShipmentLine

FORMATS: dict[str, Format] = {
    FileFormat.CXAPP_CSV: cxapp_csv.FORMAT,
    FileFormat.SHOPIFY_CSV: shopify_csv.FORMAT,
    FileFormat.ONLINE_RETAIL: online_retail.FORMAT,
}
# As for orders over the API: pre-orders and clocks may be ahead, a slip in the year is not accepted.
FAR_FUTURE = timedelta(days=366)
# Returned rows that are matched and written together.
RETURNS_AT_ONCE = 1000
# A batch that meets an order which somebody else just stored is tried again: then that order is known.
TRIES = 3
T = TypeVar("T")


def import_orders(progress: Progress, *, path: Path, file_format: str, dry_run: bool) -> dict[str, Any]:
    """Import a file for the job's merchant, or only report what would become of it; returns the job's result.

    Raises InvalidInput for a file that cannot be read, before anything is written.
    """
    with translation.override(progress.job.merchant.language):
        progress.step(gettext_noop("Reading the file"))
        chosen = FORMATS[file_format]
        source = open_source(path, chosen.layout)
        return _Walk(progress, source, chosen, dry_run=dry_run).run()


class _Walk:
    """One run of a job through its file."""

    def __init__(self, progress: Progress, source: Source, chosen: Format, *, dry_run: bool) -> None:
        self._job, self._merchant, self._progress = progress.job, progress.job.merchant, progress
        self._source, self._format, self._dry_run = source, chosen, dry_run
        self._tally = Tally.of_job(progress.job, source.rows)
        self._products = Products(self._merchant)
        # Rows of returns wait until all sales are stored; a rehearsal stores none and keeps them in mind.
        self._returned: list[ReturnedRow] = []
        self._returned_raw: list[pl.DataFrame] = []
        self._sales: list[Sale] = []

    def run(self) -> dict[str, Any]:
        self._note_file()
        try:
            self._take_orders()
            self._refresh_statistics()
            self._take_returns()
        finally:
            self._settle()
        require(self._tally.is_complete, _("The rows of the file do not add up."))
        return dict(self._job.result)

    def _note_file(self) -> None:
        if not self._tally.batches:
            forget_rejected(self._job)
        self._job.result = {
            "dry_run": self._dry_run,
            "encoding": self._source.encoding,
            "unread": self._source.unread if self._format.is_ours else [],
            "currency": self._merchant.currency,
        }
        save_tally(self._job, self._tally)

    def _take_orders(self) -> None:
        self._progress.step(gettext_noop("Importing orders"), total=self._source.rows)
        shop = Shop(self._merchant.currency, self._merchant.time_zone, timezone.now() + FAR_FUTURE)
        for number, batch in enumerate(self._format.read(self._source, shop)):
            self._returned += returned_rows(batch.returns)
            self._returned_raw.append(batch.raw.join(batch.returns.select("line"), on="line", how="semi"))
            if number >= self._tally.batches:
                is_first = not self._tally.orders
                self._take(batch)
                if is_first:
                    self._refresh_statistics()
            self._progress.advance(batch.raw.height)

    def _take(self, batch: Batch) -> None:
        if self._dry_run:
            self._tally = self._rehearse(batch)
        else:
            self._products.learn(batch.lines)
            self._tally = _persist(partial(self._write, batch))

    def _rehearse(self, batch: Batch) -> Tally:
        sorted_orders = sort_orders(self._merchant, batch)
        if self._format.has_returns:
            self._sales += _sales(sorted_orders.new, batch.lines)
        with transaction.atomic():
            return self._account(batch, sorted_orders.new, sorted_orders.newer, {})

    def _write(self, batch: Batch) -> Tally:
        sorted_orders = sort_orders(self._merchant, batch)
        write_new(self._merchant, sorted_orders.new, batch.lines, self._products)
        refused = write_newer(self._merchant, sorted_orders.newer, batch.lines)
        return self._account(batch, sorted_orders.new, sorted_orders.newer, refused)

    def _account(self, batch: Batch, new: pl.DataFrame, newer: pl.DataFrame, refused: dict[str, str]) -> Tally:
        """Judge every row of the batch by its order's fate, and note it."""
        fates = _with_refusals(batch.fates, refused)
        rejected = fates.filter(pl.col("code").is_not_null())
        accepted = fates.filter(pl.col("code").is_null(), pl.col("number").is_not_null())
        written = accepted.filter(pl.col("number").is_in([*new["number"], *newer["number"]]))
        list_rejected(self._job, rejected, batch.raw)
        tally = self._tally.with_rejected(rejected["code"]).plus(
            imported=written.height,
            unchanged=accepted.height - written.height,
            orders=new.height,
            updated=newer.height - len(refused),
            lines=batch.lines.join(new, on="number", how="semi").height,
            batches=1,
        )
        save_tally(self._job, tally)
        return tally

    def _refresh_statistics(self) -> None:
        """After the first orders and after the last: whoever looks for one finds it among those new to the planner."""
        if self._tally.orders and not self._dry_run:
            refresh_statistics([Customer, CustomerKpis, Identity, Order, OrderLine, Shipment, ShipmentLine])

    def _take_returns(self) -> None:
        if not self._returned:
            return
        self._progress.step(gettext_noop("Matching returns"), total=len(self._returned))
        raw = pl.concat(self._returned_raw)
        # A rehearsal leaves no trace of what a group took, so it takes all at once.
        size = len(self._returned) if self._dry_run else RETURNS_AT_ONCE
        for number, rows in enumerate(_groups(self._returned, size)):
            if number >= self._tally.return_batches:
                self._tally = _persist(partial(self._record, rows, raw))
            self._progress.advance(len(rows))

    def _record(self, rows: Sequence[ReturnedRow], raw: pl.DataFrame) -> Tally:
        if self._dry_run:
            outcomes = rehearse_returns(self._merchant, rows, self._sales)
        else:
            outcomes = record_returns(self._merchant, rows)
        rejected = _unmatched(outcomes)
        whole = [outcome for outcome in outcomes if outcome.matched == outcome.row.units]
        added = {outcome.row.reference for outcome in outcomes if outcome.is_new and outcome.matched}
        list_rejected(self._job, rejected, raw)
        tally = self._tally.with_rejected(rejected["code"]).plus(
            imported=sum(outcome.is_new for outcome in whole),
            unchanged=sum(not outcome.is_new for outcome in whole),
            returns=len(added),
            return_batches=1,
        )
        save_tally(self._job, tally)
        return tally

    def _settle(self) -> None:
        """What follows from whatever was written, also when the job was stopped on its way."""
        if self._dry_run or not self._tally.imported:
            return
        with transaction.atomic():
            self._tally = self._tally.plus(products=adopt_products(self._merchant))
            save_tally(self._job, self._tally)
            publish(OrdersImported(merchant_id=self._merchant.pk, job_id=self._job.pk))


def _persist(write: Callable[[], T]) -> T:
    """Do it in one transaction, again if somebody else stored the same in the meantime."""
    for _attempt in range(TRIES - 1):
        try:
            with transaction.atomic():
                return write()
        except IntegrityError:
            continue
    with transaction.atomic():
        return write()


def _with_refusals(fates: pl.DataFrame, refused: dict[str, str]) -> pl.DataFrame:
    """The rows of refused orders are rejected, with what was said."""
    if not refused:
        return fates
    said = pl.DataFrame({"number": list(refused), "said": list(refused.values())})
    joined = fates.join(said, on="number", how="left", maintain_order="left")
    is_refused = pl.col("said").is_not_null()
    return joined.with_columns(
        code=pl.when(is_refused).then(pl.lit("newer_version_refused")).otherwise("code"),
        value=pl.when(is_refused).then("said").otherwise("value"),
    ).drop("said")


def _sales(orders: pl.DataFrame, lines: pl.DataFrame) -> list[Sale]:
    """The sales of a file that is only rehearsed."""
    buyers = orders.filter(pl.col("external_id") != "").select("number", "external_id", "placed_at")
    sold = lines.join(buyers, on="number", how="inner").select(
        -pl.col("line"),
        -pl.col("line").min().over("number").alias("order"),
        "external_id",
        "sku",
        "placed_at",
        "quantity",
        "total",
    )
    return [Sale(*row) for row in sold.iter_rows()]


def _groups(rows: Sequence[ReturnedRow], size: int) -> list[Sequence[ReturnedRow]]:
    """The rows from the earliest on, in groups of about ``size``; the rows of one reference stay together."""
    in_time = sorted(rows, key=lambda row: (row.at, row.reference, row.line))
    groups: list[list[ReturnedRow]] = []
    for row in in_time:
        if not groups or (len(groups[-1]) >= size and groups[-1][-1].reference != row.reference):
            groups.append([])
        groups[-1].append(row)
    return list(groups)


def _unmatched(outcomes: Sequence[Outcome]) -> pl.DataFrame:
    """Rows of which not all units have their sale."""
    rows = [
        (
            outcome.row.line,
            None,
            "return_partly_matched" if outcome.matched else "return_without_sale",
            "Quantity",
            f"{outcome.matched} / {outcome.row.units}",
        )
        for outcome in outcomes
        if outcome.matched < outcome.row.units
    ]
    return pl.DataFrame(rows, schema=FATE, orient="row")
