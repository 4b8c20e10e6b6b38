"""What happened with loyalty, for apps above: published in the transaction in which it happened."""

from dataclasses import dataclass

from core.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class TierChanged(DomainEvent):
    """A member rose or fell; keys of tiers, empty for none."""

    customer_id: int
    before: str
    now: str


@dataclass(frozen=True, kw_only=True)
class PointsActivated(DomainEvent):
    """Points that were pending can be spent now."""

    customer_id: int
    points: int
