"""Reads that span models, one module per subject."""

from recommendations.queries.people import (
    customer_key,
    merged_people,
    newcomers,
    purchased_since,
    refusals,
    unprofiled_people,
    visitor_key,
)
from recommendations.queries.snapshot import Snapshot, Window, read_snapshot

__all__ = [
    "Snapshot",
    "Window",
    "customer_key",
    "merged_people",
    "newcomers",
    "purchased_since",
    "read_snapshot",
    "refusals",
    "unprofiled_people",
    "visitor_key",
]
