"""Points come with orders and go with their units; the ledger adds up after everything."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from core.errors import DomainError
from customers.actions.merging import merge_customers, unmerge
from customers.actions.privacy.erasure import erase_lead
from merchants.models import Membership, Merchant
from orders.actions.cancellation import CancellationData, cancel_order
from orders.actions.units import Units
from promotions.actions.loyalty.checking import check_ledger
from promotions.actions.loyalty.clock import turn_due
from promotions.actions.loyalty.earning import adjust, earn_for_review
from promotions.actions.loyalty.ledger import opened
from promotions.models import Member, PointEntry, PointLot
from tests.promotions.members import account, customer, open_programme, order, send_back
from tests.promotions.shops import launch

LATER = timedelta(days=31)


def spend(merchant: Merchant, points: int, who: str = "c-1") -> None:
    with opened(merchant.pk, customer(merchant, who).pk) as mine:
        mine.spend(points)


def give(merchant: Merchant, membership: Membership, points: int, who: str = "c-1") -> None:
    adjust(customer(merchant, who), points=points, reason="goodwill", staff=membership.staff)


def test_without_a_programme_nothing_is_earned(merchant: Merchant) -> None:
    order(merchant, "A-1", (1, 5000))
    assert not Member.objects.for_merchant(merchant).exists()
    assert turn_due() == 0


def test_points_wait_until_the_time_for_returns_is_over(merchant: Merchant) -> None:
    open_programme(merchant)
    order(merchant, "A-1", (2, 1999))
    assert account(merchant) == (0, 39)
    turn_due(now=timezone.now() + timedelta(days=29))
    assert account(merchant) == (0, 39)
    turn_due(now=timezone.now() + LATER)
    assert account(merchant) == (39, 0)
    turn_due(now=timezone.now() + LATER)
    assert account(merchant) == (39, 0)


@pytest.mark.parametrize(("rounding", "points"), [("down", 29), ("nearest", 30), ("up", 30)])
def test_a_part_of_a_point_is_rounded_as_the_programme_says(merchant: Merchant, rounding: str, points: int) -> None:
    open_programme(merchant, rounding=rounding)
    order(merchant, "A-1", (1, 1999), (1, 999))
    assert account(merchant) == (0, points)


def test_what_comes_back_is_rolled_back_to_the_point(merchant: Merchant) -> None:
    open_programme(merchant)
    sold = order(merchant, "A-1", (3, 1050), (1, 990))
    assert account(merchant) == (0, 41)
    send_back(sold, "R-1", 1)
    assert account(merchant) == (0, 30)
    send_back(sold, "R-1", 1)  # the same return again
    assert account(merchant) == (0, 30)
    send_back(sold, "R-2", 2)
    send_back(sold, "R-3", 1, position=2)
    assert account(merchant) == (0, 0)


def test_a_cancelled_order_earns_nothing_and_a_part_of_it_its_part(merchant: Merchant) -> None:
    open_programme(merchant)
    sold = order(merchant, "A-1", (2, 1000), (1, 500))
    cancel_order(sold, CancellationData(lines=[Units(position=1, quantity=1)]))
    assert account(merchant) == (0, 15)
    cancel_order(sold, CancellationData())
    assert account(merchant) == (0, 0)


def test_a_newer_version_of_an_order_earns_what_it_says_by_the_terms_of_the_first(merchant: Merchant) -> None:
    program = open_programme(merchant)
    order(merchant, "A-1", (1, 1000))
    program.each = 5
    program.save()
    order(merchant, "A-1", (3, 1000), version=2)
    assert account(merchant) == (0, 30)
    order(merchant, "A-1", (3, 1000), version=3, who="c-2")
    assert account(merchant) == (0, 0)
    assert account(merchant, "c-2") == (0, 150)


def test_points_spent_and_then_taken_back_are_owed_and_paid_by_the_next(merchant: Merchant) -> None:
    open_programme(merchant)
    sold = order(merchant, "A-1", (1, 10000), days_ago=40)
    turn_due()
    spend(merchant, 80)
    send_back(sold, "R-1", 1)
    assert account(merchant) == (-80, 0)
    with pytest.raises(DomainError, match="0 points"):
        spend(merchant, 1)
    order(merchant, "A-2", (1, 9000), days_ago=40)
    turn_due()
    assert account(merchant) == (10, 0)
    assert Member.objects.for_merchant(merchant).get().debt == 0


def test_the_oldest_points_are_spent_first_and_the_rest_expires(merchant: Merchant) -> None:
    open_programme(merchant, valid_months=1, pending_days=0)
    order(merchant, "A-1", (1, 5000), days_ago=20)
    order(merchant, "A-2", (1, 3000), days_ago=10)
    turn_due()
    spend(merchant, 60)
    old, new = PointLot.objects.for_merchant(merchant).order_by("earned_at")
    assert (old.left, new.left) == (0, 20)
    turn_due(now=timezone.now() + timedelta(days=15))
    assert account(merchant) == (20, 0)
    turn_due(now=timezone.now() + timedelta(days=32))
    assert account(merchant) == (0, 0)


def test_what_expired_is_not_asked_for_again_when_its_order_comes_back(merchant: Merchant) -> None:
    open_programme(merchant, valid_months=1, pending_days=0)
    sold = order(merchant, "A-1", (1, 10000), days_ago=50)
    with opened(merchant.pk, customer(merchant).pk, now=timezone.now() - timedelta(days=40)) as mine:
        mine.spend(60)
    turn_due()
    assert account(merchant) == (0, 0)
    send_back(sold, "R-1", 1)
    assert account(merchant) == (-60, 0)


def test_staff_give_and_take_with_a_reason(merchant: Merchant, membership: Membership) -> None:
    open_programme(merchant)
    order(merchant, "A-1", (1, 1000))
    give(merchant, membership, 50)
    give(merchant, membership, -20)
    assert account(merchant) == (30, 10)
    with pytest.raises(DomainError, match="30 points"):
        give(merchant, membership, -31)
    entries = PointEntry.objects.for_merchant(merchant).filter(kind="adjust")
    assert set(entries.values_list("points", "reason")) == {(50, "goodwill"), (-20, "goodwill")}


def test_a_review_earns_once(merchant: Merchant) -> None:
    open_programme(merchant, review_points=25)
    order(merchant, "A-1", (1, 1000))
    for _again in range(2):
        earn_for_review(customer(merchant), reference="R-77")
    assert account(merchant) == (25, 10)


def test_promotions_multiply_points_of_a_category_and_go_back_with_its_goods(merchant: Merchant) -> None:
    open_programme(merchant)
    launch(merchant, "double", {"points": {"times": "2"}}, target={"products": ["S-2"]})
    launch(merchant, "hello", {"points": {"fixed": 7}})
    sold = order(merchant, "A-1", (1, 1000), (2, 500))
    assert account(merchant) == (0, 20 + 10 + 7)
    send_back(sold, "R-1", 1, position=2)
    assert account(merchant) == (0, 15 + 5 + 7 * 1500 // 2000)
    send_back(sold, "R-2", 1, position=2)
    assert account(merchant) == (0, 10 + 0 + 7 * 1000 // 2000)


def test_points_go_with_profiles_that_are_merged_and_parted(merchant: Merchant, membership: Membership) -> None:
    open_programme(merchant)
    order(merchant, "A-1", (1, 10000), days_ago=40)
    order(merchant, "A-2", (1, 4000), who="c-2", days_ago=40)
    turn_due()
    give(merchant, membership, 5, "c-2")
    merge = merge_customers(customer(merchant), customer(merchant, "c-2"))
    assert account(merchant) == (145, 0)
    spend(merchant, 120)  # 100 of the one, 20 of the other
    assert account(merchant) == (25, 0)
    unmerge(merge, staff=membership.staff)
    assert sum(account(merchant, who)[0] for who in ("c-1", "c-2")) == 25
    assert account(merchant, "c-2") == (25, 0)


def test_debts_are_paid_when_profiles_are_merged(merchant: Merchant) -> None:
    open_programme(merchant)
    sold = order(merchant, "A-1", (1, 10000), days_ago=40)
    order(merchant, "A-2", (1, 4000), who="c-2", days_ago=40)
    turn_due()
    spend(merchant, 30)
    send_back(sold, "R-1", 1)
    merge_customers(customer(merchant), customer(merchant, "c-2"))
    assert account(merchant) == (10, 0)


def test_entries_cannot_be_changed(merchant: Merchant) -> None:
    open_programme(merchant)
    order(merchant, "A-1", (1, 1000))
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        PointEntry.objects.for_merchant(merchant).update(pending=1000)


def test_the_check_finds_what_does_not_add_up(merchant: Merchant) -> None:
    open_programme(merchant)
    order(merchant, "A-1", (1, 1000))
    call_command("check_points", merchant=merchant.slug)
    Member.objects.for_merchant(merchant).update(balance=5)
    with pytest.raises(CommandError, match="1 do not add up"):
        call_command("check_points", merchant=merchant.slug)


def test_an_erased_persons_account_goes_and_the_ledger_stays_without_them(merchant: Merchant) -> None:
    open_programme(merchant)
    sold = order(merchant, "A-1", (2, 1000), days_ago=40)
    turn_due()
    gone = customer(merchant)
    erase_lead(gone)
    assert not Member.objects.for_merchant(merchant).exists()
    kept = PointEntry.objects.for_merchant(merchant)
    assert set(kept.values_list("customer", "points")) == {(None, 0), (None, 20)}
    sold.refresh_from_db()
    send_back(sold, "R-1", 1)
    order(merchant, "A-1", (2, 1000), version=2, who="")
    assert check_ledger(merchant).count == 0
    assert turn_due(now=timezone.now() + timedelta(days=2000)) == 0
