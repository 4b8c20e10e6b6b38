"""Opening what people have: CSV in whatever dialect, or Parquet. Pure.

A file is read once from end to end before anything else happens, so that one that cannot be read is refused before
a row of it is written. Rows come in chunks of text columns, with the number of the line each begins in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from django.utils.translation import gettext as _
from polars import selectors

from core.errors import InvalidInput
from core.importing.files import CsvFile, column_key, csv_records, not_text, open_csv, read_head
from orders.importing.layouts import Layout

CHUNK = 20_000
# A group of rows that never ends is cut here, so that memory stays bounded.
LONGEST_GROUP = 5 * CHUNK


@dataclass(frozen=True)
class Source:
    """A readable file: how it is read, and how many rows it holds."""

    path: Path
    layout: Layout
    header: list[str]
    rows: int
    encoding: str = ""
    delimiter: str = ""
    unread: list[str] = field(default_factory=list)

    @property
    def file(self) -> CsvFile:
        return CsvFile(self.path, self.encoding, self.delimiter, self.header)

    def chunks(self) -> Iterator[pl.DataFrame]:
        """Frames of ``line``, ``code``, ``value`` and every column of the layout as text (null where absent)."""
        return _csv_chunks(self) if self.delimiter else iter([_parquet_frame(self)])


def open_source(path: Path, layout: Layout) -> Source:
    """Look the whole file through. Raises InvalidInput naming what is wrong and where."""
    head = read_head(path)
    if head.startswith(b"PAR1"):
        return _open_parquet(path, layout)
    return _open_csv(path, layout, head)


# Parquet


def _open_parquet(path: Path, layout: Layout) -> Source:
    if not layout.parquet:
        raise not_text("Parquet")
    try:
        lazy = pl.scan_parquet(path)
        header = lazy.collect_schema().names()
        rows = int(lazy.select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable() from error
    _require_columns(header, layout)
    return Source(path, layout, header, _require_rows(rows))


def _parquet_frame(source: Source) -> pl.DataFrame:
    names = [name for name in source.layout.columns if name in source.header]
    try:
        frame = pl.read_parquet(source.path, columns=names).with_columns(
            selectors.datetime().dt.to_string("%Y-%m-%d %H:%M:%S"), (~selectors.datetime()).cast(pl.String)
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable() from error
    return _complete(frame.with_row_index("line", offset=1).with_columns(pl.col("line").cast(pl.Int64)), source.layout)


def _complete(frame: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """All columns of the layout, without blanks around the texts; what is empty is null."""
    present = [name for name in layout.columns if name in frame.columns]
    absent = [name for name in ("code", "value", *layout.columns) if name not in frame.columns]
    stripped = [pl.col(name).str.strip_chars().replace("", None) for name in present]
    return frame.with_columns(*stripped, *(pl.lit(None, pl.String).alias(name) for name in absent))


# CSV


def _open_csv(path: Path, layout: Layout, head: bytes) -> Source:
    file = open_csv(path, head, layout.columns)
    _require_columns(file.header, layout)
    known = {column_key(name) for name in layout.columns}
    unread = [name.strip() for name in file.header if column_key(name) not in known]
    rows = sum(1 for _record in csv_records(file))
    return Source(path, layout, file.header, _require_rows(rows), file.encoding, file.delimiter, unread)


def _csv_chunks(source: Source) -> Iterator[pl.DataFrame]:
    group = _position(source.header, source.layout.group)
    lines: list[int] = []
    records: list[list[str]] = []
    last = None
    for line, record in csv_records(source.file):
        current = record[group] if 0 <= group < len(record) else None
        full = len(records) >= CHUNK and (current != last or group < 0)
        if full or len(records) >= LONGEST_GROUP:
            yield _frame(source, lines, records)
            lines, records = [], []
        lines.append(line)
        records.append(record)
        last = current
    if records:
        yield _frame(source, lines, records)


def _frame(source: Source, lines: list[int], records: list[list[str]]) -> pl.DataFrame:
    """Records as text columns; one with too few or too many values is kept, and marked."""
    width = len(source.header)
    counts = [len(record) for record in records]
    fitted = [record if len(record) == width else (record + [""] * width)[:width] for record in records]
    columns = list(zip(*fitted, strict=True))
    named = {name: _position(source.header, name) for name in source.layout.columns}
    frame = pl.DataFrame(
        {"line": lines, "count": counts} | {name: columns[at] for name, at in named.items() if at >= 0},
        schema_overrides={"line": pl.Int64},
    )
    wrong = pl.col("count") != width
    marked = frame.with_columns(
        pl.when(wrong).then(pl.lit("column_count")).alias("code"),
        pl.when(wrong).then(pl.format("{} / {}", "count", pl.lit(width))).alias("value"),
    )
    return _complete(marked.drop("count"), source.layout)


# What both need


def _position(header: Sequence[str], name: str) -> int:
    """Where a column stands; -1 where it is absent."""
    keys = [column_key(found) for found in header]
    return keys.index(column_key(name)) if name and column_key(name) in keys else -1


def _require_columns(header: Sequence[str], layout: Layout) -> None:
    found = [column_key(name) for name in header]
    missing = [name for name in layout.required if column_key(name) not in found]
    repeated = [name for name in layout.columns if found.count(column_key(name)) > 1]
    if missing:
        raise InvalidInput(
            "columns_missing",
            _("The file lacks these columns: %(missing)s. It has: %(found)s.")
            % {"missing": ", ".join(missing), "found": ", ".join(header)[:500]},
            missing=missing,
        )
    if repeated:
        raise InvalidInput(
            "columns_repeated", _("These columns are there twice: %(names)s.") % {"names": ", ".join(repeated)}
        )


def _require_rows(rows: int) -> int:
    if not rows:
        raise InvalidInput("file_without_rows", _("The file has column names, but no rows."))
    return rows


def _unreadable() -> InvalidInput:
    return InvalidInput("file_unreadable", _("The Parquet file is damaged."))
