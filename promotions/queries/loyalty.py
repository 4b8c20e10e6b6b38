"""Reads about points: the programme, an account, what an order's lines are worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, Sum

from core.money import MAX_AMOUNT
from customers.models import Customer
from merchants.models import Merchant
from orders.models import Order, OrderLine
from orders.pricing import amount_of_units, goods_paid
from promotions.models import LoyaltyProgram, Member, PointEntry, PointLot, Reward, Tier
from promotions.pricing.points import Bought, months_later, worth


def programme(merchant: Merchant | int) -> LoyaltyProgram:
    """The shop's, or an unsaved one that does not run."""
    found = LoyaltyProgram.objects.for_merchant(merchant).first()
    pk = merchant if isinstance(merchant, int) else merchant.pk
    return found or LoyaltyProgram(merchant_id=pk)


def running(merchant: Merchant | int) -> LoyaltyProgram | None:
    """The programme, where it runs."""
    return LoyaltyProgram.objects.for_merchant(merchant).filter(is_active=True).first()


def expiry(program: LoyaltyProgram, starts: datetime) -> datetime | None:
    """So many months later, at the end of that day in the shop's time; None: never."""
    if program.valid_months is None:
        return None
    local = months_later(starts.astimezone(program.merchant.tz), program.valid_months)
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def bought(order: Order) -> list[Bought]:
    """The order's lines, with what was paid for the units that stayed; units leave in the order in which they count."""
    lines = list(OrderLine.objects.for_merchant(order.merchant_id).filter(order=order).select_related("product"))
    paid = goods_paid([line.total for line in lines], discount=order.discount)
    return [_bought(line, amount) for line, amount in zip(lines, paid, strict=True)]


def _bought(line: OrderLine, paid: int) -> Bought:
    gone = line.cancelled + line.returned
    kept = line.quantity - gone
    left = amount_of_units(paid, line.quantity, first=gone, count=kept)
    return Bought(line.product.sku, paid, left, kept)


def member_of(customer: Customer) -> Member | None:
    """The person's account, with its tier; None for somebody who never had points."""
    return Member.objects.for_merchant(customer.merchant_id).filter(customer=customer).select_related("tier").first()


def tiers_of(merchant: Merchant | int) -> list[Tier]:
    """The lowest first."""
    return list(Tier.objects.for_merchant(merchant).order_by("at_least"))


def rewards_of(merchant: Merchant | int) -> list[Reward]:
    """Those on offer, the cheapest first."""
    rows = Reward.objects.for_merchant(merchant).filter(is_active=True)
    return list(rows.select_related("batch").order_by("points", "pk"))


def next_to_expire(customer: Customer) -> PointLot | None:
    """The lot whose points are lost first, if any are."""
    rows = PointLot.objects.for_merchant(customer.merchant_id).filter(customer=customer, left__gt=0)
    return rows.exclude(expires_at=None).order_by("expires_at", "pk").first()


def next_to_activate(customer: Customer) -> PointLot | None:
    """The lot that can be spent next."""
    rows = PointLot.objects.for_merchant(customer.merchant_id).filter(customer=customer, pending__gt=0)
    return rows.order_by("activates_at", "pk").first()


def payable(program: LoyaltyProgram, balance: int) -> int:
    """What the points come to as payment, in minor units."""
    return min(worth(max(balance, 0), program.value_of_hundred), MAX_AMOUNT)


def standing(program: LoyaltyProgram, customer_ids: Iterable[int], since: datetime) -> dict[int, int]:
    """By customer: what counts towards tiers, since a moment. Points that staff gave or that came back do not."""
    if program.tier_basis == LoyaltyProgram.Basis.POINTS:
        return _earned(program.merchant_id, customer_ids, since)
    orders = Order.objects.for_merchant(program.merchant_id).counted()
    rows = orders.filter(customer__in=customer_ids, placed_at__gte=since).order_by()
    sums: Any = rows.values_list("customer").annotate(total=Sum("total"), back=Sum("refunded"))
    return {customer: total - back for customer, total, back in sums}


def _earned(merchant_id: int, customer_ids: Iterable[int], since: datetime) -> dict[int, int]:
    lots = PointLot.objects.for_merchant(merchant_id).filter(customer__in=customer_ids, earned_at__gte=since)
    rows = lots.exclude(kind__in=(PointLot.Kind.GIFT, PointLot.Kind.RESTORED)).order_by()
    return dict(rows.values_list("customer").annotate(sum=Sum("points")))


def totals(merchant: Merchant) -> dict[str, int]:
    """What the members of a shop hold together."""
    sums = (
        Member.objects.for_merchant(merchant)
        .order_by()
        .aggregate(balance=Sum("balance"), pending=Sum("pending"), debt=Sum("debt"))
    )
    return {name: value or 0 for name, value in sums.items()}


def tier_segments(merchant_id: int, customers: Sequence[Customer]) -> dict[int, list[str]]:
    """Where members stand, as promotions ask for it: ``tier:gold``; nobody where no programme runs."""
    rows = Member.objects.for_merchant(merchant_id).filter(
        customer__in=[customer.pk for customer in customers],
        tier__isnull=False,
        merchant__in=_running_merchants(merchant_id),
    )
    return {pk: [f"tier:{key}"] for pk, key in rows.values_list("customer", "tier__key")}


def tier_members(merchant: Merchant, segment: str) -> Q | None:
    """Who is in ``tier:KEY``; None for another kind of segment."""
    kind, _colon, key = segment.partition(":")
    if kind != "tier":
        return None
    rows = Member.objects.for_merchant(merchant).filter(tier__key=key, merchant__in=_running_merchants(merchant.pk))
    return Q(pk__in=rows.values("customer"))


def _running_merchants(merchant_id: int) -> Any:
    return LoyaltyProgram.objects.for_merchant(merchant_id).filter(is_active=True).values("merchant")


def ledger_of(customer: Customer) -> Any:
    """Every entry of the person, for a keyset page."""
    rows = PointEntry.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    return rows.select_related("lot", "order", "coupon", "redemption__order")
