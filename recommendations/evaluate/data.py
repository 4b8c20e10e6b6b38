"""A file of interactions as the protocols read it: known columns, ids as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

# What may stand in a file, and as what it is read; everything else in it is left aside.
COLUMNS: Mapping[str, pl.DataType] = {
    "customer": pl.String(),
    "session": pl.String(),
    "product": pl.String(),
    "occurred_at": pl.Datetime("us"),
    "kind": pl.String(),
    "basket": pl.String(),
    "quantity": pl.Float64(),
    "price": pl.Float64(),
    "title": pl.String(),
    "category": pl.String(),
}
KINDS = ("view", "cart", "order")
# Numbers below this are times in units of so many microseconds.
_UNITS = ((1e11, 1_000_000), (1e14, 1_000))
CODED = ("customer", "session", "product", "basket", "category")
HELD_OUT = "held_out"


class DataError(Exception):
    """The file cannot be evaluated; the sentence says why and what would help."""


def read(path: Path, *, test: Path | None = None, names: Mapping[str, str] | None = None) -> pl.DataFrame:
    """The interactions of ``path`` and ``test`` together, oldest first.

    Columns: customer, session, product, basket, category (numbers from 0, the same for both files; null where
    the file says nothing), occurred_at, kind (``order`` where the file says nothing), quantity, price, title,
    and held_out: whether the row comes from ``test``. ``names``: what a file calls a column, by our name.

    Raises DataError.
    """
    frames = [_frame(path, names or {}).with_columns(pl.lit(False).alias(HELD_OUT))]
    if test is not None:
        frames.append(_frame(test, names or {}).with_columns(pl.lit(True).alias(HELD_OUT)))
    rows = pl.concat(frames)
    _check(rows)
    # A customer without baskets in the file buys once a day.
    day = pl.concat_str("customer", pl.col("occurred_at").dt.date().cast(pl.String), separator=" ")
    rows = rows.with_columns(kind=pl.col("kind").fill_null("order"), basket=pl.coalesce("basket", "session", day))
    return rows.with_columns(_codes(name) for name in CODED).sort("occurred_at", maintain_order=True)


def _frame(path: Path, names: Mapping[str, str]) -> pl.DataFrame:
    """The file's known columns under our names and types; those that it lacks are null."""
    found = _open(path)
    chosen = {name: names.get(name, name) for name in COLUMNS}
    if missing := [source for name, source in chosen.items() if name in names and source not in found.columns]:
        raise DataError(f"{path} has no column {', '.join(missing)}; there are: {', '.join(found.columns)}.")
    try:
        return found.select(
            (_as(kind, found, source) if source in found.columns else pl.lit(None, kind)).alias(name)
            for (name, source), kind in zip(chosen.items(), COLUMNS.values(), strict=True)
        )
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path}: a column is not of its type. {error}") from error


def _as(kind: pl.DataType, found: pl.DataFrame, source: str) -> pl.Expr:
    """A column under our type. Times written as numbers are seconds since 1970, or milli- or microseconds, by their size."""
    column, is_time = pl.col(source), isinstance(kind, pl.Datetime)
    if is_time and found.schema[source].is_numeric():
        largest = found[source].cast(pl.Float64).max()
        assert isinstance(largest, float | None)
        factor = next((factor for most, factor in _UNITS if (largest or 0) < most), 1)
        return (column.cast(pl.Float64) * factor).cast(pl.Int64).cast(kind)
    return column.cast(kind)


def _open(path: Path) -> pl.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, try_parse_dates=True, infer_schema_length=10_000)
    except FileNotFoundError as error:
        raise DataError(f"There is no file {path}.") from error
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path} is neither Parquet nor CSV with a header: {error}") from error


def _check(rows: pl.DataFrame) -> None:
    for name in ("product", "occurred_at"):
        if rows[name].null_count():
            raise DataError(f"Every row needs a {name}; {rows[name].null_count()} rows have none. See --column.")
    if rows["customer"].is_null().all() and rows["session"].is_null().all():
        raise DataError("Rows need a customer or a session, so that something is known of whoever asks. See --column.")
    if unknown := sorted(set(rows["kind"].drop_nulls().unique()) - set(KINDS)):
        raise DataError(f"Unknown kind {', '.join(unknown)}; there are: {', '.join(KINDS)}.")


def _codes(name: str) -> pl.Expr:
    """Numbers from 0 in the order of the values; null stays null."""
    return (pl.col(name).rank("dense") - 1).cast(pl.Int64).alias(name)
