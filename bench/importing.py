"""Whole imports, of the sample data's orders and of people with consents, beside a bare COPY of the same rows.

``python -m bench importing``; needs PostgreSQL and Redis (``make bench`` brings them), and for orders the sample data.
The floor takes the file's rows into a plain table: no products, customers or orders are made of them, no constraint is
checked, nothing is indexed, no return is matched.
"""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import django
import polars as pl
from django.core.management import call_command
from django.db import connection

from bench import online_retail
from bench.figures import Figure

COPIES = 3
MOST_SECONDS = 90
PEOPLE = 20_000
# A columns' file of people: every one agreed to the newsletter, every third has a telephone, every tenth a company.
COLUMNS = [
    "customer number", "e-mail", "phone", "first name", "last name", "country", "postal code", "city", "company",
    "trait", "consent", "purpose", "channel", "consent date", "consent source", "text version", "consent text",
]  # fmt: skip
TARGETS = [
    "external_id", "email", "phone", "first_name", "last_name", "country", "postal_code", "city", "company",
    "trait:size", "consent_state", "consent_purpose", "consent_channel", "consent_at", "consent_source",
    "consent_text_version", "consent_text",
]  # fmt: skip


def run() -> list[Figure]:
    """Every figure of importing; those of orders need the sample data."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    return [*_orders(), *_people()]


def _orders() -> list[Figure]:
    if not online_retail.PARQUET.exists():
        print(f"  orders skipped: there is no {online_retail.PARQUET}")
        return []
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


def _people() -> list[Figure]:
    """People with consents: into an empty shop, the same file again, and its rows by a bare COPY."""
    # Models can be imported only now.
    from merchants.models import Merchant  # noqa: PLC0415

    merchant = Merchant.objects.create(
        slug=f"people-{secrets.token_hex(4)}", name="People", currency="EUR", country="DE"
    )
    with tempfile.TemporaryDirectory() as folder:
        path, mapping = Path(folder, "people.csv"), Path(folder, "mapping.json")
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *_rows()])
        columns = dict(zip(COLUMNS, TARGETS, strict=True))
        mapping.write_text(json.dumps({"columns": columns, "defaults": {}}), encoding="utf-8")
        whole = _seconds(lambda: _import_people(merchant.slug, path, mapping))
        again = _seconds(lambda: _import_people(merchant.slug, path, mapping))
        bare = min(_seconds(lambda: _bare_copy_of_people(path)) for _ in range(COPIES))
    return [
        Figure("customers import, rows/s", PEOPLE / whole, "rows/s"),
        Figure("customers import of the same file again, rows/s", PEOPLE / again, "rows/s"),
        Figure("bare COPY of the same people", PEOPLE / bare, "rows/s"),
        Figure("customers import / bare COPY, in time", whole / bare),
    ]


def _rows() -> Iterator[list[str]]:
    words = "I would like to get the newsletter by e-mail. I can say no at any time."
    for number in range(PEOPLE):
        phone = f"+49301{1_000_000 + number}" if number % 3 == 0 else ""
        company = f"Firm {number // 100}" if number % 10 == 0 else ""
        day = f"{number % 28 + 1:02}.0{number % 9 + 1}.2024 {number % 24:02}:30"
        yield [
            f"P-{number}", f"person{number}@people.example", phone, f"Ada {number % 97}", f"Muster {number % 991}", "DE",
            f"{10_000 + number % 89_999}", "Musterstadt", company, "SML"[number % 3], "yes", "newsletter", "email", day,
            "newsletter form", "2024-1", words,
        ]  # fmt: skip


def _import_people(slug: str, path: Path, mapping: Path) -> None:
    call_command("import_customers", str(path), merchant=slug, mapping=mapping, stdout=io.StringIO())


def _bare_copy_of_people(path: Path) -> None:
    """From the file on disk to rows in a table of its own columns."""
    with connection.cursor() as cursor:
        columns = ", ".join(f'"{name}" text' for name in COLUMNS)
        cursor.execute(f"CREATE TABLE bare_people ({columns})")
        with cursor.copy("COPY bare_people FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(path.read_bytes())
        cursor.execute("DROP TABLE bare_people")


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
