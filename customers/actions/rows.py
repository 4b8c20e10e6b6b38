"""Rows as JSON and back, exactly: what a merge takes away it can give back."""

from __future__ import annotations

import base64
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db import models

M = TypeVar("M", bound=models.Model)


def row_values(row: models.Model) -> dict[str, Any]:
    """Every stored column by its name; computed ones are the database's."""
    return {field.attname: _plain(getattr(row, field.attname)) for field in _columns(type(row))}


def insert_row(model: type[M], values: dict[str, Any]) -> M:
    """Put a row back under its own id. Columns that came since take their defaults."""
    row = model()
    for field in _columns(model):
        if field.attname in values:
            setattr(row, field.attname, _restored(field, values[field.attname]))
    row.save_base(raw=True, force_insert=True)
    return row


def delete_row(row: models.Model) -> None:
    """Delete this row and nothing else: what pointed at it has moved."""
    manager: Any = type(row)._default_manager
    rows = manager.for_merchant(row.merchant_id).filter(pk=row.pk)  # type: ignore[attr-defined]
    rows._raw_delete(rows.db)


def _columns(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if not field.generated]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, timedelta | Decimal | UUID):
        return str(value)
    return value


def _restored(field: Any, value: Any) -> Any:
    return value if value is None or isinstance(field, models.JSONField) else field.to_python(value)
