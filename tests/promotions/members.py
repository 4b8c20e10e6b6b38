"""A loyalty programme, and orders that earn in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from customers.actions.profiles import Person
from customers.models import Customer
from merchants.models import Merchant
from orders.actions.placement import place_order
from orders.actions.returns import ReturnData, ReturnUnits, record_return
from orders.models import Order
from promotions.actions.loyalty.checking import check_ledger
from promotions.models import LoyaltyProgram, Member, PointEntry, PointLot
from tests.orders.samples import line, order_data


def open_programme(merchant: Merchant, **said: Any) -> LoyaltyProgram:
    """A point per euro, spendable after 30 days, unless said otherwise."""
    facts: dict[str, Any] = {"is_active": True, "value_of_hundred": 100} | said
    return LoyaltyProgram.objects.create(merchant=merchant, **facts)


def order(
    merchant: Merchant,
    number: str,
    *lines: tuple[int, int],
    who: str = "c-1",
    days_ago: int = 0,
    codes: tuple[str, ...] = (),
    version: int = 1,
    **person: str,
) -> Order:
    """An order of lines (quantity, unit price) that was placed so many days ago."""
    sold = [line(f"S-{at}", quantity, price) for at, (quantity, price) in enumerate(lines, start=1)]
    data = order_data(
        *sold,
        number=number,
        version=version,
        placed_at=timezone.now() - timedelta(days=days_ago),
        customer=Person(external_id=who, email=f"{who}@example.org", **person) if who else None,
        coupon_codes=list(codes),
    )
    return place_order(merchant, data).order


def send_back(sold: Order, reference: str, quantity: int, position: int = 1) -> None:
    record_return(sold, ReturnData(reference=reference, lines=[ReturnUnits(position=position, quantity=quantity)]))


def customer(merchant: Merchant, who: str = "c-1") -> Customer:
    return Customer.objects.for_merchant(merchant).get(identities__value=who)


def account(merchant: Merchant, who: str = "c-1") -> tuple[int, int]:
    """What can be spent, and what is pending; both checked against the ledger."""
    member = Member.objects.for_merchant(merchant).get(customer__identities__value=who)
    sums = PointEntry.objects.for_merchant(merchant).filter(customer=member.customer_id)
    told = sums.aggregate(points=Sum("points"), pending=Sum("pending"))
    held = PointLot.objects.for_merchant(merchant).filter(customer=member.customer_id).aggregate(left=Sum("left"))
    assert (member.balance, member.pending) == (told["points"] or 0, told["pending"] or 0)
    assert member.balance == (held["left"] or 0) - member.debt
    assert check_ledger(merchant).count == 0
    return member.balance, member.pending
