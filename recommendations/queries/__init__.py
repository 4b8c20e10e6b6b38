"""Reads that span models, one module per subject."""

from recommendations.queries.people import customer_key, purchased_since, unprofiled_people
from recommendations.queries.snapshot import Snapshot, Window, read_snapshot

__all__ = ["Snapshot", "Window", "customer_key", "purchased_since", "read_snapshot", "unprofiled_people"]
