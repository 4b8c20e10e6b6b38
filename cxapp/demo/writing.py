"""Many rows at once, by PostgreSQL's COPY: no statement per thousand rows to build, send and parse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter

from django.db import connection
from django.db.models import JSONField, Model
from psycopg.types.json import Jsonb

Tick = Callable[[int], None]
CHUNK = 2_000


def copy_rows(rows: Sequence[Model], tick: Tick) -> None:
    """Give the unsaved ``rows`` (of one model) their ids, in their order, and store them; ticks per row.

    Every field is stored as it stands: nothing is set by itself, no ``save`` runs, no event is published.
    """
    if not rows:
        return
    _number(rows)
    meta, quote = rows[0]._meta, connection.ops.quote_name
    fields = [field for field in meta.concrete_fields if not field.generated]
    columns = ", ".join(quote(str(field.column)) for field in fields)
    statement = f"COPY {quote(meta.db_table)} ({columns}) FROM STDIN"
    values_of = attrgetter(*(field.attname for field in fields))
    # psycopg knows the types of all our columns but JSON, which Python spells like an array.
    json_columns = [index for index, field in enumerate(fields) if isinstance(field, JSONField)]
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for done, row in enumerate(rows, start=1):
            values = list(values_of(row))
            for index in json_columns:
                values[index] = Jsonb(values[index])
            copy.write_row(values)
            if done % CHUNK == 0:
                tick(CHUNK)
    tick(len(rows) % CHUNK)


def _number(rows: Sequence[Model]) -> None:
    """Ascending ids from the table's own sequence."""
    table, column = rows[0]._meta.db_table, rows[0]._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)", [table, column, len(rows)]
        )
        ids = sorted(number for (number,) in cursor.fetchall())
    for row, number in zip(rows, ids, strict=True):
        row.pk = number
