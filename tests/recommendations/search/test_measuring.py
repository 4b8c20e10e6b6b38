"""What became of a search's answer is measured at the placement ``search``, and some people are held back there."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from customers.actions.consent import record_objection
from customers.models import Customer
from customers.tracking import visitor
from merchants.models import Membership, Merchant
from orders.models import Order
from recommendations import loading
from recommendations.actions import train_models
from recommendations.measuring import tickets
from recommendations.measuring.folding import fold
from recommendations.measuring.reporting import make_report
from recommendations.models import Click, Impression, PlacementDay, PlacementSettings
from recommendations.search.actions import index_stale
from tests.customers.tracking_samples import moment, send, viewed
from tests.recommendations.shops import buy, stocked_shop
from tests.recommendations.worlds import Quiet
from tests.storefront import Storefront, storefront

URL = "/api/v1/search"


@pytest.fixture
def people(merchant: Merchant) -> list[Customer]:
    people = stocked_shop(merchant)
    train_models(merchant, progress=Quiet())
    index_stale(merchant)
    visitor.wake()
    loading.forget()
    return people


@pytest.fixture
def held(merchant: Merchant, people: list[Customer]) -> None:
    PlacementSettings.objects.create(merchant=merchant, placement="search", holdout_percent=50)
    loading.forget()


def found(server: Storefront, **asked: Any) -> Any:
    answer = server.get(URL, {"q": "thing", **asked})
    assert answer.status_code == 200, answer.content
    return answer.json()


def skus(answer: Any) -> list[str]:
    return [item["sku"] for item in answer["items"]]


def ticket(merchant: Merchant, answer: Any) -> tickets.Ticket:
    return tickets.read(merchant.pk, answer["recommendation_id"])


def tell(server: Storefront, answer: Any, *events: dict[str, Any], **who: Any) -> Any:
    return server.post(f"/api/v1/recommendations/{answer['recommendation_id']}/events", {"events": events, **who})


def soon() -> Any:
    return timezone.now() + timedelta(minutes=5)


def test_an_answer_carries_what_was_found_and_for_whom(api: Storefront, merchant: Merchant, people: list[Customer]):
    answer = found(api, customer="c-1", limit=5)
    carried = ticket(merchant, answer)
    assert (carried.placement, carried.arm, carried.customer_id) == ("search", "open", people[1].pk)
    assert len(carried.products) == 5
    assert {tickets.SOURCES[code] for code in carried.sources} == {"search"}
    assert found(api, customer="c-1", limit=5)["recommendation_id"] != answer["recommendation_id"]
    assert len(answer["recommendation_id"]) <= tickets.MAX_TICKET


def test_views_clicks_and_orders_of_results_are_measured(api: Storefront, merchant: Merchant, people: list[Customer]):
    answer = found(api, customer="c-1", limit=6)
    third = skus(answer)[2]
    assert tell(api, answer, {"type": "impression"}, {"type": "click", "sku": third}).json()["stored"] == 2
    fold(merchant, now=soon())
    seen = Impression.objects.for_merchant(merchant).get()
    click = Click.objects.for_merchant(merchant).get()
    assert (seen.placement, seen.customer_id, len(seen.products)) == ("search", people[1].pk, 6)
    assert (click.placement, click.position, click.product.sku) == ("search", 3, third)
    order = buy(people[1], third, at=timezone.now() + timedelta(minutes=1))
    Order.objects.filter(pk=order.pk).update(received_at=timezone.now())
    make_report(merchant, now=soon())
    day = PlacementDay.objects.for_merchant(merchant).get(placement="search")
    assert (day.impressions, day.clicks, day.orders, day.revenue) == (1, 1, 1, 1000)


def test_a_page_of_a_hundred_results_can_be_told(api: Storefront, merchant: Merchant, people: list[Customer]):
    answer = found(api, limit=100)
    assert len(skus(answer)) == 32
    assert tell(api, answer, {"type": "impression", "skus": skus(answer)}, anonymous_id="v-1").status_code == 200
    fold(merchant, now=soon())
    assert len(Impression.objects.for_merchant(merchant).get().products) == 32


def test_whoever_is_held_back_gets_the_order_for_strangers(
    api: Storefront, merchant: Merchant, people: list[Customer], held: None
):
    plain = skus(found(api))
    sides: dict[str, set[int]] = {"treated": set(), "holdout": set()}
    for number in range(40):
        answer = found(api, customer=f"c-{number}")
        arm = ticket(merchant, answer).arm
        sides[arm].add(number)
        assert answer["personal"] is (arm == "treated")
        assert arm == "treated" or skus(answer) == plain
        assert ticket(merchant, found(api, customer=f"c-{number}", q="thing 1")).arm == arm
    assert all(len(side) > 8 for side in sides.values()), sides
    assert any(skus(found(api, customer=f"c-{number}")) != plain for number in sides["treated"])


def test_whom_taste_could_not_move_takes_no_part(
    api: Storefront, merchant: Merchant, people: list[Customer], held: None
):
    record_objection(people[3], purpose="profiling", source="account")
    loading.forget()
    for asked in ({}, {"customer": "c-3"}, {"customer": "c-1", "sort": "price"}):
        assert ticket(merchant, found(api, **asked)).arm == "open", asked
    assert ticket(merchant, found(api, anonymous_id="visitor-1")).arm in ("treated", "holdout")


def test_a_search_that_finds_nothing_and_a_shop_without_a_model_have_a_ticket_too(api: Storefront, merchant: Merchant):
    answer = found(api, q="nothing like it")
    assert (answer["total"], ticket(merchant, answer).products) == (0, ())
    assert tell(api, answer, {"type": "impression"}, anonymous_id="v-1").status_code == 200
    fold(merchant, now=soon())
    assert not Impression.objects.for_merchant(merchant).exists()


def test_what_was_searched_for_is_not_said_to_be_ignored(api: Storefront, merchant: Merchant, people: list[Customer]):
    """Three times in a list of results is not three times pressed upon somebody: the recommendations go on with it."""
    browser = storefront(merchant, kind="pk")
    home = browser.get("/api/v1/recommendations", {"placement": "home", "anonymous_id": "visitor-1"}).json()
    first = skus(home)[0]

    def see(turn: int, recommendation_id: str) -> None:
        listed = {"recommendation_id": recommendation_id, "products": [{"sku": first}]}
        event = viewed(turn, event="Product List Viewed", timestamp=moment(minutes=-9 + turn), properties=listed)
        send(browser, [event])

    for turn in range(3):
        see(turn, found(browser)["recommendation_id"])
    after = browser.get("/api/v1/recommendations", {"placement": "home", "anonymous_id": "visitor-1"}).json()
    assert first in skus(after)
    for turn in range(3, 6):
        see(turn, home["recommendation_id"])
    after = browser.get("/api/v1/recommendations", {"placement": "home", "anonymous_id": "visitor-1"}).json()
    assert first not in skus(after)


def test_an_answer_to_another_shop_cannot_be_told(api: Storefront, people: list[Customer], stranger: Membership):
    told = tell(storefront(stranger.merchant), found(api), {"type": "impression"})
    assert told.status_code == 404
