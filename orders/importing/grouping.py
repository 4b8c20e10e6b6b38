"""Rows that make up orders: which belong together, and which order is whole. Pure.

An order with a wrong row is no order: its other rows are rejected with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from orders.importing.batch import FATE
from orders.importing.columns import Column

MAX_LINES = 32_767


class Check(NamedTuple):
    """``bad`` orders are rejected with ``code``; ``column`` and ``value`` are quoted."""

    bad: pl.Expr
    code: str
    value: pl.Expr
    column: str = ""


def missing(name: str, column: Column) -> Check:
    """An order needs this value on at least one of its rows."""
    return Check(pl.col(name).is_null(), "missing_value", pl.lit(""), column.source)


def whole_orders(rows: pl.DataFrame, order_columns: Sequence[str], earlier: set[str]) -> pl.DataFrame:
    """``rows`` with a ``code`` on every row of an order of which one is wrong.

    ``earlier`` are the orders of the file so far; those of these rows are added.
    """
    numbers = set(rows["number"].drop_nulls())
    again = pl.col("number").is_in(sorted(earlier & numbers))
    earlier.update(numbers)
    apart = again | (pl.col("run") != pl.col("run").min().over("number"))
    contradicting = pl.concat_list(
        pl.when(pl.col(name).drop_nulls().n_unique().over("number") > 1).then(pl.lit(name)) for name in order_columns
    ).list.drop_nulls()
    too_many = pl.len().over("number") > MAX_LINES
    judged = _first(
        rows.with_columns(contradicting=contradicting, run=pl.col("number").rle_id()),
        [
            Check(apart & pl.col("number").is_not_null(), "rows_apart", pl.lit("")),
            Check(pl.col("contradicting").list.len() > 0, "order_contradicts", pl.col("contradicting").list.join(", ")),
            Check(too_many, "too_many_lines", pl.len().over("number").cast(pl.String)),
        ],
    )
    wrong_line = pl.col("line").filter(pl.col("code").is_not_null()).first().over("number").cast(pl.String)
    spoiled = Check(wrong_line.is_not_null() & pl.col("number").is_not_null(), "order_incomplete", wrong_line)
    return _first(judged, [spoiled]).drop("contradicting", "run")


def gathered(rows: pl.DataFrame, order_columns: Sequence[str]) -> pl.DataFrame:
    """One row per whole order: the first value of each column."""
    return (
        rows.filter(pl.col("code").is_null())
        .group_by("number", maintain_order=True)
        .agg(*(pl.col(name).drop_nulls().first() for name in order_columns if name != "number"))
    )


def refuse(rows: pl.DataFrame, orders: pl.DataFrame, checks: Sequence[Check]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows with the codes of the orders that fail a check, and the orders that fail none."""
    blank = orders.with_columns(pl.lit(None, pl.String).alias(name) for name in ("code", "column", "value"))
    judged = _first(blank, checks)
    said = judged.filter(pl.col("code").is_not_null()).select(
        "number", *(pl.col(name).alias(f"order_{name}") for name in ("code", "column", "value"))
    )
    joined = rows.join(said, on="number", how="left", maintain_order="left")
    marked = joined.with_columns(
        pl.coalesce(name, f"order_{name}").alias(name) for name in ("code", "column", "value")
    ).drop("order_code", "order_column", "order_value")
    return marked, orders.join(said, on="number", how="anti", maintain_order="left")


def _first(frame: pl.DataFrame, checks: Sequence[Check]) -> pl.DataFrame:
    """Gives each row without a ``code`` that of the first check it fails."""
    new = pl.col("code").is_null()
    number = pl.coalesce(pl.when(new & check.bad).then(pl.lit(at, pl.Int16)) for at, check in enumerate(checks))
    marked = frame.with_columns(failed=number)
    texts = {
        "code": [pl.lit(check.code) for check in checks],
        "column": [pl.lit(check.column) for check in checks],
        "value": [check.value for check in checks],
    }
    return marked.with_columns(
        pl.coalesce(name, *(pl.when(pl.col("failed") == at).then(text) for at, text in enumerate(options))).alias(name)
        for name, options in texts.items()
    ).drop("failed")


def fates(rows: pl.DataFrame) -> pl.DataFrame:
    """Part of its order, or rejected."""
    accepted = pl.when(pl.col("code").is_null()).then(pl.col("number"))
    return rows.select("line", accepted.alias("number"), "code", "column", "value").select(list(FATE))
