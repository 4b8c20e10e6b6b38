"""A parcel leaves, is on its way, and arrives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.events import publish
from orders.actions.facts import lock_customers, recount_customer
from orders.actions.progress import advance_state
from orders.actions.units import Units, lines_of, lock_order, pick_lines, refuse_far_future, shipped_units
from orders.events import OrderDelivered, OrderShipped
from orders.models import Order, OrderLine, Shipment, ShipmentLine, TrackingEvent

DETAILS = ("carrier", "tracking_number", "tracking_url", "shipped_at", "expected_on")


@dataclass(frozen=True, kw_only=True)
class TrackingData:
    """What the carrier said; ``code`` is one of ``TrackingEvent.Code``."""

    code: str
    occurred_at: datetime
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class ShipmentData:
    """A parcel, new or with news. Empty details keep what is stored; ``lines`` None is all that is not shipped."""

    reference: str
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    shipped_at: datetime | None = None
    expected_on: date | None = None
    lines: Sequence[Units] | None = None
    events: Sequence[TrackingData] = ()


@dataclass(frozen=True)
class RecordedShipment:
    order: Order
    shipment: Shipment
    is_new: bool


@transaction.atomic
def record_shipment(order: Order, data: ShipmentData) -> RecordedShipment:
    """Store a parcel, once per reference, or add to what is known of it; publishes ``OrderShipped``, ``OrderDelivered``.

    In whichever order the calls arrive, the outcome is the same, and delivered stays delivered.
    Raises DomainError: ``order_cancelled``, ``nothing_to_ship``, ``more_than_open``, ``shipment_differs`` (other
    lines for a known parcel); InvalidInput for lines that the order lacks.
    """
    refuse_far_future([data.shipped_at, *(event.occurred_at for event in data.events)], field="shipped_at")
    order = lock_order(order)
    known = Shipment.objects.for_merchant(order.merchant_id).filter(order=order, reference=data.reference).first()
    shipment = _update(order, known, data) if known else _send(order, data)
    _note_events(shipment, data.events)
    advance_state(order)
    if known is None:
        lock_customers(order.merchant, [order.customer_id])
        recount_customer(order.merchant, order.customer_id)
    return RecordedShipment(order, shipment, is_new=known is None)


def _send(order: Order, data: ShipmentData) -> Shipment:
    if order.state == Order.State.CANCELLED:
        raise DomainError("order_cancelled", _("A cancelled order cannot be shipped."))
    contents = _contents(order, data)
    shipment = Shipment.objects.create(
        merchant_id=order.merchant_id,
        order=order,
        reference=data.reference,
        **{name: getattr(data, name) for name in DETAILS} | {"shipped_at": data.shipped_at or timezone.now()},
    )
    ShipmentLine.objects.bulk_create(
        ShipmentLine(merchant_id=order.merchant_id, shipment=shipment, order_line=line, quantity=quantity)
        for line, quantity in contents
    )
    publish(OrderShipped(merchant_id=order.merchant_id, order_id=order.pk, shipment_id=shipment.pk))
    return shipment


def _contents(order: Order, data: ShipmentData) -> list[tuple[OrderLine, int]]:
    """Lines with units; a returned unit was shipped before, even if we hear of it later."""
    lines, shipped = lines_of(order), shipped_units(order)
    left = {line.pk: line.quantity - line.cancelled - shipped.get(line.pk, 0) for line in lines}
    if data.lines is None:
        contents = [(line, left[line.pk]) for line in lines if left[line.pk]]
    else:
        contents = [(pick.line, pick.units.quantity) for pick in pick_lines(lines, data.lines)]
    if not contents:
        raise DomainError("nothing_to_ship", _("All units of this order are shipped or cancelled."))
    for line, quantity in contents:
        if quantity > left[line.pk]:
            raise DomainError(
                "more_than_open",
                _("Of %(title)s only %(left)s units are left to ship.") % {"title": line.title, "left": left[line.pk]},
            )
    return contents


def _update(order: Order, shipment: Shipment, data: ShipmentData) -> Shipment:
    _require_same_contents(order, shipment, data)
    given = [name for name in DETAILS if getattr(data, name)]
    changed = [name for name in given if getattr(shipment, name) != getattr(data, name)]
    for name in changed:
        setattr(shipment, name, getattr(data, name))
    if changed:
        shipment.save(update_fields=changed)
    return shipment


def _require_same_contents(order: Order, shipment: Shipment, data: ShipmentData) -> None:
    if data.lines is None:
        return
    stored = {row.order_line_id: row.quantity for row in shipment.lines.all()}
    given = {pick.line.pk: pick.units.quantity for pick in pick_lines(lines_of(order), data.lines)}
    if stored != given:
        raise DomainError("shipment_differs", _("This parcel is stored with other contents."))


def _note_events(shipment: Shipment, events: Sequence[TrackingData]) -> None:
    TrackingEvent.objects.bulk_create(
        [
            TrackingEvent(
                merchant_id=shipment.merchant_id,
                shipment=shipment,
                code=event.code,
                text=event.text,
                occurred_at=event.occurred_at,
            )
            for event in events
        ],
        ignore_conflicts=True,
    )
    arrivals = [event.occurred_at for event in events if event.code == TrackingEvent.Code.DELIVERED]
    if arrivals:
        _deliver(shipment, min(arrivals))


def _deliver(shipment: Shipment, at: datetime) -> None:
    """The earliest arrival counts, whichever we hear of first."""
    is_news = shipment.delivered_at is None
    if shipment.delivered_at is None or at < shipment.delivered_at:
        shipment.delivered_at = at
        shipment.save(update_fields=["delivered_at"])
    if is_news:
        publish(OrderDelivered(merchant_id=shipment.merchant_id, order_id=shipment.order_id, shipment_id=shipment.pk))
