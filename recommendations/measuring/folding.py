"""Tracked events that name a recommendation become impressions and clicks, some seconds after they came in.

Storing an event costs a storefront nothing extra: whoever looked at a list or clicked is read here afterwards, in the
order of the events' ids, in batches of one transaction each. Reading the same event twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Min, Q
from django.utils import timezone

from catalog.models import Product
from customers.models import Event
from customers.queries.profiling import not_to_be_profiled
from customers.tracking.memory import MOST_PRODUCTS, product_key
from merchants.models import Merchant
from recommendations.measuring.tickets import ARMS, BadTicket, Ticket, read
from recommendations.models import Click, Impression, OnlineReport

SEEN = "Product List Viewed"
CLICKED = ("Product Clicked", "Product Viewed", "Product Added")
# An event's id can be taken before one of a smaller id is committed; a statement has 30 seconds for it.
SETTLED = timedelta(seconds=45)
BATCH = 5_000
# Visitors whom we named ourselves, because the reporter named nobody: they are not seen again.
NAMELESS = "rec-"


@dataclass(frozen=True, slots=True)
class _Told:
    """One event that is about an answer."""

    name: str
    at: datetime
    customer_id: int | None
    visitor: str
    properties: Mapping[str, Any]
    ticket: Ticket


@dataclass(slots=True)
class _Batch:
    """Rows to write; ``skus`` leads from the keys that events use to products."""

    merchant_id: int
    skus: Mapping[str, int]
    unprofiled: frozenset[int]
    impressions: dict[int, Impression] = field(default_factory=dict)
    clicks: dict[tuple[int, int], Click] = field(default_factory=dict)

    def take(self, told: _Told) -> None:
        if told.name == SEEN:
            self._note_impression(told, self._seen(told))
            return
        product = self.skus.get(product_key(told.properties))
        if product is None or product not in told.ticket.products:
            return
        self._note_impression(told, set(told.ticket.products))  # what was clicked was seen
        ticket, place = told.ticket, told.ticket.products.index(product)
        self.clicks.setdefault(
            (ticket.id, product),
            Click(**self._about(told), product_id=product, position=place + 1, source=ticket.sources[place]),
        )

    def _seen(self, told: _Told) -> set[int]:
        """Those of the answer that the event lists; all of them where it lists none."""
        listed = told.properties.get("products")
        rows = [row for row in listed[:MOST_PRODUCTS] if isinstance(row, dict)] if isinstance(listed, list) else []
        named = {self.skus.get(product_key(row)) for row in rows}
        return {product for product in told.ticket.products if product in named} or set(told.ticket.products)

    def _note_impression(self, told: _Told, seen: set[int]) -> None:
        ticket = told.ticket
        if ticket.id in self.impressions or not ticket.products:
            return
        places = [place for place, product in enumerate(ticket.products) if product in seen]
        self.impressions[ticket.id] = Impression(
            **self._about(told),
            products=[ticket.products[place] for place in places],
            sources=[ticket.sources[place] for place in places],
        )

    def _about(self, told: _Told) -> dict[str, Any]:
        """Who objects to profiling is counted without being known."""
        customer = told.customer_id or told.ticket.customer_id
        is_stranger = customer in self.unprofiled
        visitor = "" if customer or told.visitor.startswith(NAMELESS) else told.visitor
        return {
            "merchant_id": self.merchant_id,
            "answer": told.ticket.id,
            "occurred_at": told.at,
            "placement": told.ticket.placement,
            "arm": ARMS[0] if is_stranger else told.ticket.arm,
            "customer_id": None if is_stranger else customer,
            "visitor": visitor,
        }


def fold(merchant: Merchant, *, now: datetime | None = None) -> int:
    """Read what came in since the last time; returns how many events were about a recommendation."""
    OnlineReport.objects.get_or_create(merchant=merchant)
    moment, folded = now or timezone.now(), 0
    unprofiled = not_to_be_profiled(merchant)
    while True:
        count, is_end = _fold_batch(merchant, moment, unprofiled)
        folded += count
        if is_end:
            return folded


@transaction.atomic
def _fold_batch(merchant: Merchant, now: datetime, unprofiled: frozenset[int]) -> tuple[int, bool]:
    """How many events it read, and whether they were the last."""
    reports = OnlineReport.objects.for_merchant(merchant).select_for_update(skip_locked=True)
    report = reports.first()
    if report is None:
        return 0, True  # somebody else reads
    until = _settled(merchant, report.folded_event, now)
    rows = list(_events(merchant, report.folded_event, until)[:BATCH])
    is_end = len(rows) < BATCH
    _write(merchant, [row[1:] for row in rows], unprofiled)
    report.folded_event = until if is_end else rows[-1][0]
    report.folded_at = now
    report.save(update_fields=["folded_event", "folded_at"])
    return len(rows), is_end


def _settled(merchant: Merchant, after: int, now: datetime) -> int:
    """The last id below which nothing can come any more; ``after`` where there is nothing new."""
    newer = Event.objects.for_merchant(merchant).filter(id__gt=after)
    found = newer.aggregate(last=Max("id"), unsettled=Min("id", filter=Q(received_at__gte=now - SETTLED)))
    if found["unsettled"] is not None:
        return max(int(found["unsettled"]) - 1, after)
    return max(int(found["last"] or 0), after)


def _events(merchant: Merchant, after: int, until: int) -> Any:
    people = Event.objects.for_merchant(merchant).of_people().filter(id__gt=after, id__lte=until)
    about = people.filter(kind=Event.Kind.TRACK, name__in=[SEEN, *CLICKED], properties__has_key="recommendation_id")
    return about.order_by("id").values_list("id", "name", "occurred_at", "customer_id", "anonymous_id", "properties")


def _write(merchant: Merchant, rows: list[tuple[Any, ...]], unprofiled: frozenset[int]) -> None:
    told = [one for row in rows if (one := _told(merchant.pk, *row)) is not None]
    batch = _Batch(merchant.pk, _products(merchant, told), unprofiled)
    for one in sorted(told, key=lambda one: one.name != SEEN):
        batch.take(one)
    Impression.objects.bulk_create(batch.impressions.values(), ignore_conflicts=True, batch_size=1000)
    Click.objects.bulk_create(batch.clicks.values(), ignore_conflicts=True, batch_size=1000)


def _told(
    merchant_id: int, name: str, at: datetime, customer_id: int | None, visitor: str, properties: Mapping[str, Any]
) -> _Told | None:
    """None for an id that is not ours, or that is too old for what is told."""
    given = properties.get("recommendation_id")
    try:
        ticket = read(merchant_id, given) if isinstance(given, str) else None
    except BadTicket:
        return None
    if ticket is None or not ticket.takes(at):
        return None
    return _Told(name, at, customer_id, visitor, properties, ticket)


def _products(merchant: Merchant, told: Iterable[_Told]) -> dict[str, int]:
    """By the keys that events use: the SKU."""
    keys: set[str] = set()
    for one in told:
        listed = one.properties.get("products")
        named = [one.properties, *(listed[:MOST_PRODUCTS] if isinstance(listed, list) else [])]
        keys |= {product_key(row) for row in named if isinstance(row, dict)}
    known = Product.objects.for_merchant(merchant).filter(sku__in=keys - {""})
    return dict(known.values_list("sku", "pk"))
