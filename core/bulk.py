"""Many rows at once, by PostgreSQL's COPY: no statement per thousand rows to build, send and parse."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter

from django.db import connection
from django.db.models import JSONField, Model
from psycopg.types.json import Jsonb

Tick = Callable[[int], None]
CHUNK = 2_000
# From so many rows on a COPY is faster than an INSERT.
MANY = 100


def insert_rows(rows: Sequence[Model]) -> None:
    """Store new ``rows`` (of one model), few or many; they know their ids then. Call it in a transaction.

    Every field is stored as it stands: set what a ``save`` would set. Raises IntegrityError as a ``save`` does.
    """
    if len(rows) >= MANY:
        copy_rows(rows, lambda count: None)
    elif rows:
        type(rows[0])._base_manager.bulk_create(rows)


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
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for done, row in enumerate(rows, start=1):
            values = list(values_of(row))
            for index in json_columns:
                values[index] = Jsonb(values[index])
            copy.write_row(values)
            if done % CHUNK == 0:
                tick(CHUNK)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias
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


@contextmanager
def collecting_no_garbage() -> Iterator[None]:
    """For many rows that all stay until they are stored: Python would look through them again and again, for nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
