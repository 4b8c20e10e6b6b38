"""The loyalty API, as a storefront uses it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from merchants.models import Membership, Merchant
from promotions.actions.loyalty.earning import adjust
from promotions.actions.loyalty.programme import RewardData, add_reward, save_tier
from promotions.models import Tier
from tests.promotions.members import account, customer, open_programme, order
from tests.storefront import Storefront

C1 = "/api/v1/customers/c-1/loyalty"


@pytest.fixture
def shop(merchant: Merchant, membership: Membership) -> Merchant:
    open_programme(merchant, review_points=20, referral_points=300)
    save_tier(merchant, Tier(), {"key": "gold", "name": "Gold", "at_least": 100, "hundredths": 150}, staff=None)
    add_reward(merchant, RewardData(key="five-off", name="Five off", points=500, amount=500), staff=None)
    order(merchant, "A-1", (1, 4000))
    adjust(customer(merchant), points=700, reason="welcome", staff=membership.staff)
    return merchant


def test_programme_and_account(api: Storefront, shop: Merchant) -> None:
    program = api.get("/api/v1/loyalty").json()
    assert (program["each"], program["per"], program["is_active"]) == (1, 100, True)
    assert [(tier["key"], tier["multiplier"]) for tier in program["tiers"]] == [("gold", 150)]
    assert [(reward["key"], reward["points"]) for reward in program["rewards"]] == [("five-off", 500)]
    mine = api.get(C1).json()
    assert (mine["balance"], mine["pending"], mine["owed"], mine["worth"]) == (700, 40, 0, 700)
    assert (mine["tier"], mine["next_tier"]["key"]) == (None, "gold")
    assert (mine["next_active"]["points"], mine["next_expiry"]["points"]) == (40, 700)


def test_somebody_without_points_has_an_empty_account_and_unknown_people_none(
    api: Storefront, merchant: Merchant
) -> None:
    order(merchant, "A-1", (1, 4000))
    assert api.get(C1).json()["balance"] == 0
    assert api.get("/api/v1/loyalty").json()["is_active"] is False
    assert api.get("/api/v1/customers/nobody/loyalty").status_code == 404
    refused = api.post(f"{C1}/deeds", {"deed": "review", "reference": "R-1"})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_programme")


def test_a_statement_pages_from_the_newest_and_adds_up(api: Storefront, shop: Merchant, membership: Membership) -> None:
    for number in range(105):
        adjust(customer(shop), points=1, reason=f"more {number}", staff=membership.staff)
    entries: list[dict[str, Any]] = []
    address = f"{C1}/entries"
    while True:
        page = api.get(address).json()
        entries += page["entries"]
        if page["after"] is None:
            break
        address = f"{C1}/entries?after={page['after']}"
    assert len({entry["id"] for entry in entries}) == len(entries) == 107
    assert (sum(e["points"] for e in entries), sum(e["pending"] for e in entries)) == account(shop)
    assert entries[-1]["order"] == "A-1"
    assert api.get(f"{C1}/entries?page=2").status_code == 400


def test_a_statement_costs_as_many_queries_for_many_entries_as_for_two(
    api: Storefront, shop: Merchant, membership: Membership
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert api.get(f"{C1}/entries").status_code == 200
        return len(captured)

    cost()
    few = cost()
    for number in range(20):
        adjust(customer(shop), points=1, reason=f"more {number}", staff=membership.staff)
    assert cost() == few


def test_a_reward_is_bought_once_per_idempotency_key(api: Storefront, shop: Merchant) -> None:
    key = {"Idempotency-Key": "buy-1"}
    first, again = (api.post(f"{C1}/rewards", {"reward": "five-off"}, headers=key) for _ in range(2))
    assert first.status_code == 201
    assert first.json() == again.json()
    assert (first.json()["balance"], account(shop)) == (200, (200, 40))
    refused = api.post(f"{C1}/rewards", {"reward": "five-off"})
    assert (refused.status_code, refused.json()["code"], refused.json()["available"]) == (409, "not_enough_points", 200)
    assert api.post(f"{C1}/rewards", {"reward": "nothing"}).status_code == 404


def test_reviews_and_codes_for_friends(api: Storefront, shop: Merchant) -> None:
    for _again in range(2):
        told = api.post(f"{C1}/deeds", {"deed": "review", "reference": "R-1"})
        assert told.json() == {"points": 20, "balance": 720}
    codes = {api.post(f"{C1}/referral-code").json()["code"] for _ in range(2)}
    assert len(codes) == 1


def test_a_cart_is_paid_with_points(api: Storefront, shop: Merchant) -> None:
    cart = {"lines": [{"sku": "X", "quantity": 1, "unit_price": 500}], "shopper": {"id": "c-1"}}
    made = api.post("/api/v1/reservations", {"cart": cart, "points": 300}).json()
    assert (made["points_spent"], made["points_value"], made["decision"]["total"]) == (300, 300, 500)
    assert api.get(C1).json()["balance"] == 400
    api.post(f"/api/v1/reservations/{made['id']}/release")
    assert api.get(C1).json()["balance"] == 700
    refused = api.post("/api/v1/reservations", {"cart": cart | {"shopper": {"id": "nobody"}}, "points": 300})
    assert (refused.status_code, refused.json()["code"]) == (400, "customer_unknown")


@pytest.mark.parametrize("points", [-1, "5", 1.5, True, 10**12])
def test_points_to_pay_with_are_a_whole_number(api: Storefront, shop: Merchant, points: Any) -> None:
    cart = {"lines": [{"sku": "X", "quantity": 1, "unit_price": 500}], "shopper": {"id": "c-1"}}
    assert api.post("/api/v1/reservations", {"cart": cart, "points": points}).status_code == 400


def test_the_till_sees_the_tier(api: Storefront, shop: Merchant) -> None:
    order(shop, "A-2", (1, 9000))
    seen = api.get("/api/v1/customers/lookup?email=c-1@example.org").json()["loyalty"]
    assert seen == {"points": 700, "pending": 130, "tier": "Gold", "tier_key": "gold"}
