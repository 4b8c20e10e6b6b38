"""What happened with a customer, gathered from every app that knows something (core.providers.customer_timeline)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.text import capfirst

from core.providers import TimelineEntry, customer_timeline
from customers.models import ConsentRecord, Customer

PAGE = 20
AT_ONCE = 1000  # more things of one moment than anybody has


@dataclass(frozen=True)
class TimelinePage:
    """Entries, newest first; ``more`` says whether older ones exist, which lie before ``until``."""

    entries: list[TimelineEntry]
    more: bool

    @property
    def until(self) -> datetime | None:
        return self.entries[-1].at if self.entries else None


def timeline(customer: Customer, *, before: datetime | None = None, size: int = PAGE) -> TimelinePage:
    """The newest ``size`` entries before a moment.

    Entries of one moment stay on one page, for the next page begins strictly before the last moment of this one.
    """
    found = _newest(customer, size + 1, before)
    if len(found) <= size:
        return TimelinePage(found, more=False)
    cut = found[size].at
    page = [entry for entry in found[:size] if entry.at > cut]
    return TimelinePage(page or [entry for entry in _newest(customer, AT_ONCE, before) if entry.at == cut], more=True)


def _newest(customer: Customer, limit: int, before: datetime | None) -> list[TimelineEntry]:
    """At least the newest ``limit`` entries, the newest first."""
    found = [entry for provider in customer_timeline for entry in provider(customer, limit, before)]
    return sorted(found, key=lambda entry: entry.at, reverse=True)


TONES = {
    ConsentRecord.Kind.GRANTED: ("circle-check", "success"),
    ConsentRecord.Kind.WITHDRAWN: ("circle-minus", "warning"),
    ConsentRecord.Kind.OBJECTED: ("hand-stop", "danger"),
}


def consent_entries(customer: Customer, limit: int, before: datetime | None) -> list[TimelineEntry]:
    """Provider: what the person decided about advertising. A notice at a purchase is no news beside the purchase."""
    records = ConsentRecord.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    records = records.exclude(kind=ConsentRecord.Kind.NOTICE_SHOWN)
    if before is not None:
        records = records.filter(occurred_at__lt=before)
    return [_consent_entry(record) for record in records.order_by("-occurred_at", "-id")[:limit]]


def _consent_entry(record: ConsentRecord) -> TimelineEntry:
    icon, tone = TONES[ConsentRecord.Kind(record.kind)]
    about = [record.get_purpose_display(), record.get_channel_display(), record.source]
    return TimelineEntry(
        at=record.occurred_at,
        kind=f"consent.{record.kind}",
        icon=icon,
        title=capfirst(record.get_kind_display()),
        detail=" · ".join(part for part in about if part),
        tone=tone,
    )
