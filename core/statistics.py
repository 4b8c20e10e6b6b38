"""What PostgreSQL's planner knows of tables that were just written in bulk."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection, models


def refresh_statistics(tables: Iterable[type[models.Model]]) -> None:
    """Tell the planner of many new rows at once, not when autovacuum comes by.

    Until then it takes a merchant whose history was just imported for one without rows, and finds one order by reading
    all of the merchant's.
    """
    names = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {names}")
