"""The one place where points change: an account is locked, its lots are changed, and every change is written down.

Of a person's account one transaction at a time: it holds the customer's row, as orders do. Whoever needs a redemption's
row, or counts of limits, as well takes the customer's row first, so that nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.events import publish
from customers.models import Customer
from promotions.events import PointsActivated
from promotions.models import Member, PointEntry, PointLot

Kind = PointEntry.Kind
# Points that come back after their lot expired can still be spent so long.
SECOND_CHANCE = timedelta(days=14)
_CHANGED = ["points", "pending", "left", "lapsed", "activates_at", "activated_at", "expires_at"]


class Account:
    """A member's lots under lock. Nothing is stored before ``close``; use it through ``opened``."""

    def __init__(self, member: Member, now: datetime) -> None:
        self.member, self.now = member, now
        self.entries: list[PointEntry] = []
        rows = PointLot.objects.for_merchant(member.merchant_id).filter(customer=member.customer_id)
        # Everything that can change by itself or be spent; others are fetched when something becomes of them.
        open_lots = rows.filter(models.Q(pending__gt=0) | models.Q(left__gt=0))
        self._lots: dict[int, PointLot] = {lot.pk: lot for lot in open_lots.order_by("earned_at", "pk")}
        self._touched: set[int] = set()
        self.activated = 0

    @property
    def available(self) -> int:
        """What can be spent at this moment."""
        return max(self._left() - self.member.debt, 0)

    def lot(self, pk: int) -> PointLot | None:
        """One of the account's lots; None for one that belongs to somebody else."""
        if pk not in self._lots:
            rows = PointLot.objects.for_merchant(self.member.merchant_id)
            found = rows.filter(pk=pk, customer=self.member.customer_id).first()
            if found is None:
                return None
            self._lots[pk] = found
        return self._lots[pk]

    # --- by themselves ---------------------------------------------------------------------------------------------

    def bring_up_to_date(self) -> None:
        """What is due by the clock: pending points become spendable, old ones expire."""
        for lot in self._oldest_first():
            if lot.pending and lot.activates_at <= self.now:
                self._activate(lot)
        for lot in self._oldest_first():
            if lot.left and lot.expires_at and lot.expires_at <= self.now:
                gone, lot.left = lot.left, 0
                lot.lapsed += gone
                self._enter(Kind.EXPIRE, lot, points=-gone)

    def _activate(self, lot: PointLot) -> None:
        points, lot.pending, lot.activated_at = lot.pending, 0, self.now
        lot.left += points
        self.activated += points
        self._enter(Kind.ACTIVATE, lot, points=points, pending=-points, order=lot.order_id)
        self._pay_debt()

    # --- by what happens ---------------------------------------------------------------------------------------------

    def add_lot(self, lot: PointLot, points: int, kind: Kind = Kind.EARN, **about: Any) -> PointLot:
        """A new lot of so many points; those that are due at once can be spent at once."""
        lot.merchant_id, lot.customer_id = self.member.merchant_id, self.member.customer_id
        lot.save(force_insert=True)
        self._lots[lot.pk] = lot
        if points and lot.activates_at <= self.now:
            lot.points, lot.activated_at = points, self.now
            self._credit(lot, points, kind, **about)
        elif points:
            self.set_worth(lot, points, **about)
        return lot

    def wait_until(self, lot: PointLot, moment: datetime, *, expires_at: datetime | None) -> None:
        """A lot that is still pending waits until then."""
        lot.activates_at, lot.expires_at = moment, expires_at
        self._touched.add(lot.pk)

    def set_worth(self, lot: PointLot, points: int, **about: Any) -> None:
        """What the lot's cause is worth from now on: the difference comes, or goes.

        What is no longer there to be taken is taken from other lots, and then owed; what had expired is not asked for.
        """
        difference, lot.points = points - lot.points, points
        about.setdefault("order", lot.order_id)
        if difference == 0:
            return
        if lot.activated_at is None:
            lot.pending += difference
            kind = Kind.EARN if difference > 0 else Kind.REVERSE
            self._enter(kind, lot, pending=difference, **about)
        elif difference > 0:
            self._credit(lot, difference, Kind.EARN, **about)
        else:
            self._reverse(lot, -difference, **about)

    def _reverse(self, lot: PointLot, points: int, **about: Any) -> None:
        points -= self._debit(lot, points, Kind.REVERSE, **about)
        forgiven = min(points, lot.lapsed)
        lot.lapsed -= forgiven
        self._touched.add(lot.pk)
        self._take_or_owe(points - forgiven, Kind.REVERSE, **about)

    def spend(self, points: int, *, kind: Kind = Kind.BURN, owing: bool = False, **about: Any) -> None:
        """The oldest first. Raises DomainError ``not_enough_points`` unless ``owing``: the rest is then owed."""
        if points > self.available and not owing:
            raise DomainError(
                "not_enough_points",
                _("There are %(available)s points to spend.") % {"available": self.available},
                available=self.available,
            )
        self._take_or_owe(points, kind, **about)

    def give_back(self, lot: PointLot, points: int, **about: Any) -> None:
        """Points that were spent return to their lot; one that has expired meanwhile gets a second chance."""
        if lot.expires_at and lot.expires_at <= self.now:
            lot.expires_at = self.now + SECOND_CHANCE
        self._credit(lot, points, Kind.RESTORE, **about)

    # --- mechanics ---------------------------------------------------------------------------------------------------

    def _take_or_owe(self, points: int, kind: Kind, **about: Any) -> None:
        for lot in self._oldest_first():
            points -= self._debit(lot, points, kind, **about)
        if points:
            self.member.debt += points
            self._enter(kind, None, points=-points, **about)

    def _debit(self, lot: PointLot, most: int, kind: Kind, **about: Any) -> int:
        taken = min(lot.left, most)
        if taken:
            lot.left -= taken
            self._enter(kind, lot, points=-taken, **about)
        return taken

    def _credit(self, lot: PointLot, points: int, kind: Kind, **about: Any) -> None:
        lot.left += points
        self._enter(kind, lot, points=points, **about)
        self._pay_debt()

    def _pay_debt(self) -> None:
        """What is owed is paid before anything can be spent."""
        for lot in self._oldest_first():
            paid = min(self.member.debt, lot.left)
            if paid:
                lot.left -= paid
                self.member.debt -= paid
                self._enter(Kind.SETTLE, lot, points=-paid)
                self._enter(Kind.SETTLE, None, points=paid)

    def _oldest_first(self) -> list[PointLot]:
        return sorted(self._lots.values(), key=lambda lot: (lot.earned_at, lot.pk))

    def _left(self) -> int:
        return sum(lot.left for lot in self._lots.values())

    def _enter(self, kind: Kind, lot: PointLot | None, *, points: int = 0, pending: int = 0, **about: Any) -> None:
        if lot is not None:
            self._touched.add(lot.pk)
        if isinstance(about.get("order"), int):
            about["order_id"] = about.pop("order")
        self.entries.append(
            PointEntry(
                merchant_id=self.member.merchant_id,
                customer_id=self.member.customer_id,
                lot=lot,
                kind=kind,
                points=points,
                pending=pending,
                created_at=self.now,
                **about,
            )
        )

    def store(self) -> None:
        """Write down what was done so far; what is read afterwards counts it."""
        self._pay_debt()
        touched = [self._lots[pk] for pk in sorted(self._touched)]
        PointLot.objects.for_merchant(self.member.merchant_id).bulk_update(touched, _CHANGED)
        PointEntry.objects.bulk_create(self.entries)
        self.entries = []
        self.member.balance = self._left() - self.member.debt
        self.member.pending = sum(lot.pending for lot in self._lots.values())
        self.member.save(update_fields=["balance", "pending", "debt"])

    def close(self) -> None:
        """Store it, and tell what became spendable."""
        self.store()
        if self.activated:
            publish(
                PointsActivated(
                    merchant_id=self.member.merchant_id, customer_id=self.member.customer_id, points=self.activated
                )
            )


@contextmanager
def opened(merchant_id: int, customer_id: int, *, now: datetime | None = None) -> Iterator[Account]:
    """The person's account, locked and brought up to date; stored at the end, with the caller's transaction or its own."""
    with transaction.atomic():
        account = Account(lock_member(merchant_id, customer_id), now or timezone.now())
        account.bring_up_to_date()
        yield account
        account.close()


def lock_member(merchant_id: int, customer_id: int) -> Member:
    """The member's row, made where there is none, with the customer's row locked until the transaction ends.

    Raises Customer.DoesNotExist for somebody who was merged or erased meanwhile.
    """
    people = Customer.objects.for_merchant(merchant_id).present().filter(pk=customer_id)
    people.select_for_update(no_key=True).values_list("pk", flat=True).get()
    rows = Member.objects.for_merchant(merchant_id).filter(customer=customer_id).select_related("tier")
    found = rows.first()
    if found is None:
        found = Member.objects.create(merchant_id=merchant_id, customer_id=customer_id)
    return found


def recount(merchant_id: int, customer_ids: list[int]) -> None:
    """After a merge, or after it was undone: entries follow their lots, and members are what their ledger says."""
    lots, entries = PointLot.objects.for_merchant(merchant_id), PointEntry.objects.for_merchant(merchant_id)
    for customer_id in customer_ids:
        # An order's points are the points of whoever the order belongs to now.
        lots.filter(order__customer=customer_id).exclude(customer=customer_id).update(customer=customer_id)
    for customer_id in customer_ids:
        entries.filter(lot__customer=customer_id).exclude(customer=customer_id).update(customer=customer_id)
    members = Member.objects.for_merchant(merchant_id).filter(customer__in=customer_ids)
    concerned = {
        *members.values_list("customer", flat=True),
        *lots.filter(customer__in=customer_ids).values_list("customer", flat=True),
        *entries.filter(customer__in=customer_ids).values_list("customer", flat=True),
    }
    for customer_id in sorted(concerned):
        owed = entries.filter(customer=customer_id, lot=None).aggregate(sum=Sum("points"))["sum"] or 0
        with transaction.atomic():
            member = lock_member(merchant_id, customer_id)
            member.debt = max(-owed, 0)
            Account(member, timezone.now()).close()
