"""Money comes in: noted once per reference, and never more than the order costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.events import publish
from orders.actions.facts import lock_customers, recount_customer
from orders.actions.units import lock_order, refuse_far_future
from orders.events import OrderPaid
from orders.models import Order, Payment


@dataclass(frozen=True, kw_only=True)
class PaymentData:
    """A payment; an empty ``method`` is the order's own, ``due_on`` None was due at once."""

    reference: str
    amount: int
    method: str = ""
    paid_at: datetime | None = None
    due_on: date | None = None


@dataclass(frozen=True)
class RecordedPayment:
    order: Order
    payment: Payment
    is_new: bool


@transaction.atomic
def record_payment(order: Order, data: PaymentData) -> RecordedPayment:
    """Store a payment, once per reference; publishes ``OrderPaid``.

    Raises DomainError: ``payment_too_high`` (with ``open``) for more than is left of the total, ``payment_differs``
    for another amount under a known reference.
    """
    refuse_far_future([data.paid_at], field="paid_at")
    order = lock_order(order)
    known = Payment.objects.for_merchant(order.merchant_id).filter(order=order, reference=data.reference).first()
    if known:
        _require_same(known, data)
        return RecordedPayment(order, known, is_new=False)
    _require_open(order, data.amount)
    payment = Payment.objects.create(
        merchant_id=order.merchant_id,
        order=order,
        reference=data.reference,
        amount=data.amount,
        method=data.method or order.payment_method,
        paid_at=data.paid_at or timezone.now(),
        due_on=data.due_on,
    )
    lock_customers(order.merchant, [order.customer_id])
    recount_customer(order.merchant, order.customer_id)
    publish(OrderPaid(merchant_id=order.merchant_id, order_id=order.pk, payment_id=payment.pk))
    return RecordedPayment(order, payment, is_new=True)


def _require_same(payment: Payment, data: PaymentData) -> None:
    """What is left out says nothing; what is said must be what is stored."""
    given = [("amount", data.amount), ("method", data.method), ("paid_at", data.paid_at), ("due_on", data.due_on)]
    if any(value and getattr(payment, name) != value for name, value in given):
        raise DomainError("payment_differs", _("This payment is stored with another amount, method or day."))


def _require_open(order: Order, amount: int) -> None:
    payments = Payment.objects.for_merchant(order.merchant_id).filter(order=order)
    paid: int = payments.aggregate(paid=Sum("amount", default=0))["paid"]
    left = max(order.total - paid, 0)
    if amount > left:
        raise DomainError(
            "payment_too_high",
            _("%(amount)s is more than what is left to pay: %(left)s.") % {"amount": amount, "left": left},
            open=left,
        )
