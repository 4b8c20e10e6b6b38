"""What a storefront tells about one answer, as tracking events: stored, deduplicated and remembered like all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Product
from core.errors import DomainError
from customers.models import Identity
from customers.rules.months import oldest_month
from customers.tracking.intake import DUPLICATE, REJECTED, Outcome, take_in
from customers.tracking.reading import Envelope
from merchants.models import Merchant
from recommendations.measuring.folding import NAMELESS
from recommendations.measuring.tickets import BadTicket, Ticket, read

IMPRESSION, CLICK = "impression", "click"
NAMES = {IMPRESSION: "Product List Viewed", CLICK: "Product Clicked"}


@dataclass(frozen=True, slots=True)
class Told:
    """Seen, all of the answer or the products ``skus``; or clicked, which is about one product."""

    kind: str
    skus: tuple[str, ...] = ()
    at: datetime | None = None


def ticket_of(merchant: Merchant, recommendation_id: str) -> Ticket:
    """Raises DomainError (404): no answer of this merchant's has this id."""
    try:
        return read(merchant.pk, recommendation_id)
    except BadTicket as error:
        raise DomainError("unknown_recommendation", _("No recommendation of yours has this id."), status=404) from error


def tell(
    merchant: Merchant,
    recommendation_id: str,
    events: Sequence[Told],
    *,
    anonymous_id: str = "",
    user_agent: str = "",
    is_public: bool = False,
) -> tuple[int, int]:
    """Store what is new; returns how many events were, and how many were told before.

    Raises DomainError: ``unknown_recommendation`` (404), ``recommendation_too_old`` (409), ``not_recommended`` (400).
    """
    ticket, now = ticket_of(merchant, recommendation_id), timezone.now()
    if late := [place for place, event in enumerate(events) if not ticket.takes(event.at or now)]:
        raise DomainError(
            "recommendation_too_old",
            _("This recommendation was made at another time: events about it are taken for seven days."),
            field=f"events.{late[0]}",
        )
    products = _products(merchant, ticket, events)
    who = _who(merchant, ticket, anonymous_id)
    said = [
        msgspec.json.encode(_as_event(merchant, recommendation_id, ticket, event, products) | who) for event in events
    ]
    envelope = Envelope(received_at=now, oldest=oldest_month(now).start)
    outcomes = take_in(merchant, said, envelope, user_agent=user_agent, is_public=is_public)
    _refuse(outcomes)
    known = sum(outcome.status == DUPLICATE for outcome in outcomes)
    return len(outcomes) - known, known


def _refuse(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.status == REJECTED:
            raise DomainError(outcome.code, outcome.detail, status=400, field=f"events.{outcome.index}")


def _products(merchant: Merchant, ticket: Ticket, events: Sequence[Told]) -> dict[str, int]:
    """Places of the named products in the answer, from 0. Raises DomainError for one that was not in it."""
    named = {sku for event in events for sku in event.skus}
    known = dict(Product.objects.for_merchant(merchant).filter(sku__in=named).values_list("sku", "pk")) if named else {}
    places = {sku: ticket.products.index(pk) for sku, pk in known.items() if pk in ticket.products}
    for place, event in enumerate(events):
        for sku in event.skus:
            if sku not in places:
                raise DomainError(
                    "not_recommended",
                    _("The product %(sku)s is not in this recommendation.") % {"sku": sku},
                    status=400,
                    field=f"events.{place}",
                )
    return places


def _as_event(
    merchant: Merchant, recommendation_id: str, ticket: Ticket, event: Told, places: dict[str, int]
) -> dict[str, Any]:
    """The message id is made of what is told, so that telling it again is a duplicate."""
    products = [{"sku": sku, "position": places[sku] + 1} for sku in event.skus]
    properties: dict[str, Any] = {"recommendation_id": recommendation_id, "list_id": ticket.placement}
    if event.kind == CLICK:
        properties |= products[0]
    elif products:
        properties["products"] = products
    about = f"{event.kind}-{event.skus[0]}" if event.kind == CLICK else event.kind
    said = {"type": "track", "event": NAMES[event.kind], "properties": properties}
    said["messageId"] = f"rec-{ticket.id & (2**64 - 1):016x}-{about}"
    if event.at is not None:
        said["timestamp"] = event.at.isoformat()
    return said


def _who(merchant: Merchant, ticket: Ticket, anonymous_id: str) -> dict[str, str]:
    """The visitor; else the customer the answer was for; else somebody who is never seen again."""
    if anonymous_id:
        return {"anonymousId": anonymous_id}
    if ticket.customer_id:
        numbers = Identity.objects.for_merchant(merchant).filter(
            customer=ticket.customer_id, kind=Identity.Kind.EXTERNAL_ID
        )
        if number := numbers.order_by("-pk").values_list("value", flat=True).first():
            return {"userId": number}
    return {"anonymousId": f"{NAMELESS}{ticket.id & (2**64 - 1):016x}"}
