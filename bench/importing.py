"""A whole import of the sample data beside a bare COPY of the same rows.

``python -m bench importing``; needs PostgreSQL and Redis (``make bench`` brings them) and the sample data. The floor
takes the file's rows into a plain table: no products, customers or orders are made of them, no constraint is checked,
nothing is indexed, no return is matched.
"""

from __future__ import annotations

import io
import os
import secrets
import time
from collections.abc import Callable

import django
import polars as pl
from django.core.management import call_command
from django.db import connection

from bench import online_retail
from bench.figures import Figure

COPIES = 3
MOST_SECONDS = 90


def run() -> list[Figure]:
    """Every figure of importing; none without the sample data."""
    if not online_retail.PARQUET.exists():
        print(f"  skipped: there is no {online_retail.PARQUET}")
        return []
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    rows = pl.read_parquet(online_retail.PARQUET).height
    slug = f"bench-{secrets.token_hex(4)}"
    whole = _seconds(lambda: _import(slug))
    again = _seconds(lambda: _import(slug))
    bare = min(_seconds(_bare_copy) for _ in range(COPIES))
    return [
        Figure("import of the real file", whole, "s", at_most=MOST_SECONDS),
        Figure("import of the real file", rows / whole, "rows/s"),
        Figure("the same file again, which changes nothing", again, "s"),
        Figure("bare COPY of the same rows", bare, "s"),
        Figure("bare COPY of the same rows", rows / bare, "rows/s"),
        Figure("import / bare COPY", whole / bare),
    ]


def _import(slug: str) -> None:
    call_command(
        "import_orders",
        str(online_retail.PARQUET),
        merchant=slug,
        format="online-retail",
        create_merchant=True,
        stdout=io.StringIO(),
    )


def _bare_copy() -> None:
    """From the file on disk to rows in a table of its own columns."""
    data = io.BytesIO()
    pl.read_parquet(online_retail.PARQUET).write_csv(data, include_header=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE bare_copy (invoice text, sku text, title text, quantity bigint,"
            " at timestamp, price float8, customer bigint, country text)"
        )
        with cursor.copy("COPY bare_copy FROM STDIN (FORMAT csv)") as copy:
            copy.write(data.getbuffer())
        cursor.execute("DROP TABLE bare_copy")


def _seconds(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
