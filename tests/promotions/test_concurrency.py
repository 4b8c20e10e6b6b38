"""Limits under many hands at once, each on a connection of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Event, Semaphore, Thread

import pytest
from django.db import OperationalError, connection, transaction

from core.errors import DomainError
from merchants.models import Merchant
from promotions import active
from promotions.actions.offers import set_limits
from promotions.actions.redemptions import ReservationData, confirm, release, reserve
from promotions.models import Coupon, Redemption, UseCount
from tests.factories import MerchantFactory
from tests.orders.test_concurrency import at_once
from tests.promotions.shops import amount, basket, coupons, launch, percent

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 64
# A hundred rounds take minutes: PROMOTION_ROUNDS=100.
ROUNDS = int(os.environ.get("PROMOTION_ROUNDS", "3"))


@pytest.fixture
def shop() -> Merchant:
    return MerchantFactory()


def reserving(shop: Merchant, codes: tuple[str, ...] = ()) -> Callable[[], Redemption]:
    data = ReservationData(basket=basket((1, 1000), codes=codes))
    return lambda: reserve(shop, data)


def test_64_threads_on_a_limit_of_ten_get_exactly_ten(shop: Merchant) -> None:
    for number in range(ROUNDS):
        promotion = launch(shop, f"p-{number}", percent(), limits={"uses_limit": 10, "uses_per_window": 1000})
        active.forget()
        held = at_once([reserving(shop)] * THREADS)
        got = [redemption for redemption in held if f"p-{number}" in str(redemption.takings)]
        assert len(got) == 10
        assert set(promotion.counts.values_list("used", flat=True)) == {10}


def test_50_confirmations_of_a_coupon_with_one_use_are_exactly_one(shop: Merchant) -> None:
    """Case 22."""
    [coupon] = coupons(shop)
    launch(shop, "welcome", amount(500), when={"code": ["@WELCOME"]})

    def buy(number: int) -> str:
        redemption = reserving(shop, (coupon.code,))()
        return confirm(redemption, order_number=f"A-{number}").state if redemption.discount else "without"

    states = at_once([lambda number=number: buy(number) for number in range(50)])  # type: ignore[misc]
    assert sorted(states) == ["confirmed", *["without"] * 49]
    assert Coupon.objects.get(pk=coupon.pk).used == 1


def test_a_budget_is_exact_while_others_give_back(shop: Merchant) -> None:
    launch(shop, "sun", percent(), limits={"budget": 1000})

    def come_and_go(number: int) -> int:
        redemption = reserving(shop)()
        if number % 2:
            release(redemption)
        return redemption.discount

    at_once([lambda number=number: come_and_go(number) for number in range(32)])  # type: ignore[misc]
    held = Redemption.objects.for_merchant(shop).filter(state="reserved")
    row = UseCount.objects.for_merchant(shop).get()
    assert row.spent == sum(held.values_list("discount", flat=True)) <= 1000
    assert row.used * 100 == row.spent


def test_a_cart_confirmed_and_released_at_once_is_one_of_both(shop: Merchant) -> None:
    promotion = launch(shop, "sun", percent(), limits={"uses_limit": 1})
    redemption = reserving(shop)()

    def attempt(work: Callable[[], Redemption]) -> str:
        try:
            return work().state
        except DomainError as error:
            return error.code

    said = at_once(
        [lambda: attempt(lambda: confirm(redemption, order_number="A-1")), lambda: attempt(lambda: release(redemption))]
    )
    redemption.refresh_from_db()
    assert said in (["confirmed", "already_confirmed"], ["reservation_ended", "released"])
    assert promotion.counts.get().used == (redemption.state == "confirmed")


@pytest.mark.parametrize(("limits", "waits"), [({}, False), ({"uses_limit": 1000}, True)])
def test_unlimited_promotions_touch_no_row_that_others_wait_for(
    shop: Merchant, limits: dict[str, int], waits: bool
) -> None:
    """One reservation stays open; another of the same promotion may wait for a lock only where uses are counted."""
    launch(shop, "sun", percent(), limits=limits)
    reserving(shop)()  # the row of counts is there from now on
    is_open, may_end = Event(), Event()

    def stay_open() -> None:
        try:
            with transaction.atomic():
                reserving(shop)()
                is_open.set()
                may_end.wait(20)
        finally:
            connection.close()

    other = Thread(target=stay_open)
    other.start()
    try:
        assert is_open.wait(20)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '300ms'")
            if waits:
                with pytest.raises(OperationalError, match="lock timeout"), transaction.atomic():
                    reserving(shop)()
            else:
                assert reserving(shop)().discount == 100
    finally:
        may_end.set()
        other.join()


def test_a_limit_that_is_added_counts_reservations_that_are_being_made(shop: Merchant) -> None:
    """Whoever decided before there was a limit is counted as well; whoever gives back meanwhile is not."""
    promotion = launch(shop, "sun", percent())
    given_back = reserving(shop)()
    are_open, may_end = Semaphore(0), Event()

    def stay_open(work: Callable[[], object]) -> None:
        try:
            with transaction.atomic():
                work()
                are_open.release()
                may_end.wait(20)
        finally:
            connection.close()

    def limit() -> None:
        try:
            set_limits(promotion, {"uses_limit": 10})
        finally:
            connection.close()

    open_ones = [Thread(target=stay_open, args=[work]) for work in (reserving(shop), lambda: release(given_back))]
    limiting = Thread(target=limit)
    for thread in open_ones:
        thread.start()
    assert all(are_open.acquire(timeout=20) for _thread in open_ones)
    limiting.start()
    limiting.join(0.5)
    assert limiting.is_alive()
    may_end.set()
    for thread in [*open_ones, limiting]:
        thread.join(20)
    assert promotion.counts.get(window="").used == 1
    release(Redemption.objects.for_merchant(shop).get(state="reserved"))
    assert promotion.counts.get(window="").used == 0


def test_limits_that_come_and_go_under_many_hands_count_every_use(shop: Merchant) -> None:
    promotion = launch(shop, "sun", percent())

    def come_and_go(number: int) -> None:
        redemption = reserving(shop)()
        if number % 3 == 0:
            release(redemption)

    def limit(number: int) -> None:
        set_limits(promotion, {"uses_limit": 100 + number})

    at_once(
        [lambda number=number: (limit if number % 8 == 0 else come_and_go)(number) for number in range(48)]  # type: ignore[misc]
    )
    held = Redemption.objects.for_merchant(shop).filter(state="reserved").count()
    assert promotion.counts.get(window="").used == held
