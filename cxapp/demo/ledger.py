"""What the generator says happened: orders with all that followed, and what people agreed to. Plain values, pure.

Products and people are indices into the shop's lists, order lines indices into their order's; amounts are gross minor
units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any


@dataclass(slots=True)
class LinePlan:
    """``paid`` is the total less the line's share of the order's discount."""

    product: int
    quantity: int
    unit_price: int
    tax_rate: Decimal
    discount: int
    total: int = 0
    paid: int = 0
    cancelled: int = 0
    returned: int = 0
    refunded: int = 0

    @property
    def gone(self) -> int:
        """Units cancelled or returned so far."""
        return self.cancelled + self.returned


@dataclass(slots=True)
class ParcelPlan:
    """``units`` by line; ``events`` are (code, moment); nothing in it lies in the future."""

    reference: str
    carrier: str
    tracking_number: str
    shipped_at: datetime
    expected_on: date
    units: dict[int, int]
    events: list[tuple[str, datetime]] = field(default_factory=list)
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReturnPlan:
    """``units`` and ``refunds`` by line."""

    reference: str
    received_at: datetime
    reason: str
    units: Mapping[int, int]
    refunds: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """``parcel`` is the index of the return it pays for, if any."""

    amount: int
    refunded_at: datetime
    reason: str
    parcel: int | None = None


@dataclass(frozen=True, slots=True)
class PaymentPlan:
    """Money that came in."""

    reference: str
    amount: int
    method: str
    paid_at: datetime
    due_on: date | None


@dataclass(slots=True)
class OrderPlan:
    """An order and everything that came after it. ``notice`` is the version of the advertising notice shown, if any."""

    number: str
    person: int
    placed_at: datetime
    lines: list[LinePlan]
    shipping: int
    discount: int
    total: int
    tax: int
    payment: str
    coupons: tuple[str, ...]
    promised_on: date
    notice: str
    state: str = "placed"
    cancelled_at: datetime | None = None
    cancellation_reason: str = ""
    parcels: list[ParcelPlan] = field(default_factory=list)
    returns: list[ReturnPlan] = field(default_factory=list)
    refunds: list[RefundPlan] = field(default_factory=list)
    channel: str = "web"
    payments: list[PaymentPlan] = field(default_factory=list)

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds)


@dataclass(frozen=True, slots=True)
class StatementPlan:
    """One consent record; ``purpose`` empty: all. ``person`` is an index."""

    person: int
    kind: str
    purpose: str
    text_version: str
    source: str
    occurred_at: datetime
    evidence: Mapping[str, Any]
