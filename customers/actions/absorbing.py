"""One profile takes up another, and gives it back. The mechanics: who may decide it, and why, is said elsewhere.

Whatever points at the absorbed profile, in every app, moves to the kept one, and every moved row is written down. Where
a row of each would collide (one trait of a name, one membership of a company), the better one stays, by default the
kept profile's; the other one is written down whole. So giving back restores both as they were.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Q

from core.events import publish
from core.providers import Registry
from customers.actions.rows import delete_row, insert_row, row_values
from customers.events import CustomersMerged
from customers.models import Customer, Duplicate, Merge, Trait
from customers.rules.details import DETAILS, newest
from merchants.actions import record_audit
from merchants.models import Merchant, Staff

# (merchant, ids of profiles whose rows changed hands): upper apps bring up to date what they keep about a profile.
# Called in the transaction of the change, with the rows of the profiles locked.
recounts: Registry[Callable[[Merchant, list[int]], None]] = Registry()

# Of two rows that cannot both be a profile's, the one with the greater key stays; the kept profile's where none is named.
BETTER: dict[type[models.Model], Callable[[Any], Any]] = {
    Trait: lambda row: (row.set_at, json.dumps(row.value, sort_keys=True))
}
# Rows that say something about two profiles as two: they end with the absorbed one, and come back with it.
ENDING: frozenset[type[models.Model]] = frozenset({Duplicate})


@dataclass(frozen=True)
class Relation:
    """A foreign key to a profile."""

    model: type[models.Model]
    field: str

    @property
    def label(self) -> str:
        return self.model._meta.label_lower

    def rows(self, merchant: Merchant | int, *customer_ids: int) -> models.QuerySet[Any]:
        manager: Any = self.model._default_manager
        rows: models.QuerySet[Any] = manager.for_merchant(merchant).filter(**{f"{self.field}__in": customer_ids})
        return rows.order_by("pk")


def relations() -> list[Relation]:
    """Everything that points at profiles, of all apps, in a fixed order."""
    fields: list[Any] = Customer._meta.get_fields(include_hidden=True)
    found = [field for field in fields if field.auto_created and not field.concrete]
    pointing = [Relation(field.related_model, field.field.name) for field in found]
    return sorted(pointing, key=lambda relation: (relation.label, relation.field))


def absorb(kept: Customer, absorbed: Customer, *, reason: str, staff: Staff | None = None) -> Merge:
    """Move everything of ``absorbed`` to ``kept`` and delete its row; both rows are locked. Call it in a transaction."""
    merge = Merge(merchant=kept.merchant, kept=kept, kept_id_then=kept.pk, reason=reason, staff=staff)
    absorbed_id = merge.absorbed_id = absorbed.pk
    take_up(merge)
    recount(kept.merchant, [kept.pk])
    kept.refresh_from_db()
    publish(CustomersMerged(merchant_id=kept.merchant_id, kept_id=kept.pk, absorbed_id=absorbed_id))
    changes = {"absorbed": absorbed_id, "reason": str(reason), "moved": moved_counts(merge)}
    record_audit(kept.merchant, "customer.merged", staff=staff, subject=kept, changes=changes)
    return merge


def recount(merchant: Merchant, customer_ids: Sequence[int]) -> None:
    for bring_up_to_date in recounts:
        bring_up_to_date(merchant, sorted(customer_ids))


def moved_counts(merge: Merge) -> dict[str, int]:
    """How many rows of each table moved."""
    return {label: sum(len(ids) for ids in fields.values()) for label, fields in merge.moved.items()}


def take_up(merge: Merge) -> None:
    """Do what the merge says, and write down what that was; also again, after it was given back for a moment."""
    rows = Customer.objects.for_merchant(merge.merchant_id)
    # No key may be written that leads to a row which is about to go.
    absorbed = rows.select_for_update().get(pk=merge.absorbed_id)
    kept = rows.get(pk=merge.kept_id)
    merge.kept_id_then = kept.pk
    merge.snapshot = row_values(absorbed)
    merge.dropped = [*_end(absorbed), *_make_way(kept, absorbed)]
    merge.moved = _move(kept, absorbed)
    merge.changes = _combine(kept, absorbed)
    merge.save()
    delete_row(absorbed)


def _end(absorbed: Customer) -> list[dict[str, Any]]:
    ending = {
        row.pk: row
        for relation in relations()
        if relation.model in ENDING
        for row in relation.rows(absorbed.merchant_id, absorbed.pk)
    }
    return [_drop(row) for row in ending.values()]


def _drop(row: models.Model) -> dict[str, Any]:
    dropped = {"model": row._meta.label_lower, "values": row_values(row)}
    delete_row(row)
    return dropped


def _make_way(kept: Customer, absorbed: Customer) -> list[dict[str, Any]]:
    """Delete the worse of every two rows that cannot both be the kept profile's."""
    dropped = {}
    for relation in relations():
        for mine, theirs in _collisions(relation, kept, absorbed):
            better = BETTER.get(relation.model)
            worse = mine if better and better(theirs) > better(mine) else theirs
            if (relation.label, worse.pk) not in dropped:
                dropped[relation.label, worse.pk] = _drop(worse)
    return list(dropped.values())


def _collisions(relation: Relation, kept: Customer, absorbed: Customer) -> Iterator[tuple[Any, Any]]:
    for others, condition in _uniqueness(relation):
        rows = relation.rows(kept.merchant_id, kept.pk, absorbed.pk).filter(condition)
        found: dict[tuple[Any, ...], dict[int, Any]] = defaultdict(dict)
        for row in rows:
            values = tuple(getattr(row, name) for name in others)
            found[values][getattr(row, f"{relation.field}_id")] = row
        yield from ((pair[kept.pk], pair[absorbed.pk]) for pair in found.values() if len(pair) == 2)


def _uniqueness(relation: Relation) -> list[tuple[list[str], Q]]:
    """Which other columns, with the customer, may occur only once, and among which rows."""
    meta = relation.model._meta
    found = [(list(names), Q()) for names in meta.unique_together if relation.field in names]
    found += [
        (list(constraint.fields), constraint.condition or Q())
        for constraint in meta.constraints
        if isinstance(constraint, models.UniqueConstraint) and relation.field in constraint.fields
    ]
    field: Any = meta.get_field(relation.field)
    if field.unique:
        found.append(([relation.field], Q()))
    return [
        ([meta.get_field(name).attname for name in names if name != relation.field], condition)  # type: ignore[union-attr]
        for names, condition in found
    ]


def _move(kept: Customer, absorbed: Customer) -> dict[str, dict[str, list[int]]]:
    moved: dict[str, dict[str, list[int]]] = {}
    for relation in relations():
        rows = relation.rows(kept.merchant_id, absorbed.pk)
        ids = list(rows.values_list("pk", flat=True))
        if ids:
            rows.order_by().update(**{relation.field: kept})
            moved.setdefault(relation.label, {})[relation.field] = ids
    return moved


def _combine(kept: Customer, absorbed: Customer) -> dict[str, Any]:
    """The newest known of each detail, and the earliest beginning; returns what changed, as [before, after]."""
    changes: dict[str, Any] = {}
    for name in DETAILS:
        mine, theirs = kept.statement(name), absorbed.statement(name)
        best = newest(mine, theirs)
        if best != mine:
            changes[name] = [[getattr(kept, name), kept.details_at.get(name, "")], best]
            set_detail(kept, name, best)
    if absorbed.created_at < kept.created_at:
        changes["created_at"] = [kept.created_at.isoformat(), absorbed.created_at.isoformat()]
        kept.created_at = absorbed.created_at
    kept.save(update_fields=[*DETAILS, "details_at", "created_at", "updated_at"])
    return changes


def set_detail(customer: Customer, name: str, statement: Sequence[str]) -> None:
    value, moment = statement
    setattr(customer, name, value)
    others = {key: at for key, at in customer.details_at.items() if key != name}
    customer.details_at = others | ({name: moment} if moment else {})


def give_back(merge: Merge) -> Customer:
    """Restore the absorbed profile with all that came with it; both rows are as they were, apart from what came since."""
    rows = Customer.objects.for_merchant(merge.merchant_id)
    kept = rows.select_for_update().get(pk=merge.kept_id)
    restored = insert_row(Customer, merge.snapshot)
    for relation in relations():
        ids = merge.moved.get(relation.label, {}).get(relation.field, [])
        if ids:
            relation.rows(merge.merchant_id, kept.pk).filter(pk__in=ids).order_by().update(**{relation.field: restored})
    _take_back(kept, merge.changes)
    _insert_again(merge)
    return restored


def _take_back(kept: Customer, changes: dict[str, Any]) -> None:
    """Undo what the merge changed, unless somebody changed it again since."""
    for name in DETAILS:
        before, after = changes.get(name, (None, None))
        if before is not None and [getattr(kept, name), kept.details_at.get(name, "")] == after:
            set_detail(kept, name, before)
    before, after = changes.get("created_at", ("", ""))
    if before and kept.created_at.isoformat() == after:
        kept.created_at = Customer._meta.get_field("created_at").to_python(before)
    kept.save(update_fields=[*DETAILS, "details_at", "created_at", "updated_at"])


def _insert_again(merge: Merge) -> None:
    """What gave way, unless its place was taken since: by a newer statement, or with a profile that is gone."""
    model_of = {relation.label: relation.model for relation in relations()}
    for dropped in merge.dropped:
        model = model_of.get(dropped["model"])
        if model is not None and _has_place(model, dropped["values"], merge.merchant_id):
            insert_row(model, dropped["values"])


def _has_place(model: type[models.Model], values: dict[str, Any], merchant_id: int) -> bool:
    mine = [relation for relation in relations() if relation.model is model]
    owners = {values[f"{relation.field}_id"] for relation in mine}
    if Customer.objects.for_merchant(merchant_id).filter(pk__in=owners).count() < len(owners):
        return False
    return not any(
        relation.rows(merchant_id, values[f"{relation.field}_id"])
        .filter(condition, **{name: values[name] for name in others})
        .exists()
        for relation in mine
        for others, condition in _uniqueness(relation)
    )
