"""Segments that rules can speak of: what a profile has today. All of it passes through :func:`members`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from customers.models import CustomerKpis, Lifecycle, Profitability, RfmGroup
from recommendations.models import Rule

KINDS = {
    Rule.SegmentKind.LIFECYCLE: Lifecycle,
    Rule.SegmentKind.RFM_GROUP: RfmGroup,
    Rule.SegmentKind.PROFITABILITY: Profitability,
}


def members(merchant_id: int, kind: str, value: str) -> NDArray[np.int64]:
    """Ascending ids of the customers in a segment; one query."""
    rows = CustomerKpis.objects.for_merchant(merchant_id).filter(**{kind: value}, customer__erased_at=None)
    ids = np.fromiter(rows.order_by().values_list("customer_id", flat=True).iterator(20_000), np.int64)
    ids.sort()
    return ids


def segment_label(kind: str, value: str) -> str:
    """In the reader's language; empty for everybody."""
    if not kind:
        return ""
    labels = dict(KINDS[Rule.SegmentKind(kind)].choices)
    return f"{Rule.SegmentKind(kind).label}: {labels.get(value, value)}"


def segment_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """For a form: by kind, ``kind:value`` with its words."""
    return [
        (str(kind.label), [(f"{kind.value}:{value}", str(label)) for value, label in choices.choices])
        for kind, choices in KINDS.items()
    ]
