"""A form that is sent twice has its effect once."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.http import HttpResponse
from django.test import Client

from merchants.models import Membership, Merchant
from promotions.models import CouponBatch, PointEntry, Promotion, PromotionVersion, Reward, Tier
from tests.factories import CustomerFactory, MembershipFactory
from tests.promotions.shops import launch, percent
from tests.promotions.test_editor import sent

TWICE = "This was sent twice and done once."


def token(client: Client, url: str) -> str:
    """As the page has it."""
    found = re.search(r'name="once" value="([0-9a-f]{32})"', client.get(url).text)
    assert found
    return found[1]


def test_points_are_booked_once_per_page(client: Client, merchant: Merchant) -> None:
    url = f"/m/{merchant.slug}/loyalty/members/{CustomerFactory(merchant=merchant).pk}"
    given = {"points": "7", "reason": "Sorry", "once": token(client, url)}
    first, again = (client.post(f"{url}/adjust", given) for _time in range(2))
    assert (first.status_code, again.status_code, first["Location"]) == (302, 302, again["Location"])
    assert TWICE in client.get(url).text
    assert PointEntry.objects.filter(merchant=merchant).count() == 1
    client.post(f"{url}/adjust", given | {"once": token(client, url)})  # meant once more
    client.post(f"{url}/adjust", given | {"points": "8"})  # by the back button, and changed
    points = PointEntry.objects.filter(merchant=merchant).order_by("pk").values_list("points", flat=True)
    assert list(points) == [7, 7, 8]


def test_what_was_refused_can_be_sent_again(client: Client, merchant: Merchant) -> None:
    url = f"/m/{merchant.slug}/loyalty/members/{CustomerFactory(merchant=merchant).pk}"
    given = {"points": "-5", "reason": "Sorry", "once": token(client, url)}
    assert client.post(f"{url}/adjust", given).status_code == 422
    client.post(f"{url}/adjust", {"points": "9", "reason": "First"})
    assert client.post(f"{url}/adjust", given).status_code == 302
    assert PointEntry.objects.filter(merchant=merchant, points=-5).count() == 1


def _new(merchant: Merchant) -> str:
    return f"/m/{merchant.slug}/promotions/new"


def test_a_promotion_is_written_copied_and_brought_back_once(client: Client, merchant: Merchant) -> None:
    sun = launch(merchant, "sun", percent())
    url = f"/m/{merchant.slug}/promotions/{sun.pk}"
    written = sent(once=token(client, _new(merchant)))
    edited = sent(seen="1", once=token(client, f"{url}/edit"))
    answers = [client.post(_new(merchant), written) for _time in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    answers = [client.post(f"{url}/edit", edited) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]  # no word of somebody else
    copied = {"once": token(client, url)}
    answers = [client.post(f"{url}/duplicate", copied) for _time in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    back = {"version": "1", "once": token(client, f"{url}/versions")}
    for _time in range(2):
        client.post(f"{url}/versions/bring-back", back)
    assert Promotion.objects.filter(merchant=merchant).count() == 3
    assert PromotionVersion.objects.filter(promotion=sun).count() == 3


def test_batches_tiers_and_rewards_are_made_once(client: Client, merchant: Merchant) -> None:
    batch = {"name": "B", "key": "B", "kind": "minted", "uses_per_code": "1"}
    tier = {"name": "Gold", "key": "gold", "at_least": "500", "multiplier": "2"}
    reward = {"name": "Five", "key": "five", "points": "500", "amount": "5", "days": "90"}
    made = {"coupons/new": batch, "loyalty/tiers/new": tier, "loyalty/rewards/new": reward}
    for path, given in made.items():
        url = f"/m/{merchant.slug}/{path}"
        data = given | {"once": token(client, url)}
        assert [client.post(url, data).status_code for _time in range(2)] == [302, 302]
    for model, count in ((CouponBatch, 2), (Tier, 1), (Reward, 1)):  # a reward has a batch of its own
        assert model.objects.filter(merchant=merchant).count() == count


def at_once(work: Callable[[], HttpResponse]) -> list[HttpResponse]:
    def one(_number: int) -> HttpResponse:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, range(4)))


@pytest.mark.django_db(transaction=True)
def test_at_the_same_moment_as_well() -> None:
    owner: Membership = MembershipFactory()
    sun = launch(owner.merchant, "sun", percent())
    client = Client()
    client.force_login(owner.staff)
    url = f"/m/{owner.merchant.slug}/promotions/{sun.pk}"

    def copy(data: dict[str, str]) -> HttpResponse:
        browser = Client()
        browser.cookies = client.cookies
        return browser.post(f"{url}/duplicate", data)  # type: ignore[return-value]

    data = {"once": token(client, url)}
    assert len({answer["Location"] for answer in at_once(lambda: copy(data))}) == 1
    # Without a word that they belong together they are copies of their own, each with a key of its own.
    assert len({answer["Location"] for answer in at_once(lambda: copy({}))}) == 4
    assert Promotion.objects.filter(merchant=owner.merchant).count() == 6
