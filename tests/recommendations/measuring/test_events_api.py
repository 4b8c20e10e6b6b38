"""``POST /api/v1/recommendations/{id}/events`` as a storefront sees it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Product
from core.redis import redis_client
from customers.models import Event
from customers.tracking import visitor
from merchants.models import Membership, Merchant
from recommendations.measuring.folding import fold
from recommendations.models import Click, Impression
from tests.factories import CustomerFactory, ProductFactory
from tests.recommendations.measuring.answers import answer
from tests.storefront import Storefront, storefront


@pytest.fixture
def goods(merchant: Merchant) -> list[Product]:
    redis_client().flushdb()
    return [ProductFactory(merchant=merchant, sku=f"S-{number}") for number in range(4)]


def url(ticket: str) -> str:
    return f"/api/v1/recommendations/{ticket}/events"


def given(goods: list[Product], **told: Any) -> str:
    return answer(goods, at=timezone.now(), **told)


def soon() -> Any:
    return timezone.now() + timedelta(minutes=5)


def test_a_view_and_a_click_are_measured(api: Storefront, merchant: Merchant, goods: list[Product]):
    body = {"anonymous_id": "v-1", "events": [{"type": "impression"}, {"type": "click", "sku": "S-2"}]}
    told = api.post(url(given(goods, arm="holdout")), body)
    assert (told.status_code, told.json()) == (200, {"stored": 2, "duplicates": 0})
    fold(merchant, now=soon())
    seen = Impression.objects.for_merchant(merchant).get()
    click = Click.objects.for_merchant(merchant).get()
    assert (seen.visitor, seen.arm, len(seen.products)) == ("v-1", "holdout", 4)
    assert (click.product, click.position) == (goods[2], 3)


def test_a_click_is_in_the_visitors_memory_at_once(api: Storefront, merchant: Merchant, goods: list[Product]):
    events = [{"type": "click", "sku": "S-2"}]
    assert api.post(url(given(goods)), {"anonymous_id": "v-1", "events": events}).status_code == 200
    assert [item.product for item in visitor.recent_products(merchant.pk, anonymous_ids=["v-1"])] == ["S-2"]


def test_the_same_thing_told_again_is_a_duplicate(api: Storefront, goods: list[Product]):
    ticket, body = given(goods), {"events": [{"type": "impression"}, {"type": "click", "sku": "S-2"}]}
    assert api.post(url(ticket), body).json() == {"stored": 2, "duplicates": 0}
    assert api.post(url(ticket), body).json() == {"stored": 0, "duplicates": 2}
    more = {"events": [{"type": "click", "sku": "S-1"}, {"type": "click", "sku": "S-2"}]}
    assert api.post(url(ticket), more).json() == {"stored": 1, "duplicates": 1}


def test_only_what_came_into_view_is_seen(api: Storefront, merchant: Merchant, goods: list[Product]):
    api.post(url(given(goods)), {"events": [{"type": "impression", "skus": ["S-0", "S-1"]}]})
    fold(merchant, now=soon())
    assert Impression.objects.for_merchant(merchant).get().products == [goods[0].pk, goods[1].pk]


def test_without_a_visitor_the_person_of_the_answer_counts(api: Storefront, merchant: Merchant, goods: list[Product]):
    customer = CustomerFactory(merchant=merchant, external_id="c-7")
    api.post(url(given(goods, customer_id=customer.pk)), {"events": [{"type": "click", "sku": "S-0"}]})
    assert Event.objects.for_merchant(merchant).get().customer_id == customer.pk
    fold(merchant, now=soon())
    assert Click.objects.for_merchant(merchant).get().customer_id == customer.pk


def test_without_any_person_it_counts_and_belongs_to_nobody(api: Storefront, merchant: Merchant, goods: list[Product]):
    api.post(url(given(goods)), {"events": [{"type": "click", "sku": "S-0"}]})
    fold(merchant, now=soon())
    click = Click.objects.for_merchant(merchant).get()
    assert (click.customer_id, click.visitor) == (None, "")


def test_a_browser_may_tell_and_a_bot_does_not_count(merchant: Merchant, goods: list[Product]):
    browser = storefront(merchant, kind="pk", **{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
    crawler = storefront(merchant, kind="pk", **{"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"})
    for number, client in enumerate((browser, crawler)):
        body = {"anonymous_id": f"v-{number}", "events": [{"type": "impression"}]}
        answered = client.post(url(given(goods)), body)
        assert answered.status_code == 200
        assert answered["Access-Control-Allow-Origin"] == "*"
    fold(merchant, now=soon())
    assert [seen.visitor for seen in Impression.objects.for_merchant(merchant)] == ["v-0"]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "events", "required"),
        ({"events": []}, "events", "min_length"),
        ({"events": [{"type": "impression"}] * 101}, "events", "max_length"),
        ({"events": [{"type": "glance"}]}, "events.0.type", "invalid_choice"),
        ({"events": [{"type": "click"}]}, "events.0.sku", "required"),
        ({"events": [{"type": "click", "sku": "S-0", "skus": ["S-1"]}]}, "events.0.skus", "unexpected"),
        ({"events": [{"type": "impression", "sku": "S-0"}]}, "events.0.sku", "unexpected"),
        ({"events": [{"type": "impression", "occurred_at": "now"}]}, "events.0.occurred_at", "invalid"),
        ({"events": [{"type": "impression", "x": 1}]}, "events.0.x", "unknown_field"),
        ({"events": [{"type": "impression"}], "visitor": "v"}, "visitor", "unknown_field"),
        ({"events": [{"type": "impression"}], "anonymous_id": "v\x01"}, "anonymous_id", "control_character"),
        ({"events": [{"type": "impression"}, {"type": "click", "sku": "X"}]}, "events.1", "not_recommended"),
    ],
)
def test_wrong_input_is_answered_with_its_fault_and_stores_nothing(
    api: Storefront, merchant: Merchant, goods: list[Product], body: dict[str, Any], field: str, code: str
):
    answered = api.post(url(given(goods)), body)
    assert answered.status_code == 400, answered.content
    assert (answered.json()["errors"][0]["field"], answered.json()["errors"][0]["code"]) == (field, code)
    assert not Event.objects.for_merchant(merchant).exists()


def test_a_foreign_or_made_up_id_is_not_found(api: Storefront, goods: list[Product], stranger: Membership):
    theirs = answer([ProductFactory(merchant=stranger.merchant)], at=timezone.now())
    for ticket in (theirs, "made-up", given(goods)[:-3] + "AAA"):
        answered = api.post(url(ticket), {"events": [{"type": "impression"}]})
        assert (answered.status_code, answered.json()["code"]) == (404, "unknown_recommendation")


def test_an_old_answer_takes_no_events(api: Storefront, goods: list[Product]):
    ticket = answer(goods, at=timezone.now() - timedelta(days=8))
    answered = api.post(url(ticket), {"events": [{"type": "impression"}]})
    assert (answered.status_code, answered.json()["code"]) == (409, "recommendation_too_old")


def test_a_key_without_the_scope_is_refused(merchant: Merchant, goods: list[Product]):
    reader = storefront(merchant, scopes=["recommendations:read"])
    assert reader.post(url(given(goods)), {"events": [{"type": "impression"}]}).status_code == 403
