"""Tiers, invitations and their limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.events import drain
from merchants.models import Merchant
from promotions.actions.loyalty.programme import delete_tier, save_tier
from promotions.actions.loyalty.referrals import referral_code
from promotions.actions.loyalty.tiers import review_tiers
from promotions.events import TierChanged
from promotions.models import LoyaltyProgram, Member, Referral, Tier
from tests.promotions.members import account, customer, open_programme, order, send_back


def tier(merchant: Merchant, key: str, at_least: int, hundredths: int = 100) -> Tier:
    values = {"key": key, "name": key.title(), "at_least": at_least, "hundredths": hundredths}
    return save_tier(merchant, Tier(), values, staff=None)


def member(merchant: Merchant, who: str = "c-1") -> Member:
    return Member.objects.for_merchant(merchant).select_related("tier").get(customer__identities__value=who)


def key_of(merchant: Merchant) -> str:
    found = member(merchant).tier
    return found.key if found else ""


def test_a_tier_is_reached_at_once_and_multiplies_what_comes_after(merchant: Merchant, listen: Any) -> None:
    heard = listen(TierChanged)
    open_programme(merchant)
    tier(merchant, "silver", 50, 120)
    tier(merchant, "gold", 100, 200)
    order(merchant, "A-1", (1, 6000))
    assert key_of(merchant) == "silver"
    order(merchant, "A-2", (1, 5000))
    assert (key_of(merchant), account(merchant)) == ("gold", (0, 60 + 60))
    order(merchant, "A-3", (1, 1000))
    assert account(merchant) == (0, 140)
    drain()
    assert [(event.before, event.now) for event in heard] == [("", "silver"), ("silver", "gold")]


def test_who_no_longer_reaches_a_tier_keeps_it_for_the_grace(merchant: Merchant) -> None:
    program = open_programme(merchant, grace_days=30)
    tier(merchant, "gold", 100)
    sold = order(merchant, "A-1", (1, 10000))
    send_back(sold, "R-1", 1)
    assert key_of(merchant) == "gold"
    assert member(merchant).tier_until is not None
    assert review_tiers(program, now=timezone.now() + timedelta(days=29)) == 0
    assert key_of(merchant) == "gold"
    assert review_tiers(program, now=timezone.now() + timedelta(days=31)) == 1
    assert key_of(merchant) == ""


def test_who_reaches_it_again_in_the_grace_is_secure(merchant: Merchant) -> None:
    open_programme(merchant)
    tier(merchant, "gold", 100)
    send_back(order(merchant, "A-1", (1, 10000)), "R-1", 1)
    order(merchant, "A-2", (1, 10000))
    assert (key_of(merchant), member(merchant).tier_until) == ("gold", None)


def test_tiers_look_back_as_far_as_the_programme_says(merchant: Merchant) -> None:
    program = open_programme(merchant, tier_months=12, grace_days=0)
    tier(merchant, "gold", 100)
    order(merchant, "A-1", (1, 10000), days_ago=300)
    assert key_of(merchant) == "gold"
    review_tiers(program, now=timezone.now() + timedelta(days=60))
    assert key_of(merchant) == "gold"
    review_tiers(program, now=timezone.now() + timedelta(days=70))
    assert key_of(merchant) == ""


def test_tiers_by_revenue_look_at_what_was_kept(merchant: Merchant) -> None:
    open_programme(merchant, tier_basis=LoyaltyProgram.Basis.REVENUE, grace_days=0)
    tier(merchant, "gold", 10000)
    sold = order(merchant, "A-1", (2, 5000))
    assert key_of(merchant) == "gold"
    send_back(sold, "R-1", 1)
    assert key_of(merchant) == ""


def test_members_of_a_tier_that_is_deleted_have_none(merchant: Merchant) -> None:
    open_programme(merchant)
    gold = tier(merchant, "gold", 100)
    order(merchant, "A-1", (1, 10000))
    delete_tier(gold, staff=None)
    assert key_of(merchant) == ""


# --- invitations -----------------------------------------------------------------------------------------------------


@pytest.fixture
def inviting(merchant: Merchant) -> str:
    """The code of c-1 in a shop that gives 300 points to whoever invites, 100 to who comes."""
    open_programme(merchant, each=0, per=1, referral_points=300, invited_points=100, referral_at_least=2000)
    order(merchant, "A-1", (1, 1000), first_name="Ada", last_name="Muster", postal_code="10115", city="Berlin")
    return referral_code(customer(merchant)).code


def why(merchant: Merchant) -> list[str]:
    return list(Referral.objects.for_merchant(merchant).order_by("pk").values_list("refusal", flat=True))


def test_both_get_points_that_wait_with_the_order_and_go_with_it(merchant: Merchant, inviting: str) -> None:
    sold = order(merchant, "A-2", (3, 1000), who="c-2", codes=(inviting.lower(),))
    assert (account(merchant), account(merchant, "c-2")) == ((0, 300), (0, 100))
    send_back(sold, "R-1", 1)
    assert (account(merchant), account(merchant, "c-2")) == ((0, 300), (0, 100))
    send_back(sold, "R-2", 1)  # less than the smallest first order is left
    assert (account(merchant), account(merchant, "c-2")) == ((0, 0), (0, 0))


@pytest.mark.parametrize(
    ("who", "person", "refusal"),
    [
        ("c-1", {}, "same_profile"),
        ("c-2", {"first_name": "ada", "last_name": "Muster", "postal_code": "10115", "city": "Berlin"}, "same_address"),
    ],
)
def test_nobody_invites_themselves(
    merchant: Merchant, inviting: str, who: str, person: dict[str, str], refusal: str
) -> None:
    order(merchant, "A-2", (3, 1000), who=who, codes=(inviting,), **person)
    assert why(merchant) == [refusal]
    assert account(merchant) == (0, 0)


def test_only_first_orders_count_and_only_so_many(merchant: Merchant, inviting: str) -> None:
    LoyaltyProgram.objects.for_merchant(merchant).update(referrals_per_year=1)
    order(merchant, "A-2", (3, 1000), who="c-2", codes=(inviting,))
    order(merchant, "A-2", (3, 1000), who="c-2", codes=(inviting,), version=2)
    order(merchant, "A-3", (3, 1000), who="c-2", codes=(inviting,))
    order(merchant, "A-4", (3, 1000), who="c-3", codes=(inviting,))
    assert why(merchant) == ["", "not_new", "limit"]
    assert account(merchant) == (0, 300)
