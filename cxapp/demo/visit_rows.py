"""Tracked events of a demo shop as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from customers.models import Customer, Event
from cxapp.demo.visits import TrackedPlan, arrived
from merchants.models import Merchant


def event_rows(merchant: Merchant, customers: Mapping[int, Customer], plans: Sequence[TrackedPlan]) -> list[Event]:
    """In the order of their arrival. Guests are people whom no profile knows: their events belong to nobody."""
    ids: dict[int | None, int] = {person: customer.pk for person, customer in customers.items()}
    return [
        Event(
            merchant_id=merchant.pk,
            occurred_at=plan.at,
            received_at=arrived(plan.at),
            customer_id=ids.get(plan.person),
            is_bot=plan.is_bot,
            kind=plan.kind,
            channel=plan.channel,
            name=plan.name,
            anonymous_id=plan.visitor,
            message_id=f"demo-{number}",
            properties=dict(plan.properties),
            context=dict(plan.context),
        )
        for number, plan in enumerate(plans, start=1)
    ]
