"""The stream of events, live, and how a shop begins to send them."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers

from core.door import MerchantRequest, merchant_view
from core.keyset import PAGE_SIZE
from core.listing import Listing, list_rows, render_list
from customers.event_filter import EventFilter
from customers.models import Event
from customers.queries.event_stream import newest_only, settled_events, with_people
from customers.rules.event_words import headline
from customers.tracking_setup import setup_snippets
from merchants.models import ApiKey, Role, Scope


@merchant_view(Role.ANALYST)
def event_stream(request: MerchantRequest) -> HttpResponse:
    """The newest events, and those that arrive while somebody looks."""
    listing = list_rows(request, EventFilter, settled_events(request.merchant))
    context = {
        "entries": _entries(request, listing.rows),
        "is_live": _is_live(request),
        "since": _newest_id(request),
        **_setup(request, listing),
    }
    return render_list(request, "customers/events/stream.html", listing, context)


def _is_live(request: MerchantRequest) -> bool:
    """Only the newest page moves, and only until somebody stops it."""
    return not {"after", "before", "paused"} & set(request.GET)


def _newest_id(request: MerchantRequest) -> int:
    """Where what arrives from now on begins: whatever the filters show of it."""
    newest = settled_events(request.merchant).order_by("-id").values_list("id", flat=True)
    return next(iter(newest[:1]), 0)


def _setup(request: MerchantRequest, listing: Listing[Event]) -> dict[str, Any]:
    """The first step, for a shop that never sent anything."""
    return {} if listing.rows or listing.is_filtered else {"snippets": setup_snippets(settings.PUBLIC_URL)}


def _entries(request: MerchantRequest, events: list[Event]) -> list[dict[str, Any]]:
    return [
        {"event": event, "customer": customer, "headline": headline(event.properties, event.context)}
        for event, customer in with_people(request.merchant, events)
    ]


@merchant_view(Role.ANALYST)
def event_arrivals(request: MerchantRequest) -> HttpResponse:
    """What arrived behind the event ``since``, asked for every two seconds; 204 while nothing did."""
    since = _number(request.GET.get("since", ""))
    rows = EventFilter(request.GET, queryset=_behind(request, since), merchant=request.merchant).qs
    found = list(rows.order_by("-id")[: PAGE_SIZE + 1])
    if not found:
        return HttpResponse(status=204)
    if "blank" in request.GET:  # the screen shows no table yet
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = {"entries": _entries(request, found[:PAGE_SIZE]), "since": found[0].pk, "gap": len(found) > PAGE_SIZE}
    return render(request, "customers/events/stream.html#arrivals", context | {"is_live": True, "arrived": True})


def _behind(request: MerchantRequest, since: int) -> QuerySet[Event]:
    return newest_only(settled_events(request.merchant)).filter(id__gt=since)


def _number(text: str) -> int:
    """An id in the address; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@merchant_view(Role.ANALYST)
def event_detail(request: MerchantRequest, pk: int) -> HttpResponse:
    """One event with everything that was sent; for htmx only the part that is shown beside the stream."""
    event = get_object_or_404(Event.objects.for_merchant(request.merchant), pk=pk)
    ((_event, customer),) = with_people(request.merchant, [event])
    context = {
        "event": event,
        "customer": customer,
        "headline": headline(event.properties, event.context),
        "properties": _pretty(event.properties),
        "context": _pretty(event.context),
    }
    template = "customers/events/event.html"
    response = render(request, f"{template}#event" if request.htmx else template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _pretty(value: Any) -> str:
    """Empty for what is empty, so that the page can say so in words."""
    return json.dumps(value, indent=2, ensure_ascii=False) if value else ""


@merchant_view(Role.ANALYST)
def tracking_setup(request: MerchantRequest) -> HttpResponse:
    """How a shop sends events: the script for its pages, SDKs for its servers, and the keys for both."""
    keys = ApiKey.objects.for_merchant(request.merchant).usable().filter(scopes__contains=[Scope.EVENTS_WRITE])
    context = {"snippets": setup_snippets(settings.PUBLIC_URL), "keys": keys.order_by("kind", "-id")[:10]}
    return render(request, "customers/events/setup.html", context)
