"""Customers for a product: likely, lawful, and a share left out."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from catalog.models import Product
from customers.actions.consent import record_consent, record_objection
from customers.models import Channel, Customer, Identity, Purpose
from merchants.models import Membership, Merchant
from orders.models import Order
from recommendations import loading
from recommendations.actions import train_models
from recommendations.audiences import CONTACT, CONTROL, audience
from recommendations.engines.audience import best_people, chances
from tests.factories import ProductFactory
from tests.recommendations.shops import sku, stocked_shop
from tests.recommendations.worlds import Quiet
from tests.storefront import storefront

URL = "/api/v1/recommendations/audience"


@pytest.fixture
def people(merchant: Merchant) -> list[Customer]:
    """Customer n likes group n % 4, has an address, and consented unless n is divisible by five."""
    people = stocked_shop(merchant)
    newest = timezone.now()
    Order.objects.for_merchant(merchant).filter(number__endswith="-0").update(placed_at=newest)
    train_models(merchant, progress=Quiet())
    for number, person in enumerate(people):
        address = f"p{number}@example.org"
        Identity.objects.create(merchant=merchant, customer=person, kind="email", value=address)
        if number % 5:
            record_consent(
                person,
                purpose=Purpose.PRODUCT_RECOMMENDATIONS,
                channel=Channel.EMAIL,
                address=address,
                text_version="1",
                source="x",
                evidence={},
            )
    loading.forget()
    return people


def product(merchant: Merchant, name: str = "") -> Product:
    return Product.objects.for_merchant(merchant).select_related("merchant").get(sku=name or sku(2, 3))


def numbers(people: list[Customer], members: Any) -> list[int]:
    places = {person.pk: number for number, person in enumerate(people)}
    return [places[member.customer.pk] for member in members]


def test_the_likely_buyers_are_those_who_like_such_things(merchant: Merchant, people: list[Customer]):
    found = audience(product(merchant), limit=15, control_percent=0)
    assert [number % 4 for number in numbers(people, found.members)] == [2] * 15
    assert [member.chance for member in found.members] == sorted(
        (member.chance for member in found.members), reverse=True
    )
    assert 0 < found.expected(CONTACT) <= found.buyers


def test_only_people_who_may_be_written_to_count(merchant: Merchant, people: list[Customer]):
    record_objection(people[2], source="x")
    found = audience(product(merchant), limit=500)
    reached = set(numbers(people, found.members))
    assert reached
    assert not {number for number in reached if number % 5 == 0}
    assert 2 not in reached
    assert found.considered > len(found.members)


def test_nobody_is_computed_who_objects_to_profiling(merchant: Merchant, people: list[Customer]):
    record_objection(people[6], purpose=Purpose.PROFILING, source="x")
    loading.forget()
    assert 6 not in numbers(people, audience(product(merchant), limit=500).members)


def test_another_channel_needs_its_own_consent(merchant: Merchant, people: list[Customer]):
    assert audience(product(merchant), channel=Channel.SMS).members == []


def test_a_share_is_left_out_by_chance_and_stays_out(merchant: Merchant, people: list[Customer]):
    first = audience(product(merchant), limit=500, control_percent=30)
    again = audience(product(merchant), limit=500, control_percent=30)
    assert 0 < len(first.of(CONTROL)) < len(first.of(CONTACT))
    assert [member.group for member in first.members] == [member.group for member in again.members]
    assert first.expected(CONTROL) > 0


def test_without_a_model_nothing_is_claimed(merchant: Merchant):
    found = audience(ProductFactory(merchant=merchant))
    assert (found.is_known, found.members) == (False, [])


@given(
    scores=st.lists(st.integers(0, 100), min_size=1, max_size=20),
    buyers=st.floats(0, 100),
)
def test_chances_are_chances_and_add_up(scores: list[int], buyers: float):
    array = np.array(scores, np.float32)
    found = chances(array, buyers)
    assert ((found >= 0) & (found <= 1)).all()
    assert found.sum() <= buyers + 1e-3
    assert (found[array == 0] == 0).all()


def test_who_is_sure_to_buy_leaves_the_rest_to_the_others():
    found = chances(np.array([100, 1, 1], np.float32), 2)
    assert found[0] == 1
    assert found[1] == found[2] == pytest.approx(0.5)


def test_nobody_without_a_score_is_likely():
    assert best_people(np.array([0, 3, 0, 5], np.float32), 10).tolist() == [3, 1]


# --- over the API and on the screen


def test_the_api_answers_with_the_shops_own_numbers(api: APIClient, merchant: Merchant, people: list[Customer]):
    document = api.get(URL, {"product": sku(2, 3), "limit": 20, "control_percent": 20}).json()
    assert document["reachable"] == 20
    assert {row["external_id"] for row in document["customers"]} <= {f"c-{number}" for number in range(100)}
    assert {row["group"] for row in document["customers"]} <= {"contact", "control"}
    assert [row["id"] for row in document["customers"]] == [
        people[int(row["external_id"].removeprefix("c-"))].pk for row in document["customers"]
    ]
    total = sum(row["chance"] for row in document["customers"])
    assert document["expected_buyers"] + document["expected_buyers_control"] == pytest.approx(total, abs=0.1)


def test_who_has_no_number_of_the_shops_is_named_by_ours(api: APIClient, merchant: Merchant, people: list[Customer]):
    known = api.get(URL, {"product": sku(2, 3), "limit": 20}).json()["customers"]
    nameless = Identity.objects.for_merchant(merchant).filter(kind="external_id", customer_id=known[0]["id"])
    assert nameless.delete()[0] == 1
    document = api.get(URL, {"product": sku(2, 3), "limit": 20}).json()
    assert document["reachable"] == len(document["customers"]) == 20
    first = document["customers"][0]
    assert (first["id"], first["external_id"]) == (known[0]["id"], "")
    assert [row["id"] for row in document["customers"]] == [row["id"] for row in known]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"product": "nothing"}, 404),
        ({"product": "G2-3", "channel": "post"}, 400),
        ({"product": "G2-3", "limit": "5001"}, 400),
        ({"product": "G2-3", "control_percent": "51"}, 400),
        ({"product": "G2-3", "extra": "1"}, 400),
    ],
)
def test_a_wrong_question_is_refused(api: APIClient, merchant: Merchant, query: dict[str, str], status: int):
    ProductFactory(merchant=merchant, sku="G2-3")
    assert api.get(URL, query).status_code == status


def test_a_product_of_another_shop_is_not_found(api: APIClient, stranger: Membership):
    ProductFactory(merchant=stranger.merchant, sku="THEIRS")
    assert api.get(URL, {"product": "THEIRS"}).status_code == 404


def test_a_publishable_key_learns_nothing(merchant: Merchant):
    ProductFactory(merchant=merchant, sku="G2-3")
    for browser in (storefront(merchant, kind="pk"), storefront(merchant, scopes=["recommendations:read"])):
        assert browser.get(URL, {"product": "G2-3"}).status_code == 403


def test_the_screen_shows_the_likeliest_and_what_to_expect(client: Client, merchant: Merchant, people: list[Customer]):
    address = reverse("recommendation_audience", args=[merchant.slug])
    assert "For whom is a product?" in client.get(address).text
    asked = {"product": sku(2, 3), "channel": "email", "limit": "500", "control": "10"}
    page = client.get(address, asked).text
    assert "The likeliest buyers of Thing 2-3" in page
    assert "Expected buyers" in page
    assert "There is no product with this SKU." in client.get(address, asked | {"product": "nothing"}).text
    assert "Nobody may be written to" in client.get(address, asked | {"channel": "sms"}).text


def test_what_nobody_bought_lately_has_likely_buyers_and_no_chances(
    client: Client, merchant: Merchant, people: list[Customer]
):
    Order.objects.for_merchant(merchant).update(placed_at=timezone.now() - timedelta(days=90))
    asked = {"product": sku(2, 3), "channel": "email", "limit": "500", "control": "10"}
    page = client.get(reverse("recommendation_audience", args=[merchant.slug]), asked).text
    assert "Nobody bought it in the last 28 days" in page
    assert "0.0%" not in page
