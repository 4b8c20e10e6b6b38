"""Erasing a person out of the declared tables and stores. The caller holds the transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models

from core.privacy.person import Person
from core.privacy.registry import BLANK, Fate, Outcome, Rows, Table, all_tables, stores

BATCH = 1000


@dataclass(frozen=True)
class Done:
    """What was done in one place; ``kind`` is ``table`` or ``store``."""

    kind: str
    name: str
    outcome: Outcome


def count_rows(person: Person) -> list[tuple[Table, int]]:
    """How many rows of each table an erasure would touch, for whoever confirms it."""
    counted = [(table, table.of(person).count()) for table in all_tables()]
    return [(table, count) for table, count in counted if count]


def erase_everywhere(person: Person) -> Iterator[Done]:
    """The stores outside the database, then table by table, those that lead to others first; says what it did.

    Inside the caller's transaction: the tables are empty of the person or nothing happened. What was taken from a
    store before a failure is taken again: files are found by their rows, which are then still there.
    """
    for store in stores:
        outcome = store.erase(person)
        if outcome != Outcome():
            yield Done("store", store.name, outcome)
    for table in all_tables():
        outcome = erase_rows(table, person)
        if outcome != Outcome():
            yield Done("table", table.label, outcome)


def erase_rows(table: Table, person: Person) -> Outcome:
    """Delete the person's rows, or take the person out of them."""
    # Ids first: blanking the column by which rows are found must not lose them half way.
    ids = list(table.of(person).order_by().values_list("pk", flat=True))
    if table.rows == Rows.DELETED:
        for batch in _batches(ids):
            _rows(table, person, batch).delete()
        return Outcome(deleted=len(ids))
    values = _blanks(table, person)
    for batch in _batches(ids):
        _scrub(table, person, batch)
        if values:
            _rows(table, person, batch).update(**values)
    return Outcome(blanked=len(ids) if values or table.with_fate(Fate.SCRUBBED) else 0)


def _batches(ids: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _rows(table: Table, person: Person, ids: list[Any]) -> models.QuerySet[Any]:
    manager: Any = table.model._default_manager
    rows: models.QuerySet[Any] = manager.for_merchant(person.merchant_id)
    return rows.filter(pk__in=ids)


def _blanks(table: Table, person: Person) -> dict[str, Any]:
    """What takes the place of each erased column."""
    fields = {field.name: field for field in table.model._meta.concrete_fields}
    values = {name: _blank(fields[name], table.columns[name].blank) for name in table.with_fate(Fate.ERASED)}
    values = {name: value for name, value in values.items() if not fields[name].generated}
    return {**values, **(table.blanks(person) if table.blanks else {})}


def _blank(field: Any, declared: Any) -> Any:
    if declared is not BLANK:
        return declared
    if field.null:
        return None
    return field.get_default()


def _scrub(table: Table, person: Person, ids: list[Any]) -> None:
    """Take the person's words out of texts about something else; only rows that change are written."""
    names = table.with_fate(Fate.SCRUBBED)
    if not names:
        return
    changed = []
    for row in _rows(table, person, ids).only("pk", *names):
        clean = {name: person.scrub(getattr(row, name)) for name in names}
        if any(clean[name] != getattr(row, name) for name in names):
            for name, value in clean.items():
                setattr(row, name, value)
            changed.append(row)
    if changed:
        manager: Any = table.model._default_manager
        manager.bulk_update(changed, names, batch_size=200)
