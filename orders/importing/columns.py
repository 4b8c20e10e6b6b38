"""Columns of a file as typed values, with the first thing that is wrong about each row. Pure.

Everything arrives as text. A ``Column`` says how text becomes a value and what it must not be; ``typed`` applies
a set of them. The value of a wrong cell is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from core.money import MAX_AMOUNT

# Beyond these nobody sells: they keep products of the two within 64 bits.
MAX_QUANTITY = 1_000_000
MAX_PRICE = 10**11
# What a cell is quoted with in the report.
QUOTED = 80

_CONTROL = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]"
_MOMENT = r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(?:\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})?$"
_EMAIL = r"^[^\s@<>,;\"]+@[^\s@<>,;\"]+\.[^\s@<>,;\"]+$"


@dataclass(frozen=True)
class Column:
    """``source`` is the column's name in the file, ``problems`` pairs of condition and code, checked in order."""

    source: str
    value: pl.Expr
    problems: tuple[tuple[pl.Expr, str], ...] = ()

    @property
    def all_problems(self) -> tuple[tuple[pl.Expr, str], ...]:
        return ((pl.col(self.source).str.contains(_CONTROL), "control_character"), *self.problems)


def _column(source: str, value: pl.Expr, code: str, *, required: bool, bad: pl.Expr | None = None) -> Column:
    """A column that is wrong where it holds text without a value, or where ``bad``."""
    unreadable = pl.col(source).is_not_null() & value.is_null()
    problems = [(unreadable if bad is None else unreadable | bad, code)]
    if required:
        problems.append((pl.col(source).is_null(), "missing_value"))
    return Column(source, value, tuple(problems))


def text(source: str, *, longest: int, required: bool = False) -> Column:
    value = pl.col(source)
    return _column(source, value, "too_long", required=required, bad=value.str.len_chars() > longest)


def code(source: str, *, longest: int) -> Column:
    """A word of a fixed vocabulary in capitals, e.g. a currency."""
    return _column(
        source,
        pl.col(source).str.to_uppercase(),
        "too_long",
        required=False,
        bad=pl.col(source).str.len_chars() > longest,
    )


def country(source: str) -> Column:
    """Two letters."""
    value = pl.col(source).str.to_uppercase()
    return _column(source, value, "bad_country", required=False, bad=~value.str.contains(r"^[A-Z]{2}$"))


def email(source: str) -> Column:
    value = pl.col(source)
    bad = ~value.str.contains(_EMAIL) | (value.str.len_chars() > 254)
    return _column(source, value, "bad_email", required=False, bad=bad)


def integer(
    source: str, *, lowest: int = 0, highest: int = MAX_QUANTITY, required: bool = False, default: int | None = None
) -> Column:
    """A whole number; ``17850.0``, as spreadsheets write it, is one."""
    value = pl.col(source).str.replace(r"\.0+$", "").str.to_integer(strict=False)
    column = _column(source, value, "bad_number", required=required, bad=~value.is_between(lowest, highest))
    return column if default is None else Column(source, value.fill_null(default), column.problems)


def amount(source: str, *, places: int, required: bool = False, default: int | None = None) -> Column:
    """``19.99`` → 1999 where the currency has two ``places``: never negative, no more decimals than that, exact.

    Of a currency without any a file may say ``1980.00`` all the same; ``1.980`` it may not, for who knows what that is.
    """
    decimals = rf"\d{{1,{places}}}" if places else "00?"
    parts = pl.col(source).str.extract_groups(rf"^(\d{{1,12}})(?:\.({decimals}))?$")
    whole = parts.struct[0].str.to_integer(strict=False)
    fraction = parts.struct[1].fill_null("0").str.pad_end(places, "0").str.to_integer(strict=False)
    value = whole * 10**places + fraction
    column = _column(source, value, "bad_amount", required=required, bad=value > MAX_PRICE)
    return column if default is None else Column(source, value.fill_null(default), column.problems)


def signed_amount(source: str, *, places: int) -> Column:
    """Any decimal, rounded to the nearest minor unit: books hold negative prices and fractions of a penny."""
    plain = pl.when(pl.col(source).str.contains(r"^-?\d{1,12}(\.\d+)?$")).then(pl.col(source))
    value = (plain.cast(pl.Float64, strict=False) * 10**places).round().cast(pl.Int64, strict=False)
    return _column(source, value, "bad_amount", required=True, bad=value.abs() > MAX_PRICE)


def rate(source: str, *, required: bool = False) -> Column:
    """``0.19`` as text with four decimals, which is exact."""
    parts = pl.col(source).str.extract_groups(r"^([01])(?:\.(\d{1,4}))?$")
    decimals = parts.struct[1].fill_null("0").str.pad_end(4, "0")
    value = pl.format("{}.{}", parts.struct[0], decimals)
    return _column(source, value, "bad_rate", required=required, bad=value > "1.0000")


def day(source: str) -> Column:
    value = pl.col(source).str.to_date("%Y-%m-%d", strict=False)
    return _column(source, value, "bad_day", required=False, bad=~value.dt.year().is_between(1970, 2200))


def moment(source: str, *, time_zone: str, latest: datetime, required: bool = False) -> Column:
    """ISO 8601, in UTC; without an offset it is local time of ``time_zone``."""
    parts = pl.col(source).str.extract_groups(_MOMENT)
    seconds = parts.struct[2].fill_null(":00")
    naive = pl.concat_str(parts.struct[0], pl.lit(" "), parts.struct[1], seconds).str.to_datetime(
        "%Y-%m-%d %H:%M:%S", strict=False
    )
    offset = parts.struct[3]
    value = pl.when(offset.is_null()).then(local_time(naive, time_zone)).otherwise(_shifted(naive, offset))
    column = _column(source, value, "bad_time", required=required, bad=value.dt.year() < 1970)
    return Column(source, value, (*column.problems, (value > latest, "in_future")))


def local_time(naive: pl.Expr, time_zone: str) -> pl.Expr:
    """Local time as UTC: of an hour that comes twice the first, of one that never comes null."""
    placed = naive.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
    return placed.dt.convert_time_zone("UTC")


def _shifted(naive: pl.Expr, offset: pl.Expr) -> pl.Expr:
    """``naive`` less its offset from UTC (``Z``, ``+0200`` or ``+02:00``)."""
    digits = offset.str.replace_all(r"[^0-9]", "").str.pad_start(4, "0")
    minutes = digits.str.slice(0, 2).str.to_integer(strict=False) * 60 + digits.str.slice(2, 2).str.to_integer(
        strict=False
    )
    east = pl.when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes)
    return (naive - pl.duration(minutes=east)).dt.replace_time_zone("UTC")


def typed(raw: pl.DataFrame, columns: Mapping[str, Column]) -> pl.DataFrame:
    """``line``, the named values, and ``code``, ``column``, ``value`` of the first problem (null where there is none).

    ``raw`` holds ``line``, text columns without blanks around, and ``code`` and ``value`` of rows wrong already.
    """
    checks = [(column.source, bad, code) for column in columns.values() for bad, code in column.all_problems]
    problem = pl.coalesce(
        pl.when(bad).then(pl.lit(number, pl.Int16)) for number, (_source, bad, _code) in enumerate(checks)
    )
    values = [column.value.alias(name) for name, column in columns.items()]
    sources = {column.source for column in columns.values()}
    judged = raw.lazy().with_columns(pl.when(pl.col("code").is_null()).then(problem).alias("problem"))
    quoted = [
        pl.when(pl.col("problem").is_in([n for n, check in enumerate(checks) if check[0] == source])).then(
            pl.col(source)
        )
        for source in sorted(sources)
    ]
    codes = {number: code for number, (_source, _bad, code) in enumerate(checks)}
    names = {number: source for number, (source, _bad, _code) in enumerate(checks)}
    found = pl.col("problem")
    return judged.select(
        "line",
        *values,
        pl.coalesce("code", found.replace_strict(codes, default=None, return_dtype=pl.String)).alias("code"),
        found.replace_strict(names, default=None, return_dtype=pl.String).alias("column"),
        pl.coalesce("value", *quoted).str.slice(0, QUOTED).alias("value"),
    ).collect()


def within_reason(total: pl.Expr) -> pl.Expr:
    """Whether a sum of amounts fits the books."""
    return total <= MAX_AMOUNT
