"""Points pay carts and buy rewards: held with the reservation, given back with what is not bought."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.errors import DomainError
from merchants.models import Membership, Merchant
from orders.actions.cancellation import CancellationData, cancel_order
from orders.actions.placement import place_order
from orders.models import Order
from promotions import active
from promotions.actions.loyalty.clock import turn_due
from promotions.actions.loyalty.earning import adjust
from promotions.actions.loyalty.programme import RewardData, add_reward
from promotions.actions.loyalty.spending import buy_reward
from promotions.actions.redemptions import ReservationData, confirm, expire_due, release, reserve
from promotions.deciding import Basket
from promotions.models import PointLot, Redemption
from tests.orders.samples import line, order_data
from tests.promotions.members import account, customer, open_programme, order, send_back
from tests.promotions.shops import lines


@pytest.fixture
def shop(merchant: Merchant, membership: Membership) -> Merchant:
    """A shop in which c-1 has 1,000 points, each worth a cent."""
    open_programme(merchant, each=0, per=1)
    order(merchant, "A-0", (1, 100))
    adjust(customer(merchant), points=1000, reason="welcome", staff=membership.staff)
    return merchant


def held(shop: Merchant, points: int, *sold: tuple[int, int], at: Any = None, **more: Any) -> Redemption:
    basket = Basket(lines=lines(*(sold or ((2, 1000),))), external_id="c-1", points=points)
    return reserve(shop, ReservationData(basket=basket, **more), at=at)


def bought(shop: Merchant, redemption: Redemption, *sold: tuple[int, int]) -> Order:
    parts = [line(f"S-{at}", quantity, price) for at, (quantity, price) in enumerate(sold or ((2, 1000),), start=1)]
    who = order_data().customer
    return place_order(shop, order_data(*parts, number="A-1", reservation=redemption.public_id, customer=who)).order


def test_points_are_held_with_the_cart_and_come_back_when_it_is_left(shop: Merchant) -> None:
    redemption = held(shop, 600)
    assert (redemption.points_spent, redemption.points_value) == (600, 600)
    assert redemption.decision["total"] == 2000  # a payment takes nothing off the price
    assert account(shop) == (400, 0)
    release(redemption)
    release(redemption)
    assert account(shop) == (1000, 0)


def test_a_statement_says_what_points_were_spent_on(shop: Merchant, client: Client) -> None:
    url = f"/m/{shop.slug}/loyalty/members/{customer(shop).pk}"
    redemption = held(shop, 100)
    assert "As payment in a cart" in client.get(url).text
    bought(shop, redemption)
    page = client.get(url).text
    assert "As payment in a cart" not in page
    assert "Order A-1" in page
    reward = add_reward(shop, RewardData(key="five", name="Five off", points=500, amount=500), staff=None)
    buy_reward(customer(shop), reward)
    assert "For a reward · Five off" in client.get(url).text


def test_no_more_points_are_taken_than_the_cart_costs(shop: Merchant) -> None:
    assert held(shop, 900, (1, 250)).points_spent == 250
    assert account(shop) == (750, 0)


def test_nobody_pays_with_points_they_do_not_have(shop: Merchant) -> None:
    held(shop, 600)
    with pytest.raises(DomainError, match="400 points"):
        held(shop, 401)
    assert account(shop) == (400, 0)
    assert Redemption.objects.for_merchant(shop).count() == 1


def test_a_reservation_that_expires_gives_points_back_and_takes_them_again_when_confirmed(shop: Merchant) -> None:
    redemption = held(shop, 600)
    expire_due(now=timezone.now() + timedelta(hours=1))
    assert account(shop) == (1000, 0)
    redemption = confirm(redemption, order_number="A-1")
    assert (redemption.points_back, account(shop)) == (0, (400, 0))


def test_an_order_after_its_points_went_elsewhere_is_kept_and_they_are_owed(shop: Merchant) -> None:
    redemption = held(shop, 600)
    expire_due(now=timezone.now() + timedelta(hours=1))
    held(shop, 900)
    with pytest.raises(DomainError, match="100 points"):
        confirm(redemption, order_number="A-1")
    sold = bought(shop, redemption)
    assert account(shop) == (-500, 0)
    cancel_order(sold, CancellationData())
    assert account(shop) == (100, 0)


def test_units_that_come_back_bring_their_points_back_to_the_point(shop: Merchant) -> None:
    redemption = held(shop, 999, (3, 1000))
    sold = bought(shop, redemption, (3, 1000))
    send_back(sold, "R-1", 1)
    assert account(shop) == (1 + 333, 0)
    send_back(sold, "R-1", 1)
    send_back(sold, "R-2", 2)
    assert account(shop) == (1000, 0)


def test_points_of_a_lot_that_expired_meanwhile_get_a_second_chance(shop: Merchant) -> None:
    redemption = held(shop, 1000)
    PointLot.objects.for_merchant(shop).filter(kind="gift").update(expires_at=timezone.now() - timedelta(days=1))
    release(redemption)
    turn_due()
    assert account(shop) == (1000, 0)
    turn_due(now=timezone.now() + timedelta(days=15))
    assert account(shop) == (0, 0)


def test_a_reward_is_a_code_of_the_members_own_that_takes_its_amount_off(shop: Merchant) -> None:
    reward = add_reward(
        shop, RewardData(key="five", name="Five off", points=500, amount=500, at_least=1500), staff=None
    )
    coupon = buy_reward(customer(shop), reward)
    assert account(shop) == (500, 0)
    buy_reward(customer(shop), reward)
    with pytest.raises(DomainError, match="0 points"):
        buy_reward(customer(shop), reward)
    active.forget()
    basket = Basket(lines=lines((2, 1000)), codes=[coupon.code], external_id="c-1")
    assert reserve(shop, ReservationData(basket=basket)).discount == 500
    order(shop, "A-9", (1, 100), who="c-2")
    stranger = Basket(lines=lines((2, 1000)), codes=[coupon.code], external_id="c-2")
    assert reserve(shop, ReservationData(basket=stranger)).discount == 0
