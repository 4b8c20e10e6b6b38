"""Rows into PostgreSQL by COPY, which is how a history of a million lines arrives in seconds."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import polars as pl
from django.db import connection, models
from django.utils import timezone
from psycopg import sql

_MOMENT = "%Y-%m-%d %H:%M:%S%.6f%z"


def copy_rows(model: type[models.Model], frame: pl.DataFrame) -> None:
    """Append ``frame`` to the model's table; its columns are named like the table's.

    Columns that the frame lacks take the model's default, the same for all rows. Texts of arrays and JSON are given
    as PostgreSQL writes them. Raises IntegrityError where a constraint is broken: then nothing was written.
    """
    if frame.is_empty():
        return
    whole = frame.with_columns(pl.lit(value).alias(name) for name, value in _defaults(model, frame.columns).items())
    data = io.BytesIO()
    # A quoted empty text is a text, an unquoted one is NULL: so all texts are quoted.
    whole.write_csv(data, include_header=False, quote_style="non_numeric", datetime_format=_MOMENT)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(model._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, whole.columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(data.getbuffer())


def _defaults(model: type[models.Model], given: list[str]) -> dict[str, Any]:
    """What the table needs beyond ``given``: nullable columns stay null, ids and computed columns are the database's."""
    return {
        field.attname: _literal(field)
        for field in model._meta.concrete_fields
        if field.attname not in given and not (field.primary_key or field.generated or field.null)
    }


def _literal(field: models.Field[Any, Any]) -> Any:
    value = timezone.now() if getattr(field, "auto_now", False) else field.get_default()
    if isinstance(value, dict | list):
        return "{}"
    return value if isinstance(value, int | float | datetime) else str(value)


def next_ids(model: type[models.Model], count: int) -> list[int]:
    """Ids of rows to come, so that rows that point to them can be copied as well."""
    table, column = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)", [table, column, count]
        )
        return [row[0] for row in cursor.fetchall()]


def array_text(values: list[str]) -> str:
    """A text array as PostgreSQL writes it: ``{"A","B"}``."""
    quoted = ['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]
    return "{" + ",".join(quoted) + "}"
