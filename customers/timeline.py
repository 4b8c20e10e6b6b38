"""What happened with a customer, gathered from every app that knows something (core.providers.customer_timeline)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst

from core.providers import TimelineEntry, customer_timeline, timeline_filters
from core.templatetags.screens import spoken_source
from customers.models import ConsentRecord, Customer

PAGE = 30
# PostgreSQL's clock: no moment lies between two that are this far apart.
TICK = timedelta(microseconds=1)
# So many things of one moment are walked through; nobody has more.
MOST_AT_ONCE = 10_000


@dataclass(frozen=True)
class Cursor:
    """Where a page ended: the moment of its last entry, and how many entries of that moment were shown so far."""

    at: datetime
    shown: int

    def as_query(self) -> dict[str, str]:
        return {"before": self.at.isoformat(), "shown": str(self.shown)}

    @classmethod
    def read(cls, before: str, shown: str) -> Cursor | None:
        """The cursor in an address; None for one that is not ours."""
        try:
            at, number = parse_datetime(before), int(shown)
        except ValueError:
            return None
        if at is None or timezone.is_naive(at) or not 1900 < at.year < 2200 or not 0 <= number <= MOST_AT_ONCE:
            return None
        return cls(at, number)


@dataclass(frozen=True)
class TimelinePage:
    """Entries, newest first; ``older`` is where the next page goes on, None at the end."""

    entries: list[TimelineEntry]
    older: Cursor | None


def timeline(
    customer: Customer, *, after: Cursor | None = None, kinds: Collection[str] = (), size: int = PAGE
) -> TimelinePage:
    """The newest ``size`` entries behind a cursor, of the chips ``kinds`` or of all: everything once, at a constant cost.

    Of one moment the entries keep the order of their providers, and the next page skips those it has seen.
    """
    skip, before = (after.shown, after.at + TICK) if after else (0, None)
    found = _newest(customer, skip + size + 1, before, kinds)
    page = found[skip : skip + size]
    if len(found) <= skip + size or not page:
        return TimelinePage(page, None)
    return TimelinePage(page, _behind(found[: skip + size]))


def _behind(shown: Sequence[TimelineEntry]) -> Cursor:
    last = shown[-1].at
    number = sum(entry.at == last for entry in shown)
    return Cursor(last, number) if number < MOST_AT_ONCE else Cursor(last - TICK, 0)


def _newest(customer: Customer, limit: int, before: datetime | None, kinds: Collection[str]) -> list[TimelineEntry]:
    """At least the newest ``limit`` entries, the newest first; Python's sort leaves those of one moment in place."""
    sources = sources_of(kinds)
    asked = [provider for name, provider in customer_timeline.named() if sources is None or name in sources]
    found = [entry for provider in asked for entry in provider(customer, limit, before)]
    return sorted(found, key=lambda entry: entry.at, reverse=True)


def sources_of(kinds: Collection[str]) -> frozenset[str] | None:
    """The names of the providers that these chips leave; None for every provider."""
    chosen = [chip.sources for name, chip in timeline_filters.named() if name in kinds]
    return frozenset().union(*chosen) if chosen else None


@dataclass(frozen=True)
class Fold:
    """Things of one kind that followed each other: one line, which opens."""

    entries: list[TimelineEntry]

    @property
    def first(self) -> TimelineEntry:
        """The newest, which lends its icon."""
        return self.entries[0]

    @property
    def title(self) -> str:
        return self.first.folds % {"count": len(self.entries)}


@dataclass(frozen=True)
class Day:
    """What happened on one day of the shop's calendar; ``goes_on`` when the page before showed its beginning."""

    date: date
    items: list[TimelineEntry | Fold]
    goes_on: bool = False


def by_day(entries: Iterable[TimelineEntry], *, after: Cursor | None = None) -> list[Day]:
    """The entries of a page under their days, runs of one kind folded."""
    seen = timezone.localdate(after.at) if after else None
    return [
        Day(day, list(_folded(group)), goes_on=day == seen)
        for day, group in groupby(entries, key=lambda entry: timezone.localdate(entry.at))
    ]


def _folded(entries: Iterable[TimelineEntry]) -> Iterable[TimelineEntry | Fold]:
    for folds, group in groupby(entries, key=lambda entry: (entry.folds, entry.is_bot)):
        run = list(group)
        if folds[0] and len(run) > 1:
            yield Fold(run)
        else:
            yield from run


@dataclass(frozen=True)
class Chip:
    """One filter above the timeline: whether it is in force, and the query that turns it round."""

    name: str
    label: str
    icon: str
    is_on: bool
    query: str


def chips(kinds: Collection[str]) -> list[Chip]:
    """Every chip whose entries somebody provides."""
    provided = {name for name, _provider in customer_timeline.named()}
    return [
        Chip(name, str(chip.label), chip.icon, name in kinds, kinds_query(set(kinds) ^ {name}))
        for name, chip in timeline_filters.named()
        if chip.sources & provided
    ]


def known_kinds(asked: Iterable[str]) -> list[str]:
    """Of the chips in an address those that exist, each once."""
    known = {name for name, _chip in timeline_filters.named()}
    return sorted(known & set(asked))


def kinds_query(kinds: Iterable[str]) -> str:
    """``kind=messages&kind=orders``."""
    return urlencode([("kind", name) for name in sorted(kinds)])


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
    about = [record.get_purpose_display(), record.get_channel_display(), spoken_source(record.source)]
    return TimelineEntry(
        at=record.occurred_at,
        kind=f"consent.{record.kind}",
        icon=icon,
        title=capfirst(record.get_kind_display()),
        detail=" · ".join(part for part in about if part),
        tone=tone,
    )
