"""How long points wait: so many days from the delivery, or from the order where no delivery is known."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max

from customers.models import Customer
from orders.models import Order, Shipment
from promotions.actions.loyalty.ledger import opened
from promotions.models import LoyaltyProgram, PointLot
from promotions.pricing.points import Terms
from promotions.queries.loyalty import expiry


def waiting_terms(program: LoyaltyProgram, terms: Terms) -> dict[str, Any]:
    """The terms of a lot, with the days that counted when it was earned."""
    return terms.as_json() | {"days": program.pending_days}


def waits_until(order: Order, days: int) -> datetime:
    """When an order's points can be spent, as far as is known now: the last parcel counts."""
    parcels = Shipment.objects.for_merchant(order.merchant_id).filter(order=order)
    arrived = parcels.aggregate(last=Max("delivered_at"))["last"]
    return (arrived or order.placed_at) + timedelta(days=days)


def wait_from_delivery(order: Order) -> None:
    """A parcel arrived: the order's points wait from now on. Those that can be spent already stay."""
    program = LoyaltyProgram.objects.for_merchant(order.merchant_id).select_related("merchant").first()
    rows = PointLot.objects.for_merchant(order.merchant_id).filter(order=order, activated_at=None)
    lots = list(rows.exclude(customer=None).order_by("customer", "pk").values_list("customer", "pk"))
    if program is None:
        return
    for customer_id, number in lots:
        try:
            with opened(order.merchant_id, customer_id) as account:
                lot = account.lot(number)
                if lot is not None and lot.activated_at is None:
                    activates = waits_until(order, lot.terms.get("days", program.pending_days))
                    account.wait_until(lot, activates, expires_at=expiry(program, activates))
        except Customer.DoesNotExist:
            continue  # merged or erased meanwhile: the event comes again, or there is nobody
