"""Tracked events as entries of the timeline: in words, with products, from everywhere the person was."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.providers import TimelineEntry
from customers.activity import NAMES, event_entries
from customers.models import Customer, Event, Identity, Merge
from merchants.models import Membership, Merchant
from tests.factories import CustomerFactory, ProductFactory

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def customer(merchant: Merchant) -> Customer:
    return CustomerFactory(merchant=merchant)


def _event(customer: Customer, name: str = "Product Viewed", *, minute: int = 0, **fields: Any) -> Event:
    at = AT + timedelta(minutes=minute)
    given = {"customer_id": customer.pk, "channel": "web", "kind": "track", "properties": {}} | fields
    number = Event.objects.for_merchant(customer.merchant).count()
    return Event.objects.create(
        merchant=customer.merchant, name=name, message_id=f"m-{number}", occurred_at=at, received_at=at, **given
    )


def _told(customer: Customer, limit: int = 50, before: datetime | None = None) -> list[TimelineEntry]:
    return event_entries(customer, limit, before)


@pytest.mark.parametrize(
    ("name", "properties", "title"),
    [
        ("Product Viewed", {"product_id": "1", "name": "Tent"}, "Looked at Tent"),
        ("Product Added", {"sku": "T-9", "name": "Sent name"}, "Put Tent, green into the basket"),
        ("Product Viewed", {"product_id": "T-9"}, "Looked at Tent, green"),
        ("Product Viewed", {}, "Looked at a product"),
        ("Products Searched", {"query": "  warm \n socks "}, "Searched for “warm socks”"),
        ("Products Searched", {"query": ["x"]}, "Searched the shop"),
        ("Completed Order", {"order_id": 1001}, "Completed order 1001"),
        ("Coupon Denied", {"coupon": "SUMMER"}, "The coupon “SUMMER” was refused"),
        ("Spun the wheel", {"prize": "mug"}, "Spun the wheel"),
    ],
)
def test_an_event_is_told_in_words(customer: Customer, name: str, properties: dict[str, Any], title: str) -> None:
    ProductFactory(merchant=customer.merchant, sku="T-9", title="Tent, green")
    ProductFactory(sku="1", title="Of another shop")  # could leak
    _event(customer, name, properties=properties)
    assert [entry.title for entry in _told(customer)] == [title]


def test_products_of_the_catalogue_are_linked(client: Client, customer: Customer) -> None:
    product = ProductFactory(merchant=customer.merchant, sku="T-9")
    _event(customer, properties={"sku": "T-9"})
    _event(customer, properties={"sku": "T-8"})
    links = {entry.url for entry in _told(customer)}
    assert links == {"", f"/m/{customer.merchant.slug}/catalog/{product.pk}/"}


@pytest.mark.parametrize(
    ("properties", "detail"),
    [
        ({"price": 19.99, "quantity": 2, "currency": "EUR"}, "× 2 · €19.99"),
        ({"price": 19.99}, ""),
        ({"price": "19.99", "currency": "EUR"}, ""),
        ({"price": True, "currency": "EUR"}, ""),
        ({"price": 1e300, "currency": "EUR"}, ""),
        ({"price": 5, "currency": "euros"}, ""),
        ({"quantity": True}, ""),
    ],
)
def test_amounts_are_shown_where_they_are_amounts(customer: Customer, properties: dict[str, Any], detail: str) -> None:
    _event(customer, properties=properties)
    assert [entry.detail for entry in _told(customer)] == [detail]


def test_every_kind_of_event_has_words(customer: Customer) -> None:
    for minute, name in enumerate(NAMES):
        _event(customer, name, minute=minute)
    for kind in ("page", "screen", "identify", "alias", "group"):
        _event(customer, "", kind=kind)
    entries = _told(customer, limit=100)
    assert len(entries) == len(NAMES) + 5
    assert all(entry.title and "%" not in entry.title for entry in entries)


def test_a_custom_event_shows_its_plain_properties(customer: Customer) -> None:
    _event(customer, "Wheel", properties={"prize": "mug", "list": [1], "turns": 3, "long": "x" * 500})
    (entry,) = _told(customer)
    assert {"prize: mug", "turns: 3"} < set(entry.detail.split(" · "))
    assert len(entry.detail) < 160


def test_pages_fold_and_bots_are_marked(client: Client, customer: Customer) -> None:
    for minute in range(3):
        _event(customer, f"Page {minute}", kind="page", minute=minute)
    _event(customer, "Robots", kind="page", minute=9, is_bot=True, channel="app")
    page = client.get(f"/m/{customer.merchant.slug}/customers/{customer.pk}/").text
    assert "Looked at 3 pages" in page
    assert "Looked at the page “Page 1”" in page
    assert page.count(">bot<") == 1
    assert 'title="web shop"' in page


def test_events_before_a_merge_and_of_known_devices_belong_to_the_person(
    customer: Customer, stranger: Membership
) -> None:
    absorbed, other = CustomerFactory(merchant=customer.merchant), CustomerFactory(merchant=customer.merchant)
    Merge.objects.create(
        merchant=customer.merchant, kept=customer, kept_id_then=customer.pk, absorbed_id=absorbed.pk, reason="staff"
    )
    Identity.objects.create(merchant=customer.merchant, customer=customer, kind="anonymous_id", value="visit-1")
    _event(customer, "own", minute=1, anonymous_id="visit-1")  # is found twice, and shown once
    _event(absorbed, "absorbed", minute=2)
    _event(customer, "visit", minute=3, customer_id=None, anonymous_id="visit-1")
    _event(customer, "unknown visitor", customer_id=None, anonymous_id="visit-2")
    _event(other, "somebody else on that device", anonymous_id="visit-1")
    foreign = CustomerFactory(merchant=stranger.merchant)
    _event(foreign, "another shop", customer_id=None, anonymous_id="visit-1")
    assert [entry.title for entry in _told(customer)] == ["visit", "absorbed", "own"]
    assert [entry.title for entry in _told(customer, limit=1)] == ["visit"]
    assert [entry.title for entry in _told(customer, before=AT + timedelta(minutes=2))] == ["own"]


def test_the_query_reads_only_what_it_shows(customer: Customer) -> None:
    """However much the person did: by the index, and not more rows than asked for of any name or device."""
    Identity.objects.create(merchant=customer.merchant, customer=customer, kind="anonymous_id", value="visit-1")
    Event.objects.bulk_create(
        Event(
            merchant=customer.merchant, customer_id=customer.pk, anonymous_id="visit-1", kind="track", channel="web",
            name="Cart Viewed", message_id=f"b-{number}", occurred_at=AT - timedelta(minutes=number), received_at=AT,
        )
        for number in range(3000)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_event")
    with CaptureQueriesContext(connection) as captured:
        assert len(_told(customer, limit=31)) == 31
    (statement,) = [query["sql"] for query in captured if "customers_event" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement)
        (plan,) = cursor.fetchone()
    assert _most_rows(plan[0]["Plan"]) <= 62


def _most_rows(node: dict[str, Any]) -> float:
    return max([node["Actual Rows"], *(_most_rows(part) for part in node.get("Plans", []))])
