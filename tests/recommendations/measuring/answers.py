"""Answers that were given, for tests of what became of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from catalog.models import Product
from customers.models import Event
from merchants.models import Merchant
from recommendations.measuring import tickets
from recommendations.measuring.folding import SETTLED

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOW + SETTLED * 2


def answer(
    products: Sequence[Product],
    *,
    placement: str = "home",
    arm: str = "treated",
    customer_id: int | None = None,
    at: datetime = NOW,
) -> str:
    """The ticket of an answer made at ``at``."""
    with patch.object(tickets.time, "time", return_value=at.timestamp()):
        return tickets.issue(
            products[0].merchant_id,
            tickets.new_id(),
            placement=placement,
            arm=arm,
            customer_id=customer_id,
            products=[product.pk for product in products],
            sources=[1] * len(products),
        )


def track(
    merchant: Merchant,
    name: str,
    ticket: str,
    *,
    at: datetime = NOW + timedelta(minutes=1),
    received_at: datetime | None = None,
    customer_id: int | None = None,
    visitor: str = "",
    is_bot: bool = False,
    **properties: Any,
) -> Event:
    """An event as the tracking API stores it."""
    return Event.objects.create(
        merchant=merchant,
        occurred_at=at,
        received_at=received_at or NOW,
        customer_id=customer_id,
        is_bot=is_bot,
        kind="track",
        channel="web",
        name=name,
        anonymous_id=visitor,
        message_id=f"m-{Event.objects.all_merchants().count()}",
        properties={"recommendation_id": ticket, **properties},
    )
