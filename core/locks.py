"""Locks on names that have no row yet, held until the transaction ends."""

import hashlib
from collections.abc import Iterable

from django.db import connection


def lock_name(name: str) -> None:
    """Wait until no other transaction holds ``name``."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_number(name)])


def lock_names_together(names: Iterable[str]) -> None:
    """Wait until no transaction holds any of ``names`` alone (``lock_name``); others may hold them together with this."""
    numbers = sorted({_number(name) for name in names})
    if numbers:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(number) FROM unnest(%s::bigint[]) number", [numbers])


def try_lock_name(name: str) -> bool:
    """Likewise without waiting; whether the lock was free."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_number(name)])
        row = cursor.fetchone()
    return bool(row and row[0])


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
