"""The partitions of the event table: made ahead, dropped when their events are too old.

A partition is made beside the table and then attached, which stops no writer; it is detached without stopping any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from core.locks import lock_name
from customers.models import Event, EventReceipt
from customers.rules.months import AHEAD, Month, months_between, oldest_month

TABLE = Event._meta.db_table
NAMES = re.compile(rf"^{TABLE}_(\d{{4}})_(\d\d)$")
# So many receipts are deleted at once: a lock that nobody notices.
RECEIPTS_AT_ONCE = 50_000


def create_event_partitions(now: datetime | None = None, *, with_past: bool = False) -> list[str]:
    """The partitions of this month and of those ahead, made where they are missing; returns the new ones' names.

    ``with_past`` makes those of the past as well, from which late events are taken.
    """
    moment = now or timezone.now()
    this = Month.of(moment)
    return _create(months_between(oldest_month(moment) if with_past else this, this.plus(AHEAD)))


def create_partitions_for(moments: Iterable[datetime]) -> list[str]:
    """The partitions in which events of these moments are stored, made where they are missing."""
    return _create(sorted({Month.of(moment) for moment in moments}))


def _create(months: Iterable[Month]) -> list[str]:
    known = event_partitions()
    missing = [month for month in months if _name(month) not in known]
    for month in missing:
        _create_one(month)
    return [_name(month) for month in missing]


@transaction.atomic
def _create_one(month: Month) -> None:
    lock_name("event partitions")
    name = _name(month)
    if name in event_partitions():
        return  # somebody was faster
    start, end = month.start.isoformat(), month.end.isoformat()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {name}")  # detached by somebody who did not come to drop it
        cursor.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING ALL)")
        # The check says what attaching would otherwise read the rows for.
        cursor.execute(
            f"ALTER TABLE {name} ADD CONSTRAINT bounds CHECK (occurred_at >= '{start}' AND occurred_at < '{end}')"
        )
        cursor.execute(f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')")
        cursor.execute(f"ALTER TABLE {name} DROP CONSTRAINT bounds")


def event_partitions() -> list[str]:
    """The names of those that events are stored in, the oldest first."""
    return [name for name, attached in _tables() if attached == "yes"]


def _tables() -> list[tuple[str, str]]:
    """Every table that is or was a partition, the oldest first: is it attached, ``yes``, ``pending`` or ``no``?"""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, CASE WHEN inhdetachpending THEN 'pending' WHEN inhparent IS NULL THEN 'no' ELSE 'yes' END"
            " FROM pg_class LEFT JOIN pg_inherits ON inhrelid = pg_class.oid"
            " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relname ~ %s ORDER BY relname",
            [NAMES.pattern],
        )
        return list(cursor.fetchall())


def _name(month: Month) -> str:
    return f"{TABLE}_{month}"


def _month(name: str) -> Month:
    found = NAMES.fullmatch(name)
    if found is None:
        raise ValueError(f"{name} is not a partition of ours")
    return Month(int(found[1]), int(found[2]))


def drop_event_partitions(before: datetime) -> list[str]:
    """Drop the partitions whose every event happened before ``before``, with the receipts; returns their names.

    Events of the month of ``before`` itself stay until the month is over.
    """
    old = [(name, attached) for name, attached in _tables() if _month(name).end <= before]
    for name, attached in old:
        _drop(name, attached)
    if old:
        _forget_receipts(_month(old[-1][0]).end)
    return [name for name, _attached in old]


def _drop(name: str, attached: str) -> None:
    """In steps that may each be the last: who comes next finds the table and goes on."""
    # Detaching without stopping the writers cannot be part of a transaction.
    gently = "" if connection.in_atomic_block else "CONCURRENTLY"
    with connection.cursor() as cursor:
        if attached != "no":
            how = "FINALIZE" if attached == "pending" else gently
            cursor.execute(f"ALTER TABLE {TABLE} DETACH PARTITION {name} {how}")
        cursor.execute(f"DROP TABLE {name}")


def _forget_receipts(before: datetime) -> None:
    receipts = EventReceipt.objects.all_merchants()
    while receipts.filter(pk__in=receipts.filter(occurred_at__lt=before).values("pk")[:RECEIPTS_AT_ONCE]).delete()[0]:
        pass
