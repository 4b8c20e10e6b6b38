"""The registry as a table, for docs/privacy.md: what an erasure does to what, and what is kept how long."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import translation

from core.privacy.registry import Fate, Rows, Table, all_tables, stores
from core.privacy.retention import retentions


def as_markdown() -> str:
    """In English, for the documentation."""
    with translation.override("en"):
        return "\n".join([*_tables(), "", *_stores(), "", *_periods()]) + "\n"


def _tables() -> Iterator[str]:
    yield "| table | rows of the person | what goes | what stays in the row | why |"
    yield "|---|---|---|---|---|"
    for table in sorted(all_tables(), key=lambda table: table.label):
        kept = table.rows == Rows.KEPT
        gone = [*table.with_fate(Fate.ERASED), *(f"{name} (cleaned)" for name in table.with_fate(Fate.SCRUBBED))]
        stays = _facts(table) if kept else []
        what_goes = ", ".join(gone) if kept else "everything"
        yield f"| `{table.label}` | {table.rows.value} | {what_goes} | {', '.join(stays)} | {table.reason} |"


def _facts(table: Table) -> list[str]:
    return [name for name in table.with_fate(Fate.RETAINED) if table.columns[name].exported]


def _stores() -> Iterator[str]:
    yield "| outside the tables | what it is |"
    yield "|---|---|"
    for store in stores:
        yield f"| {store.title} | {store.explanation} |"


def _periods() -> Iterator[str]:
    yield "| kind | days | shortest | why |"
    yield "|---|---|---|---|"
    for retention in retentions:
        yield f"| {retention.title} | {retention.days} | {retention.shortest} | {retention.explanation} |"
