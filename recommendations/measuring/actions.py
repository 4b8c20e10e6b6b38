"""What staff decide about the measurement."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from merchants.actions import record_audit
from merchants.models import Merchant, Staff
from recommendations.models import PlacementSettings


@transaction.atomic
def hold_back(merchant: Merchant, percents: Mapping[str, int], *, staff: Staff) -> bool:
    """Hold so many per cent of people back at each placement; returns whether that changed anything."""
    known = dict(PlacementSettings.objects.for_merchant(merchant).values_list("placement", "holdout_percent"))
    changes = {
        placement: {"from": known.get(placement, 0), "to": percent}
        for placement, percent in percents.items()
        if percent != known.get(placement, 0)
    }
    for placement in changes:
        PlacementSettings.objects.update_or_create(
            merchant=merchant, placement=placement, defaults={"holdout_percent": percents[placement]}
        )
    if changes:
        record_audit(merchant, "holdout.updated", staff=staff, subject=merchant, changes=changes)
    return bool(changes)
