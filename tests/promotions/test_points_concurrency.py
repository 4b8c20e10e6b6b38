"""An account under many hands at once, each on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.errors import DomainError
from merchants.models import Merchant
from promotions.actions.loyalty.clock import turn_due
from promotions.actions.loyalty.earning import earn_for_review, settle_order_points
from promotions.actions.loyalty.ledger import opened
from promotions.actions.redemptions import ReservationData, release, reserve
from promotions.deciding import Basket
from promotions.models import Member
from tests.factories import MerchantFactory
from tests.orders.test_concurrency import at_once
from tests.promotions.members import account, customer, open_programme, order, send_back
from tests.promotions.shops import lines

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 64


@pytest.fixture
def shop() -> Merchant:
    """c-1 has 1,000 points in ten lots."""
    merchant = MerchantFactory()
    open_programme(merchant, pending_days=0, review_points=5)
    for number in range(10):
        order(merchant, f"A-{number}", (1, 10000), days_ago=number + 1)
    turn_due()
    assert account(merchant) == (1000, 0)
    return merchant


def refused(work: Callable[[], object]) -> str:
    try:
        work()
    except DomainError as error:
        return error.code
    return ""


def test_64_threads_cannot_overspend(shop: Merchant) -> None:
    person = customer(shop).pk

    def spend() -> None:
        with opened(shop.pk, person) as mine:
            mine.spend(70)

    said = at_once([lambda: refused(spend)] * THREADS)
    assert sorted(said) == [""] * 14 + ["not_enough_points"] * 50
    assert account(shop) == (1000 - 14 * 70, 0)


def test_64_checkouts_pay_with_no_more_than_there_is_and_give_all_of_it_back(shop: Merchant) -> None:
    def pay(number: int) -> str:
        basket = Basket(lines=lines((1, 500)), external_id="c-1", points=100)
        try:
            redemption = reserve(shop, ReservationData(basket=basket))
        except DomainError as error:
            return error.code
        if number % 2:
            release(redemption)
            return "released"
        return "held"

    said = at_once([lambda number=number: pay(number) for number in range(THREADS)])  # type: ignore[misc]
    assert account(shop) == (1000 - 100 * said.count("held"), 0)
    assert said.count("held") <= 10


def test_a_review_told_64_times_at_once_earns_once(shop: Merchant) -> None:
    person = customer(shop)
    at_once([lambda: earn_for_review(person, reference="R-1")] * THREADS)
    assert account(shop) == (1005, 0)


def test_orders_returns_and_the_clock_at_once_come_to_the_same(shop: Merchant) -> None:
    sold = order(shop, "B-1", (8, 1000), days_ago=2)

    def work(number: int) -> None:
        match number % 4:
            case 0:
                send_back(sold, f"R-{number}", 1)
            case 1:
                turn_due()
            case 2:
                settle_order_points(sold)
            case 3:
                order(shop, f"C-{number}", (1, 100), days_ago=1)

    at_once([lambda number=number: work(number) for number in range(32)])  # type: ignore[misc]
    turn_due()
    assert account(shop) == (1000 + 8, 0)


def test_somebodys_first_points_come_from_two_orders_at_once(shop: Merchant) -> None:
    at_once([lambda n=n: order(shop, f"N-{n}", (1, 1000), who="c-2", days_ago=1) for n in range(8)])  # type: ignore[misc]
    turn_due()
    assert account(shop, "c-2") == (80, 0)
    assert Member.objects.for_merchant(shop).count() == 2
