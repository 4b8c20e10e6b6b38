"""What promotions keep, and for how long."""

from __future__ import annotations

from datetime import timedelta

import time_machine
from django.utils import timezone

from core.redis import redis_client
from customers.actions.privacy.erasure import erase_lead
from customers.actions.privacy.retention import apply_retention
from customers.models import RetentionPeriod
from merchants.models import Merchant
from promotions.actions.guessing import note_tries
from promotions.actions.loyalty.clock import turn_due
from promotions.actions.redemptions import ReservationData, confirm, expire_due, release, reserve
from promotions.models import LoyaltyProgram, PointEntry, PointLot, Redemption, RedemptionUse, UseCount
from promotions.queries.guessing import asking, guessers
from tests.factories import CustomerFactory
from tests.promotions.members import account, customer, open_programme, order
from tests.promotions.shops import basket, launch, percent

DAY = timedelta(days=1)


def test_carts_that_were_given_up_go_after_thirty_days_and_orders_stay(merchant: Merchant) -> None:
    launch(merchant, "sun", percent(), limits={"uses_limit": 9})
    released, expired, ordered, open_one = (
        reserve(merchant, ReservationData(basket=basket((1, 1000)))) for _ in "1234"
    )
    release(released)
    confirm(ordered, order_number="A-1")
    Redemption.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - DAY)
    assert expire_due() == 1
    assert apply_retention(merchant, now=timezone.now() + 29 * DAY) == []
    [run] = apply_retention(merchant, now=timezone.now() + 31 * DAY)
    assert (run.kind, run.removed) == ("reservations", 2)
    assert set(Redemption.objects.for_merchant(merchant)) == {ordered, open_one}
    assert RedemptionUse.objects.for_merchant(merchant).count() == 2
    assert UseCount.objects.for_merchant(merchant).get().used == 2


def test_a_cart_that_held_points_leaves_their_entries_behind(merchant: Merchant) -> None:
    open_programme(merchant, pending_days=0)
    order(merchant, "A-1", (1, 5000))
    turn_due()
    release(reserve(merchant, ReservationData(basket=basket((1, 1000), customer=customer(merchant), points=10))))
    entries = PointEntry.objects.for_merchant(merchant).exclude(redemption=None).count()
    assert entries
    [run] = apply_retention(merchant, now=timezone.now() + 31 * DAY)
    assert (run.kind, run.removed) == ("reservations", 1)
    assert PointEntry.objects.for_merchant(merchant).filter(kind__in=["burn", "restore"]).count() == entries
    assert account(merchant) == (50, 0)


def test_used_up_points_are_kept_as_long_as_books_and_no_balance_changes_by_it(merchant: Merchant) -> None:
    open_programme(merchant, pending_days=0, valid_months=1)
    order(merchant, "A-1", (1, 5000), days_ago=100)
    turn_due()
    order(merchant, "A-2", (1, 700))
    LoyaltyProgram.objects.update(valid_months=None)
    PointLot.objects.filter(left=7).update(expires_at=None)
    turn_due()
    assert account(merchant) == (7, 0)
    for years, kept in ((9, 2), (11, 1)):
        with time_machine.travel(timezone.now() + years * 366 * DAY):
            apply_retention(merchant)
        assert PointLot.objects.for_merchant(merchant).count() == kept
        assert account(merchant) == (7, 0)


def test_what_a_tier_looks_at_is_kept_whatever_the_period(merchant: Merchant) -> None:
    open_programme(merchant, pending_days=0, valid_months=1, tier_months=120)
    RetentionPeriod.objects.create(merchant=merchant, kind="points", days=1461)
    order(merchant, "A-1", (1, 5000), days_ago=100)
    turn_due()
    for years, is_kept in ((9, True), (11, False)):
        with time_machine.travel(timezone.now() + years * 366 * DAY):
            apply_retention(merchant)
        assert PointLot.objects.for_merchant(merchant).exists() == is_kept


def test_an_erasure_takes_the_tries_of_codes_along(merchant: Merchant) -> None:
    redis_client().flushdb()
    CustomerFactory(merchant=merchant, external_id="eve", email="eve@example.org")
    for names in (asking(merchant, external_id="eve"), asking(merchant, email="Eve@example.org")):
        note_tries(merchant, names, ["GUESS"])
    assert len(guessers(merchant)) == 2
    erase_lead(customer(merchant, "eve"))
    assert guessers(merchant) == []
