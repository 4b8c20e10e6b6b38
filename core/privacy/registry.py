"""The declarations: tables about people, tables that are about nobody, and what lies outside the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, TextField, Value
from django.db.models.functions import Cast
from django.db.models.lookups import IContains

from core.privacy.person import Person
from core.providers import Registry

Find = Callable[[Person], Q]


class Fate(Enum):
    """What an erasure does to a column of a row that stays."""

    ERASED = "erased"
    SCRUBBED = "scrubbed"  # the person's words are taken out of a text about something else
    RETAINED = "retained"


class Rows(Enum):
    """What an erasure does to the rows of a table."""

    DELETED = "deleted"
    KEPT = "kept"  # without the person: each column says what becomes of it


# The column's own empty value: NULL where that is allowed, else an empty text, list or object.
BLANK: Any = object()


@dataclass(frozen=True)
class Column:
    """What is declared of one or several columns alike."""

    names: tuple[str, ...]
    exported: bool
    fate: Fate
    reason: Any = ""
    blank: Any = BLANK


def personal(*names: str, blank: Any = BLANK, reason: Any = "") -> Column:
    """Said about or by the person: in the export, gone after an erasure."""
    return Column(names, exported=True, fate=Fate.ERASED, blank=blank, reason=reason)


def withheld(*names: str, reason: Any, blank: Any = BLANK) -> Column:
    """Gone after an erasure, but not in the export: secrets, and what would show other people's data."""
    return Column(names, exported=False, fate=Fate.ERASED, blank=blank, reason=reason)


def scrubbed(*names: str, reason: Any = "", exported: bool = False) -> Column:
    """A text about something else that may name the person; an erasure takes the names out."""
    return Column(names, exported=exported, fate=Fate.SCRUBBED, reason=reason)


def facts(*names: str, reason: Any) -> Column:
    """In the export, and kept after an erasure for the reason given: it no longer leads to the person."""
    return Column(names, exported=True, fate=Fate.RETAINED, reason=reason)


def technical(*names: str, reason: Any = "") -> Column:
    """Keys, states and times of the machinery: says nothing about a person once the row leads to nobody."""
    return Column(names, exported=False, fate=Fate.RETAINED, reason=reason)


@dataclass(frozen=True)
class Table:
    """A table with rows about people."""

    model: type[models.Model]
    title: Any
    find: Find
    rows: Rows
    columns: dict[str, Column]
    reason: Any = ""
    present: Callable[[Any], dict[str, Any]] | None = None
    readable: Callable[[Any], dict[str, Any]] | None = None
    blanks: Callable[[Person], dict[str, Any]] | None = None
    amounts: tuple[str, ...] = ()
    related: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return self.model._meta.label

    @property
    def exported(self) -> list[str]:
        return [name for name, column in self.columns.items() if column.exported]

    def with_fate(self, fate: Fate) -> list[str]:
        return [name for name, column in self.columns.items() if column.fate == fate]

    def of(self, person: Person) -> models.QuerySet[Any]:
        """The person's rows, each once, in the order they were written."""
        manager: Any = self.model._default_manager
        rows: models.QuerySet[Any] = manager.for_merchant(person.merchant_id)
        return rows.filter(self.find(person)).order_by("pk")


@dataclass(frozen=True)
class Impersonal:
    """A table that is about no customer, and why; ``texts`` are its columns that could hold anything."""

    model: type[models.Model]
    reason: Any
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What was done in one place: so many rows, files or keys.

    ``details`` are what else the receipt says of it, as JSON, and without the person.
    """

    deleted: int = 0
    blanked: int = 0
    details: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Store:
    """A place outside the database that holds something about people: Redis, files, trained models."""

    name: str
    title: Any
    explanation: Any
    erase: Callable[[Person], Outcome]


_tables: dict[type[models.Model], Table] = {}
_impersonal: dict[type[models.Model], Impersonal] = {}
stores: Registry[Store] = Registry()


def declare(
    model: type[models.Model],
    *,
    title: Any,
    find: Find,
    rows: Rows,
    columns: Iterable[Column],
    reason: Any = "",
    present: Callable[[Any], dict[str, Any]] | None = None,
    readable: Callable[[Any], dict[str, Any]] | None = None,
    blanks: Callable[[Person], dict[str, Any]] | None = None,
    amounts: Sequence[str] = (),
    related: Sequence[str] = (),
) -> None:
    """Say of every column of ``model`` what an export and an erasure do with it.

    ``present`` adds to or replaces values of an exported row (the words of a text that a key points at), ``readable``
    likewise in the document for people (a mail without its headers); ``related`` are foreign keys that they follow.
    ``amounts`` are columns in minor units of the merchant's currency. ``blanks`` gives expressions for columns whose
    remainder after an erasure is computed.
    """
    declared: dict[str, Column] = {}
    for column in columns:
        for name in column.names:
            if name in declared:
                raise ValueError(f"{model._meta.label}.{name} is declared twice")
            declared[name] = column
    _tables[model] = Table(
        model, title, find, rows, declared, reason, present, readable, blanks, tuple(amounts), tuple(related)
    )


def nothing_personal(model: type[models.Model], *, reason: Any, texts: Sequence[str] = ()) -> None:
    """Say that ``model`` is about no customer. ``texts`` names its text, JSON and binary columns, all of them:
    a new one must be thought about."""
    _impersonal[model] = Impersonal(model, reason, tuple(texts))


def register_store(
    name: str, *, title: Any, explanation: Any, erase: Callable[[Person], Outcome], rank: int = 100
) -> None:
    """Say what else than tables holds something about people, and how a person leaves it (idempotent)."""
    stores.register(Store(name, title, explanation, erase), name=name, rank=rank)


def all_tables() -> list[Table]:
    """Declared tables, each before those it points at: whoever leads to a person is visited first."""
    ordered: list[Table] = []
    waiting = dict(_tables)
    while waiting:
        pointed_at = {target for model in waiting for target in _targets(model) if target is not model}
        free = [model for model in waiting if model not in pointed_at]
        ordered.extend(waiting.pop(model) for model in sorted(free or waiting, key=lambda model: model._meta.label))
    return ordered


def all_impersonal() -> list[Impersonal]:
    return sorted(_impersonal.values(), key=lambda entry: entry.model._meta.label)


def _targets(model: type[models.Model]) -> list[Any]:
    return [field.related_model for field in model._meta.concrete_fields if field.is_relation]


def text_columns(model: type[models.Model]) -> set[str]:
    """Columns that could hold anything somebody writes: free text, JSON, bytes; no keys, numbers, choices, times."""
    return {field.name for field in model._meta.concrete_fields if _is_free(field)}


def _is_free(field: Any) -> bool:
    if isinstance(field, ArrayField):
        return _is_free(field.base_field)
    free = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.GenericIPAddressField)
    return isinstance(field, free) and not field.choices


def through(*paths: str) -> Find:
    """Rows whose foreign keys lead to the profile along ``path``, e.g. ``order__customer``; one of several."""

    def find(person: Person) -> Q:
        wanted = Q()
        for path in paths:
            wanted |= Q(**{f"{path}__in": person.ids})
        return wanted

    return find


def mentioning(*columns: str) -> Find:
    """Rows in whose text or JSON the person is named: an address, or first and last name together."""

    def find(person: Person) -> Q:
        wanted = Q(pk__in=[])
        for column in columns:
            for word in person.words:
                wanted |= Q(_says(column, word))
            for first, last in person.pairs:
                wanted |= Q(_says(column, first)) & Q(_says(column, last))
        return wanted

    return find


def _says(column: str, word: str) -> Any:
    return IContains(Cast(F(column), TextField()), Value(word))


# (person) → further words by which rows of the person can be found: addresses of their orders, for one.
hints: Registry[Callable[[Person], Iterable[str]]] = Registry()
