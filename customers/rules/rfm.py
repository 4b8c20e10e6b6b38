"""Recency, frequency and monetary value as quintiles, and the group each combination belongs to. Pure."""

from __future__ import annotations

# Groups by (recency class, frequency class), 5 is best; the monetary class ranks people inside a group.
_ROWS = {
    5: ["new", "promising", "promising", "champions", "champions"],
    4: ["new", "promising", "promising", "champions", "champions"],
    3: ["needs_attention", "needs_attention", "needs_attention", "loyal", "loyal"],
    2: ["hibernating", "hibernating", "at_risk", "at_risk", "at_risk"],
    1: ["hibernating", "hibernating", "at_risk", "at_risk", "at_risk"],
}
GROUPS = {(recency, frequency): name for recency, row in _ROWS.items() for frequency, name in enumerate(row, start=1)}
# Buyers below which fifths of them say nothing.
ENOUGH_BUYERS = 25
