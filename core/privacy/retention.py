"""How long what is kept: every kind of data says its period, and how to remove what is older."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models

from core.providers import Registry

BATCH = 2000


@dataclass(frozen=True)
class Retention:
    """One kind of data with its period. ``old`` gives the rows older than a moment, ``remove`` takes some of them away.

    ``shortest`` guards what the law or the machinery needs longer; a kind without ``remove`` is deleted row by row.
    """

    kind: str
    title: Any
    explanation: Any
    days: int
    shortest: int
    model: type[models.Model]
    old: Callable[[int, datetime], models.QuerySet[Any]]
    remove: Callable[[int, list[Any]], int] | None = None

    def count(self, merchant_id: int, before: datetime) -> int:
        return self.old(merchant_id, before).count()

    def remove_all(self, merchant_id: int, before: datetime) -> int:
        """Remove what is older, batch by batch, each in its own transaction; returns how many rows."""
        removed = 0
        while ids := list(self.old(merchant_id, before).order_by("pk").values_list("pk", flat=True)[:BATCH]):
            removed += self.remove(merchant_id, ids) if self.remove else self._delete(merchant_id, ids)
        return removed

    def _delete(self, merchant_id: int, ids: list[Any]) -> int:
        manager: Any = self.model._default_manager
        manager.for_merchant(merchant_id).filter(pk__in=ids).delete()
        return len(ids)


retentions: Registry[Retention] = Registry()


def keep_for(retention: Retention, *, rank: int = 100) -> None:
    """Register a kind (idempotent)."""
    retentions.register(retention, name=retention.kind, rank=rank)
