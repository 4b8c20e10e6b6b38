"""What happened with people, for apps above."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class ConsentRequested(DomainEvent):
    """Somebody is to confirm a consent by a click in their mailbox (double opt-in)."""

    request_id: int


@dataclass(frozen=True, kw_only=True)
class CustomersMerged(DomainEvent):
    """A profile took up another, whose row is gone."""

    kept_id: int
    absorbed_id: int


@dataclass(frozen=True, kw_only=True)
class CustomersUnmerged(DomainEvent):
    """A merge was undone: the absorbed profile is there again."""

    kept_id: int
    restored_id: int
