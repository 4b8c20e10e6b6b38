"""A demo shop's loyalty programme: points of the last year's orders, tiers, rewards, and what members spent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from customers.models import Customer
from merchants.models import Merchant
from orders.models import Order, OrderLine
from orders.pricing import amount_of_units, goods_paid
from promotions.actions.loyalty.checking import check_and_note
from promotions.actions.loyalty.programme import RewardData, add_reward
from promotions.models import LoyaltyProgram, Member, PointEntry, PointLot, Tier
from promotions.pricing.points import Bought, Terms, due
from promotions.queries.loyalty import expiry

DAYS = 365
PENDING = timedelta(days=30)
STEPS = {"silver": (250, 125), "gold": (600, 150)}
NAMES = {"de": {"silver": "Silber", "gold": "Gold"}, "en": {"silver": "Silver", "gold": "Gold"}}
BENEFITS = {
    "de": {"silver": "Ein Viertel mehr Punkte.", "gold": "Die Hälfte mehr Punkte und früher Zugang zum Sale."},
    "en": {"silver": "A quarter more points.", "gold": "Half more points, and early access to the sale."},
}
SPENDERS = 0.2


def add_loyalty(merchant: Merchant, *, seed: int, now: datetime) -> int:
    """Everything, in bulk; returns how many entries were written."""
    program = LoyaltyProgram.objects.create(
        merchant=merchant,
        is_active=True,
        value_of_hundred=100,
        burn_from=100,
        review_points=20,
        referral_points=300,
        invited_points=100,
        referral_at_least=2500,
    )
    tiers = _tiers(merchant)
    words = ("5 € Rabatt", "10 € Rabatt") if merchant.language == "de" else ("5 off", "10 off")
    for key, name, points, amount in (("five", words[0], 500, 500), ("ten", words[1], 900, 1000)):
        data = RewardData(key=key, name=name, points=points, amount=amount, at_least=4 * amount)
        add_reward(merchant, data, staff=None)
    lots, earned = _lots(merchant, program, now)
    PointLot.objects.bulk_create(lots, batch_size=5000)
    writer = _Writer(merchant, np.random.default_rng(seed), now)
    for lot in lots:
        writer.earn(lot, earned[lot.key])
    writer.spend(lots)
    PointLot.objects.for_merchant(merchant).bulk_update(
        [lot for lot in lots if lot.pk in writer.spent], ["left"], batch_size=2000
    )
    PointEntry.objects.bulk_create(sorted(writer.entries, key=lambda entry: entry.created_at), batch_size=5000)
    Member.objects.bulk_create(_members(merchant, lots, tiers, now), batch_size=5000)
    check_and_note(program)
    return len(writer.entries)


def _tiers(merchant: Merchant) -> list[Tier]:
    language = "de" if merchant.language == "de" else "en"
    return [
        Tier.objects.create(
            merchant=merchant,
            key=key,
            name=NAMES[language][key],
            at_least=at_least,
            hundredths=hundredths,
            benefits=BENEFITS[language][key],
        )
        for key, (at_least, hundredths) in STEPS.items()
    ]


def _lots(merchant: Merchant, program: LoyaltyProgram, now: datetime) -> tuple[list[PointLot], dict[str, int]]:
    """A lot for each order of a known person, and what it was worth before anything came back."""
    orders = Order.objects.for_merchant(merchant).filter(placed_at__gte=now - timedelta(days=DAYS))
    placed = list(orders.exclude(customer=None).order_by("placed_at", "pk"))
    by_order: dict[int, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.for_merchant(merchant).filter(order__in=orders).order_by("pk").iterator():
        by_order[line.order_id].append(line)
    terms = Terms(each=program.each, per=program.per)
    lots, earned = [], {}
    for order in placed:
        lines = [_bought(line, paid) for line, paid in _paid(order, by_order[order.pk])]
        whole = [Bought(line.sku, line.paid, line.paid, 1) for line in lines]
        lot = _lot(program, order, terms, due(terms, lines), now)
        lots.append(lot)
        earned[lot.key] = due(terms, whole)
    return lots, earned


def _paid(order: Order, lines: list[OrderLine]) -> Iterable[tuple[OrderLine, int]]:
    return zip(lines, goods_paid([line.total for line in lines], discount=order.discount), strict=True)


def _bought(line: OrderLine, paid: int) -> Bought:
    gone = line.cancelled + line.returned
    kept = line.quantity - gone
    return Bought("", paid, amount_of_units(paid, line.quantity, first=gone, count=kept), kept)


def _lot(program: LoyaltyProgram, order: Order, terms: Terms, points: int, now: datetime) -> PointLot:
    activates = order.placed_at + PENDING
    is_active = activates <= now
    return PointLot(
        merchant_id=order.merchant_id,
        customer_id=order.customer_id,
        kind=PointLot.Kind.ORDER,
        key=f"order:{order.pk}:{order.customer_id}",
        order=order,
        terms=terms.as_json(),
        points=points,
        pending=0 if is_active else points,
        left=points if is_active else 0,
        earned_at=order.placed_at,
        activates_at=activates,
        activated_at=activates if is_active else None,
        expires_at=expiry(program, activates),
    )


class _Writer:
    """The entries that led to the lots as they are."""

    def __init__(self, merchant: Merchant, random: np.random.Generator, now: datetime) -> None:
        self.merchant, self._random, self._now = merchant, random, now
        self.entries: list[PointEntry] = []
        self.spent: set[int] = set()

    def earn(self, lot: PointLot, whole: int) -> None:
        gone = whole - lot.points
        self._enter(lot, "earn", lot.earned_at, pending=whole)
        soon = min(timedelta(days=12), (self._now - lot.earned_at) * 0.8)
        self._enter(lot, "reverse", lot.earned_at + soon, pending=-gone)
        if lot.activated_at:
            self._enter(lot, "activate", lot.activated_at, points=lot.points, pending=-lot.points)

    def spend(self, lots: list[PointLot]) -> None:
        """Some members paid a cart with all they had."""
        by_person: dict[Any, list[PointLot]] = defaultdict(list)
        for lot in lots:
            if lot.left:
                by_person[lot.customer_id].append(lot)
        for mine in by_person.values():
            if sum(lot.left for lot in mine) < 100 or self._random.random() > SPENDERS:
                continue
            newest = max(lot.activated_at or lot.earned_at for lot in mine)
            at = newest + (self._now - newest) * float(self._random.uniform(0.2, 0.9))
            for lot in mine:
                self._enter(lot, "burn", at, points=-lot.left)
                lot.left = 0
                self.spent.add(lot.pk)

    def _enter(self, lot: PointLot, kind: str, at: datetime, *, points: int = 0, pending: int = 0) -> None:
        if points or pending:
            is_orders = kind in ("earn", "reverse", "activate")
            self.entries.append(
                PointEntry(
                    merchant_id=lot.merchant_id,
                    customer_id=lot.customer_id,
                    lot=lot,
                    kind=kind,
                    points=points,
                    pending=pending,
                    order_id=lot.order_id if is_orders else None,
                    created_at=at,
                )
            )


def _members(merchant: Merchant, lots: list[PointLot], tiers: list[Tier], now: datetime) -> Iterable[Member]:
    since = dict(Customer.objects.for_merchant(merchant).values_list("pk", "created_at"))
    by_person: dict[int, list[PointLot]] = defaultdict(list)
    for lot in lots:
        if lot.customer_id is not None:
            by_person[lot.customer_id].append(lot)
    for customer_id, mine in sorted(by_person.items()):
        reached = sum(lot.points for lot in mine)
        tier = next((tier for tier in reversed(tiers) if tier.at_least <= reached), None)
        yield Member(
            merchant=merchant,
            customer_id=customer_id,
            balance=sum(lot.left for lot in mine),
            pending=sum(lot.pending for lot in mine),
            tier=tier,
            tier_since=mine[-1].earned_at if tier else None,
            joined_at=max(since[customer_id], now - timedelta(days=DAYS)),
        )
