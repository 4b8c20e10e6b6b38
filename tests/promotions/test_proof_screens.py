"""Replay, check and results of a promotion in the back office."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.jobs import run
from core.measuring.holdout import HOLDOUT, TREATED
from core.models import Job
from merchants.models import Merchant, Role
from promotions.actions.offers import VersionData, add_version
from promotions.actions.redemptions import ReservationData, reserve
from promotions.measuring.figures import make_report
from promotions.models import Exposure, Replay
from tests.factories import CustomerFactory, MembershipFactory, OrderFactory, OrderLineFactory, ProductFactory
from tests.promotions.shops import basket, coupons, launch, percent
from tests.queries import queries_of
from tests.storefront import Storefront


def _sell(merchant: Merchant, count: int = 3, price: int = 10000, cost: int | None = 8000) -> None:
    product = ProductFactory(merchant=merchant, price=price, cost=cost, title="Tent")
    for _ in range(count):
        order = OrderFactory(customer=CustomerFactory(merchant=merchant), total=price, placed_at=timezone.now())
        OrderLineFactory(order=order, product=product, unit_price=price, unit_cost=cost)


def test_a_replay_is_started_watched_and_read(client: Client, merchant: Merchant) -> None:
    _sell(merchant)
    promotion = launch(merchant, "sale", percent("10"), limits={"budget": 100_000})
    url = f"/m/muster/promotions/{promotion.pk}/replay"
    assert "Not replayed yet" in client.get(url).text
    assert client.post(f"{url}/start", {"version": "1", "orders": "50"}).status_code == 302
    assert "Waiting for a worker" in client.get(url).text
    run(Job.objects.for_merchant(merchant).get())
    page = client.get(url).text
    assert "Orders with it" in page
    assert "Budget lasts until" in page
    assert "Who saves most" in page
    add_version(promotion, VersionData(definition={"benefit": percent("20")}))
    assert "This is the replay of version 1" in client.get(url).text
    replay = Replay.objects.for_merchant(merchant).get()
    assert client.get(f"{url}?run={replay.pk}").status_code == 200
    assert client.get(f"{url}?run=999999").status_code == 404
    assert client.get(f"{url}?run={'9' * 40}").status_code == 200


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"version": "1", "orders": "0"}, "greater than or equal to 1"),
        ({"version": "1", "orders": "60000"}, "less than or equal to 50"),
        ({"version": "7", "orders": "5"}, "is not one of the available choices"),
        ({"version": "1", "orders": "5"}, "no orders to replay"),
    ],
)
def test_a_replay_that_cannot_be_is_refused_with_the_reason(
    client: Client, merchant: Merchant, given: dict[str, str], says: str
) -> None:
    promotion = launch(merchant, "sale", percent("10"))
    answer = client.post(f"/m/muster/promotions/{promotion.pk}/replay/start", given)
    assert answer.status_code == 422
    assert says in answer.text
    assert not Replay.objects.for_merchant(merchant).exists()


def test_analysts_read_and_do_not_start(merchant: Merchant) -> None:
    _sell(merchant)
    promotion = launch(merchant, "sale", percent("10"))
    analyst = Client()
    analyst.force_login(MembershipFactory(merchant=merchant, role=Role.ANALYST).staff)
    url = f"/m/muster/promotions/{promotion.pk}/replay"
    assert "Replay on past orders" not in analyst.get(url).text
    assert analyst.post(f"{url}/start", {"version": "1", "orders": "5"}).status_code == 403


def test_the_check_shows_the_cart_and_marks_list_and_overview(client: Client, merchant: Merchant) -> None:
    _sell(merchant)
    promotion = launch(merchant, "deep", percent("30"))
    page = client.get("/m/muster/promotions/check").text
    assert "“Deep” sells “Tent” below what it costs." in page
    assert "A cart that shows it" in page
    assert "1 finding" in client.get("/m/muster/promotions/").text
    overview = client.get(f"/m/muster/promotions/{promotion.pk}").text
    assert "below what it costs" in overview
    assert "Nothing of this kind" in client.get("/m/muster/promotions/check?severity=error").text


def test_a_draft_is_checked_before_it_is_published(client: Client, merchant: Merchant) -> None:
    _sell(merchant)
    promotion = launch(merchant, "fine", percent("4"))
    assert "What a check says" not in client.get(f"/m/muster/promotions/{promotion.pk}").text
    add_version(promotion, VersionData(definition={"benefit": percent("40")}))
    page = client.get(f"/m/muster/promotions/{promotion.pk}").text
    assert "What a check says of version 2" in page
    assert "The check has 1 finding" in page
    # It warns, and forbids nothing.
    assert client.post(f"/m/muster/promotions/{promotion.pk}/publish", {"version": "2"}).status_code == 302


def test_an_empty_shop_and_a_faultless_one(client: Client, merchant: Merchant) -> None:
    assert "Nothing to check yet" in client.get("/m/muster/promotions/check").text
    _sell(merchant, cost=100)
    launch(merchant, "fine", percent("5"))
    assert "Nothing to complain about" in client.get("/m/muster/promotions/check").text


def test_the_check_over_the_api(api: Storefront, merchant: Merchant) -> None:
    _sell(merchant)
    launch(merchant, "deep", percent("30"))
    coupons(merchant, "IDLE")
    said = api.get("/api/v1/promotions/check").json()
    found = {one["code"]: one for one in said["findings"]}
    assert set(found) == {"below_cost", "batch_idle"}
    assert (found["below_cost"]["promotions"], found["batch_idle"]["batch"]) == (["deep"], "IDLE")
    [line] = found["below_cost"]["example"]["lines"]
    assert (line["total"], line["net"], line["cost"]) == (7000, 5882, 8000)
    assert found["below_cost"]["example"]["taken"] == [{"promotion": "deep", "amount": 3000}]


def test_results_without_and_with_a_holdout(client: Client, merchant: Merchant) -> None:
    promotion = launch(merchant, "sale", percent("10"), holdout=50)
    url = f"/m/muster/promotions/{promotion.pk}/results"
    assert "Not used in this time" in client.get(url).text
    for number in range(8):
        CustomerFactory(merchant=merchant, external_id=f"c-{number}")
        reserve(merchant, ReservationData(basket=basket((1, 5000), external_id=f"c-{number}")))
    assert client.post(f"{url}/figure").status_code == 302
    run(Job.objects.for_merchant(merchant).get())
    page = client.get(f"{url}?days=90").text
    assert "not enough data yet" in page
    assert "50 % of people do not get this promotion" in page
    assert "People who qualified" in page
    plain = launch(merchant, "plain", percent("10"))
    assert "Nobody is held out of this promotion" in client.get(f"/m/muster/promotions/{plain.pk}/results").text


def test_pages_cost_the_same_for_few_and_for_many(client: Client, merchant: Merchant) -> None:
    _sell(merchant)
    promotion = launch(merchant, "sale", percent("30"), holdout=50)
    base = f"/m/muster/promotions/{promotion.pk}"
    urls = [f"{base}/results", "/m/muster/promotions/check", base]

    def qualify(count: int) -> None:
        about: dict[str, Any] = {"merchant": merchant, "promotion": promotion}
        for number in range(count):
            arm, at = (TREATED, HOLDOUT)[number % 2], timezone.now() - timedelta(days=number)
            Exposure.objects.create(**about, arm=arm, customer_id=CustomerFactory(merchant=merchant).pk, occurred_at=at)
        make_report(promotion)

    qualify(2)
    few = [queries_of(client, url) for url in urls]
    qualify(10)
    for number in range(5):
        launch(merchant, f"more-{number}", percent("25"))
    assert [queries_of(client, url) for url in urls] == few
