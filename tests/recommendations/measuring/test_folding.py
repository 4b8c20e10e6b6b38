"""Tracked events become impressions and clicks, each once."""

from datetime import timedelta
from typing import Any

import pytest

from catalog.models import Product
from core.models import Job
from customers.models import ConsentRecord, Customer
from merchants.models import Membership, Merchant
from recommendations.measuring.folding import SETTLED, fold
from recommendations.models import Click, Impression, OnlineReport
from tests.factories import CustomerFactory, ProductFactory
from tests.recommendations.measuring.answers import LATER, NOW, answer, track


@pytest.fixture
def goods(merchant: Merchant) -> list[Product]:
    return [ProductFactory(merchant=merchant, sku=f"S-{number}") for number in range(4)]


def impressions(merchant: Merchant) -> list[Impression]:
    return list(Impression.objects.for_merchant(merchant).order_by("pk"))


def clicks(merchant: Merchant) -> list[Click]:
    return list(Click.objects.for_merchant(merchant).order_by("pk"))


def test_a_list_that_was_viewed_is_an_impression_of_what_was_answered(merchant: Merchant, goods: list[Product]):
    ticket = answer(goods, placement="basket", arm="holdout", customer_id=77)
    track(merchant, "Product List Viewed", ticket, visitor="v-1")
    assert fold(merchant, now=LATER) == 1
    (seen,) = impressions(merchant)
    assert (seen.placement, seen.arm, seen.customer_id, seen.visitor) == ("basket", "holdout", 77, "")
    assert seen.products == [product.pk for product in goods]
    assert clicks(merchant) == []


def test_only_the_products_that_came_into_view_count(merchant: Merchant, goods: list[Product]):
    listed = [{"sku": "S-0"}, {"sku": "S-1"}, {"sku": "not recommended"}]
    track(merchant, "Product List Viewed", answer(goods), visitor="v-1", products=listed)
    fold(merchant, now=LATER)
    assert impressions(merchant)[0].products == [goods[0].pk, goods[1].pk]


@pytest.mark.parametrize("name", ["Product Clicked", "Product Viewed", "Product Added"])
def test_a_click_has_the_position_of_the_answer_and_was_seen(merchant: Merchant, goods: list[Product], name: str):
    track(merchant, name, answer(goods), visitor="v-1", sku="S-2", position=99)
    fold(merchant, now=LATER)
    (click,) = clicks(merchant)
    assert (click.product, click.position, click.source, click.visitor) == (goods[2], 3, 1, "v-1")
    assert len(impressions(merchant)) == 1


def test_the_same_thing_told_again_counts_once(merchant: Merchant, goods: list[Product]):
    ticket = answer(goods)
    for _ in range(2):
        for name in ("Product List Viewed", "Product Clicked", "Product Viewed"):
            track(merchant, name, ticket, visitor="v-1", sku="S-2")
        fold(merchant, now=LATER)
    assert (len(impressions(merchant)), len(clicks(merchant))) == (1, 1)


def test_reading_again_from_the_start_changes_nothing(merchant: Merchant, goods: list[Product]):
    track(merchant, "Product Clicked", answer(goods), visitor="v-1", sku="S-2")
    fold(merchant, now=LATER)
    OnlineReport.objects.for_merchant(merchant).update(folded_event=0)
    assert fold(merchant, now=LATER) == 1
    assert (len(impressions(merchant)), len(clicks(merchant))) == (1, 1)


def test_an_event_is_read_once_and_none_is_passed_over(merchant: Merchant, goods: list[Product]):
    """An event that is not settled stops the reading, also for a settled one behind it."""
    track(merchant, "Product List Viewed", answer(goods), visitor="v-1")
    track(merchant, "Product List Viewed", answer(goods), visitor="v-2", received_at=LATER)
    track(merchant, "Product List Viewed", answer(goods), visitor="v-3")
    assert fold(merchant, now=LATER) == 1
    assert fold(merchant, now=LATER) == 0
    assert fold(merchant, now=LATER + SETTLED * 2) == 2
    assert [seen.visitor for seen in impressions(merchant)] == ["v-1", "v-2", "v-3"]


def test_many_events_are_read_in_batches(merchant: Merchant, goods: list[Product], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("recommendations.measuring.folding.BATCH", 2)
    for number in range(5):
        track(merchant, "Product List Viewed", answer(goods), visitor=f"v-{number}")
    assert fold(merchant, now=LATER) == 5
    assert len(impressions(merchant)) == 5


@pytest.mark.parametrize(
    "told",
    [
        {"is_bot": True},
        {"at": NOW + timedelta(days=9)},
        {"at": NOW - timedelta(days=1)},
        {"recommendation_id": "made up"},
        {"recommendation_id": 7},
        {"recommendation_id": None},
    ],
)
def test_what_is_no_impression_is_none(merchant: Merchant, goods: list[Product], told: dict[str, Any]):
    properties = {"recommendation_id": told.pop("recommendation_id")} if "recommendation_id" in told else {}
    event = track(merchant, "Product List Viewed", answer(goods), visitor="v-1", **told)
    if properties:
        event.properties = properties
        type(event).objects.for_merchant(merchant).filter(pk=event.pk).update(properties=properties)
    fold(merchant, now=LATER)
    assert impressions(merchant) == []


def test_a_product_that_was_not_recommended_was_not_clicked(merchant: Merchant, goods: list[Product]):
    ProductFactory(merchant=merchant, sku="OTHER")
    for sku in ("OTHER", "unknown", ""):
        track(merchant, "Product Clicked", answer(goods), visitor="v-1", sku=sku)
    fold(merchant, now=LATER)
    assert (impressions(merchant), clicks(merchant)) == ([], [])


def test_an_answer_of_another_shop_is_none_of_this_one(merchant: Merchant, goods: list[Product], stranger: Membership):
    theirs = ProductFactory(merchant=stranger.merchant, sku="S-0")
    track(merchant, "Product List Viewed", answer([theirs]), visitor="v-1")
    track(stranger.merchant, "Product List Viewed", answer([theirs]), visitor="v-2")
    fold(merchant, now=LATER)
    assert impressions(merchant) == []
    fold(stranger.merchant, now=LATER)
    assert [seen.visitor for seen in impressions(stranger.merchant)] == ["v-2"]


def test_whoever_objects_to_profiling_is_counted_without_being_known(merchant: Merchant, goods: list[Product]):
    customer: Customer = CustomerFactory(merchant=merchant)
    ConsentRecord.objects.create(merchant=merchant, customer=customer, kind="objected", purpose="profiling", source="x")
    track(merchant, "Product Clicked", answer(goods, arm="treated"), customer_id=customer.pk, sku="S-1")
    fold(merchant, now=LATER)
    (click,) = clicks(merchant)
    assert (click.customer_id, click.visitor, click.arm) == (None, "", "open")


def test_reading_costs_the_same_for_many(merchant: Merchant, goods: list[Product], django_assert_max_num_queries: Any):
    for number in range(40):
        track(merchant, "Product Clicked", answer(goods), visitor=f"v-{number}", sku="S-1")
    with django_assert_max_num_queries(16):
        fold(merchant, now=LATER)
    assert len(clicks(merchant)) == 40
    assert not Job.objects.for_merchant(merchant).exists()
