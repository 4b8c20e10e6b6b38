"""What happened with people, for apps above."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class ConsentRequested(DomainEvent):
    """Somebody is to confirm a consent by a click in their mailbox (double opt-in)."""

    request_id: int
