"""The newest events of a shop, as they arrive."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from customers.models import Customer, Event, Merge
from merchants.models import Merchant

# Filters look at so many of the newest events: a rare name must not read a year of them.
LOOKED_AT = 10_000
# Ids are given before a batch is stored, so batches that are stored side by side appear out of order. A second later
# all of them are there, and whoever asks for what came behind an id misses none.
SETTLED = timedelta(seconds=1)


def settled_events(merchant: Merchant) -> QuerySet[Event]:
    """Events in the order of their arrival, which is that of their ids."""
    return Event.objects.for_merchant(merchant).filter(received_at__lte=timezone.now() - SETTLED)


def newest_only(rows: QuerySet[Event]) -> QuerySet[Event]:
    """Those of the newest ``LOOKED_AT`` events."""
    ids = rows.order_by("-id").values_list("id", flat=True)
    oldest = next(iter(ids[LOOKED_AT - 1 : LOOKED_AT]), None)
    return rows if oldest is None else rows.filter(id__gte=oldest)


def source_names(merchant: Merchant) -> set[str]:
    """The libraries that sent the thousand newest events."""
    newest = Event.objects.for_merchant(merchant).order_by("-id").values_list("context__library__name", flat=True)
    return {name for name in newest[:1000] if isinstance(name, str) and name}


def with_people(merchant: Merchant, events: Iterable[Event]) -> list[tuple[Event, Customer | None]]:
    """Each event with its customer as of today, for a constant number of queries."""
    rows = list(events)
    people = _people(merchant, {event.customer_id for event in rows if event.customer_id})
    return [(event, people.get(event.customer_id or 0)) for event in rows]


def _people(merchant: Merchant, ids: set[int]) -> dict[int, Customer]:
    """By the ids that events were written with: of those merged since, the profile that holds them now."""
    people = Customer.objects.for_merchant(merchant).with_identities().in_bulk(ids)
    merges = Merge.objects.for_merchant(merchant).standing().filter(absorbed_id__in=ids - people.keys())
    kept = merges.order_by("pk").select_related("kept").prefetch_related("kept__identities")
    return people | {merge.absorbed_id: merge.kept for merge in kept}
