"""Whatever happens to orders, in whatever order: the ledger adds up, and nobody has more or less than is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.errors import DomainError
from orders.actions.cancellation import CancellationData, cancel_order
from orders.models import Order
from promotions import active
from promotions.actions.loyalty.checking import check_ledger
from promotions.actions.loyalty.clock import turn_due
from promotions.actions.loyalty.ledger import opened
from promotions.actions.redemptions import ReservationData, release, reserve
from promotions.deciding import Basket
from promotions.models import Member, PointEntry, PointLot, Redemption
from promotions.queries.loyalty import bought
from tests.factories import MerchantFactory
from tests.promotions.members import customer, open_programme, order, send_back
from tests.promotions.shops import lines


def refused(work: Callable[[], object]) -> str:
    """Why it was refused; empty where it was not."""
    try:
        with transaction.atomic():
            work()
    except DomainError as error:
        return error.code
    return ""


class Points(RuleBasedStateMachine):
    """One member, a point per euro, no expiry: the balance is what stayed of the orders less what is held."""

    @initialize()
    def begin(self) -> None:
        active.forget()
        self.days, self.sold, self.held, self.spent = 0, [], [], 0
        self.sold: list[Order]
        self.held: list[Redemption]
        self.merchant = MerchantFactory()
        open_programme(self.merchant, valid_months=None, pending_days=5)
        self.buy(1, 1000)

    @property
    def now(self) -> Any:
        return timezone.now() + timedelta(days=self.days)

    @rule(quantity=st.integers(1, 4), price=st.integers(1, 9999))
    def buy(self, quantity: int, price: int) -> None:
        self.sold.append(order(self.merchant, f"A-{len(self.sold)}", (quantity, price)))

    @rule(which=st.integers(0, 99))
    def return_a_unit(self, which: int) -> None:
        sold = self.sold[which % len(self.sold)]
        sold.refresh_from_db()
        reference = f"R-{which}-{timezone.now().timestamp()}"
        assert refused(lambda: send_back(sold, reference, 1)) in ("", "more_than_bought")

    @rule(which=st.integers(0, 99))
    def cancel(self, which: int) -> None:
        sold = self.sold[which % len(self.sold)]
        assert refused(lambda: cancel_order(sold, CancellationData())) in ("", "not_cancellable")

    @rule(days=st.integers(1, 4))
    def wait(self, days: int) -> None:
        self.days += days
        turn_due(now=self.now)

    @rule(points=st.integers(1, 200))
    def spend(self, points: int) -> None:
        there = 0

        def spend() -> None:
            nonlocal there
            with opened(self.merchant.pk, customer(self.merchant).pk, now=self.now) as mine:
                there = mine.available
                mine.spend(points)

        why = refused(spend)
        assert why == ("" if points <= there else "not_enough_points")
        self.spent += 0 if why else points

    @rule(points=st.integers(1, 100))
    def hold(self, points: int) -> None:
        basket = Basket(lines=lines((1, 200)), external_id="c-1", points=points)
        data = ReservationData(basket=basket)
        assert refused(lambda: self.held.append(reserve(self.merchant, data))) in ("", "not_enough_points")

    @precondition(lambda self: self.held)
    @rule()
    def leave(self) -> None:
        release(self.held.pop())

    @invariant()
    def adds_up(self) -> None:
        if not hasattr(self, "merchant"):
            return
        assert check_ledger(self.merchant).count == 0
        member = Member.objects.for_merchant(self.merchant).get()
        entries = list(PointEntry.objects.for_merchant(self.merchant))
        lots = list(PointLot.objects.for_merchant(self.merchant))
        assert member.balance == sum(entry.points for entry in entries) == sum(lot.left for lot in lots) - member.debt
        assert member.pending == sum(entry.pending for entry in entries) == sum(lot.pending for lot in lots)
        due = sum(sum(part.kept_paid for part in bought(sold)) // 100 for sold in self.sold)
        held = sum(redemption.points_spent for redemption in self.held)
        assert member.balance + member.pending == due - held - self.spent


class TestPoints(TestCase):
    """Each run in a transaction of its own."""

    def test_points(self) -> None:
        class Rolled(Points):
            def __init__(self) -> None:
                super().__init__()
                self.point = transaction.savepoint()

            def teardown(self) -> None:
                transaction.savepoint_rollback(self.point)

        few = settings(max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))
        run_state_machine_as_test(Rolled, settings=few)
