"""Retention: what was kept long enough is removed by schedule, and the log says how much."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from core.privacy.retention import Retention, retentions
from customers.actions.partitions import drop_event_partitions
from customers.models import ConsentProof, RetentionPeriod, RetentionRun
from merchants.actions import record_audit
from merchants.models import Merchant, Staff

EVENTS = "events"


def periods(merchant: Merchant) -> dict[str, int]:
    """Days by kind: the merchant's own, else the default."""
    own = dict(RetentionPeriod.objects.for_merchant(merchant).values_list("kind", "days"))
    return {retention.kind: own.get(retention.kind, retention.days) for retention in retentions}


def would_remove(merchant: Merchant, wanted: Mapping[str, int]) -> list[tuple[Retention, int]]:
    """What shorter periods would remove beyond those in force: kind and how many rows; kinds without any are left out."""
    now, current = timezone.now(), periods(merchant)
    found = []
    for retention in retentions:
        days = wanted.get(retention.kind, current[retention.kind])
        if days < current[retention.kind] and (count := retention.count(merchant.pk, now - timedelta(days=days))):
            found.append((retention, count))
    return found


@transaction.atomic
def save_periods(merchant: Merchant, wanted: Mapping[str, int], *, staff: Staff) -> None:
    """Keep what differs from the defaults; the next run applies it."""
    current = periods(merchant)
    changes = {kind: {"from": current[kind], "to": days} for kind, days in wanted.items() if days != current[kind]}
    for kind in changes:
        RetentionPeriod.objects.update_or_create(merchant=merchant, kind=kind, defaults={"days": wanted[kind]})
    if changes:
        record_audit(merchant, "retention.updated", staff=staff, subject=merchant, changes=changes)


def apply_retention(merchant: Merchant, *, now: datetime | None = None) -> list[RetentionRun]:
    """Remove what is older than its period; returns the new entries of the log. May be broken off and run again."""
    moment, runs = now or timezone.now(), []
    days = periods(merchant)
    for retention in retentions:
        before = moment - timedelta(days=days[retention.kind])
        if removed := retention.remove_all(merchant.pk, before):
            entry = RetentionRun(merchant=merchant, kind=retention.kind, older_than=before, removed=removed)
            entry.save()
            runs.append(entry)
    lapsed = ConsentProof.objects.for_merchant(merchant).filter(kept_until__lt=moment.astimezone(merchant.tz).date())
    lapsed.delete()
    return runs


def drop_old_partitions(*, now: datetime | None = None) -> list[str]:
    """Whole months of events that no merchant keeps any more: dropped at once instead of row by row."""
    longest = max((periods(merchant)[EVENTS] for merchant in Merchant.objects.all()), default=None)
    if longest is None:
        return []
    return drop_event_partitions((now or timezone.now()) - timedelta(days=longest))
