"""A statement of a hot path: prepared once per connection, executed in one call of libpq.

psycopg's cursor sends, waits and reads in several steps, each of which gives the interpreter lock away and has to win
it back from the other threads of the process; for a statement that takes the server 65 µs that is most of what it
costs. Django's own cursor never prepares, and the plan costs more than the execution.
"""

from __future__ import annotations

from typing import cast
from weakref import WeakSet

import psycopg
from django.db import connection
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

Row = tuple[str | None, ...]


class PreparedStatement:
    """SQL with ``$1``, ``$2`` …, each cast to its type; values go there and rows come back as PostgreSQL's text."""

    def __init__(self, name: str, sql: str) -> None:
        self._name, self._sql = name.encode(), sql.encode()
        self._known_to: WeakSet[psycopg.Connection[tuple[object, ...]]] = WeakSet()

    def rows(self, *values: str | None) -> list[Row]:
        """Execute it, in Django's transaction where there is one. Raises Django's database errors."""
        connection.ensure_connection()
        raw: psycopg.Connection[tuple[object, ...]] = connection.connection
        with connection.wrap_database_errors:
            if not raw.autocommit and raw.info.transaction_status == TransactionStatus.IDLE:
                raw.execute("SELECT 1")  # a transaction begins with its first statement
            if raw not in self._known_to:
                _check(raw.pgconn.prepare(self._name, self._sql), ExecStatus.COMMAND_OK)
                self._known_to.add(raw)
            # libpq takes None for NULL, whatever psycopg's annotation says.
            sent = cast(list[bytes], [None if value is None else value.encode() for value in values])
            result = raw.pgconn.exec_prepared(self._name, sent)
            _check(result, ExecStatus.TUPLES_OK)
        return [tuple(_text(result, row, column) for column in range(result.nfields)) for row in range(result.ntuples)]


def _check(result: PGresult, expected: ExecStatus) -> None:
    if result.status == expected:
        return
    error = error_from_result(result)
    if result.error_field(DiagnosticField.SQLSTATE) is None:  # libpq speaks, because the server no longer does
        raise psycopg.OperationalError(str(error))
    raise error


def _text(result: PGresult, row: int, column: int) -> str | None:
    value = result.get_value(row, column)
    return None if value is None else value.decode()
