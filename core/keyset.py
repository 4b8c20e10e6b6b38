"""Keyset pagination: previous and next without counting, at the same cost on page 1 and page 1,000.

The cursor is the sort key of the row at the edge of the page; it lives in the URL (``?after=`` or ``?before=``).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import F, Q
from django.utils import timezone

M = TypeVar("M", bound=models.Model)
PAGE_SIZE = 50
# NUL bytes and lone surrogates.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Page(Generic[M]):
    """Rows of one page, and the cursors of its neighbours ("" where there is none)."""

    rows: list[M]
    after: str
    before: str


@dataclass(frozen=True)
class Ordering:
    """Columns of ``model`` to sort by, each with a leading ``-`` for descending. The last must be unique (``id``).

    A column may belong to a row that every row of the list has one of (``kpis__predicted_value``).

    Nullable columns sort their nulls last in both directions. Columns without nulls are sorted plainly: only then does
    PostgreSQL take the rows from a plain index. ``computed`` are annotations to sort by, with the kind of their values:
    no index helps there, so only for tables of some thousand rows.
    """

    fields: Sequence[str]
    model: type[models.Model]
    computed: Mapping[str, models.Field[Any, Any]] | None = None

    def order_by(self, *, backwards: bool) -> list[Any]:
        terms: list[Any] = []
        for field in self.fields:
            name, descending = field.lstrip("-"), field.startswith("-") != backwards
            if not self._is_nullable(field):
                terms.append(f"-{name}" if descending else name)
                continue
            nulls = {"nulls_first": True} if backwards else {"nulls_last": True}
            terms.append(F(name).desc(**nulls) if descending else F(name).asc(**nulls))
        return terms

    def beyond(self, values: Sequence[Any], *, backwards: bool) -> Q:
        """Rows strictly behind (or, backwards, before) the row with these values."""
        condition, equal = Q(pk__in=[]), Q()
        for field, value in zip(self.fields, values, strict=True):
            condition |= equal & _behind(field, value, backwards=backwards, nullable=self._is_nullable(field))
            name = field.lstrip("-")
            equal &= Q(**{name: value}) if value is not None else Q(**{f"{name}__isnull": True})
        return self._index_bound(values[0], backwards=backwards) & condition

    def _index_bound(self, value: Any, *, backwards: bool) -> Q:
        """Says again, for the first column alone, where the page begins, so that the index is entered there."""
        field = self.fields[0]
        if value is None or self._is_nullable(field):
            return Q()
        descending = field.startswith("-") != backwards
        return Q(**{f"{field.lstrip('-')}__{'lte' if descending else 'gte'}": value})

    def _is_nullable(self, field: str) -> bool:
        return bool(self._field(field).null)

    def _field(self, field: str) -> models.Field[Any, Any]:
        computed = (self.computed or {}).get(field.lstrip("-"))
        if computed is not None:
            return computed
        *path, name = field.lstrip("-").split("__")
        model: Any = self.model
        for step in path:
            model = model._meta.get_field(step).related_model
        found: models.Field[Any, Any] = model._meta.get_field(name)
        return found

    def cursor(self, row: models.Model) -> str:
        values = [attrgetter(field.lstrip("-").replace("__", "."))(row) for field in self.fields]
        plain = [value.isoformat() if isinstance(value, datetime | date) else value for value in values]
        return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")

    def values(self, cursor: str) -> list[Any] | None:
        """The values in a cursor, typed; None for one that is not ours (somebody edited the URL)."""
        try:
            plain = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            if not isinstance(plain, list) or len(plain) != len(self.fields):
                return None
            values = [self._field(field).to_python(value) for field, value in zip(self.fields, plain, strict=True)]
            return values if all(_is_storable(value) for value in values) else None
        except (ValueError, TypeError, OverflowError, RecursionError, ValidationError):
            return None


def _is_storable(value: Any) -> bool:
    """Whether PostgreSQL can be asked for this value at all."""
    if isinstance(value, datetime):
        return timezone.is_aware(value)
    if isinstance(value, int):
        return abs(value) < 2**63
    return not (isinstance(value, str) and _UNSTORABLE.search(value))


def _behind(field: str, value: Any, *, backwards: bool, nullable: bool) -> Q:
    name, descending = field.lstrip("-"), field.startswith("-") != backwards
    if value is None:
        return Q(**{f"{name}__isnull": False}) if backwards else Q(pk__in=[])
    beyond = Q(**{f"{name}__{'lt' if descending else 'gt'}": value})
    return beyond | Q(**{f"{name}__isnull": True}) if nullable and not backwards else beyond


def paginate(
    rows: models.QuerySet[M], ordering: Sequence[str], query: Mapping[str, str], *, size: int = PAGE_SIZE
) -> Page[M]:
    """The page that ``query`` (``after``, ``before``) names; an unknown cursor is the first page."""
    computed = {name: column.output_field for name, column in rows.query.annotations.items()}
    order = Ordering(ordering, rows.model, {name: computed[name] for name in _names(ordering) if name in computed})
    backwards = "before" in query
    cursor = query.get("before") or query.get("after") or ""
    values = order.values(cursor) if cursor else None
    backwards = backwards and values is not None
    if values is not None:
        rows = rows.filter(order.beyond(values, backwards=backwards))
    found = list(rows.order_by(*order.order_by(backwards=backwards))[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_next = more if not backwards else True
    has_previous = more if backwards else values is not None
    return Page(
        rows=found,
        after=order.cursor(found[-1]) if found and has_next else "",
        before=order.cursor(found[0]) if found and has_previous else "",
    )


def _names(ordering: Sequence[str]) -> list[str]:
    return [field.lstrip("-") for field in ordering]


def estimated_count(rows: models.QuerySet[Any]) -> int:
    """How many rows the planner expects; exact for small results is not promised, and nothing is scanned."""
    sql, params = rows.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        row = cursor.fetchone()
    return int(row[0][0]["Plan"]["Plan Rows"]) if row else 0


def bounded_count(rows: models.QuerySet[Any], limit: int = 1000) -> tuple[int, bool]:
    """An exact count up to ``limit``, beyond it the planner's estimate; the flag says whether it is exact."""
    count = rows.order_by()[: limit + 1].count()
    return (count, True) if count <= limit else (max(estimated_count(rows), limit), False)
