"""Where people bought, and when their money came: at once, by invoice, late, or never. Pure.

Nothing that would lie after ``now`` has happened.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from cxapp.demo.chance import Lot
from cxapp.demo.ledger import OrderPlan, PaymentPlan

CHANNELS = {"web": 0.74, "app": 0.19, "social": 0.03, "pos": 0.025, "support": 0.015}
FAITHFUL = 0.8  # how often people come by their own channel
INVOICE, PREPAYMENT, DEBIT = "invoice", "prepayment", "sepa"
PERIOD = timedelta(days=14)
NEVER = 0.01
# What the shop pays: per parcel, per return, and by payment method (share of the total, amount per order).
PARCEL_COST, RETURN_COST = 430, 560
FEES = {
    "paypal": ("0.0249", 35),
    "invoice": ("0.0290", 49),
    "card": ("0.0140", 25),
    "sepa": ("0.0030", 20),
    "prepayment": ("0", 0),
}


class Earnings:
    """Channels and payments of one shop's orders."""

    def __init__(self, rng: np.random.Generator, people: int, now: datetime) -> None:
        self.rng, self.now = rng, now
        self.channels = Lot(CHANNELS)
        self.favourites = [self.channels.draw(rng) for _person in range(people)]
        # Days after the due day on which somebody pays; most are early.
        self.tardiness = rng.normal(-4, 6, people)

    def note(self, order: OrderPlan) -> None:
        """The order's channel, and its payment if the money came."""
        faithful = self.rng.random() < FAITHFUL
        order.channel = self.favourites[order.person] if faithful else self.channels.draw(self.rng)
        if not order.total or (order.state == "cancelled" and not order.refunds):
            return
        at, due = self._paid(order)
        if at <= self.now and self.rng.random() >= NEVER:
            due_on = due.date() if due else None
            order.payments.append(PaymentPlan(f"Z-{order.number}", order.total, order.payment, at, due_on))

    def _paid(self, order: OrderPlan) -> tuple[datetime, datetime | None]:
        if order.payment == INVOICE:
            due = order.placed_at + timedelta(days=2) + PERIOD
            late = float(self.tardiness[order.person] + self.rng.normal(0, 3))
            return max(due + timedelta(days=late), order.placed_at + timedelta(days=1)), due
        if order.payment == PREPAYMENT:
            return order.placed_at + timedelta(days=float(self.rng.uniform(0.4, 2.5))), None
        if order.payment == DEBIT:
            return order.placed_at + timedelta(days=2), None
        return order.placed_at + timedelta(seconds=int(self.rng.integers(5, 120))), None
