"""What people did in the demo shop before they bought."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from core.bulk import copy_rows
from customers.models import Customer, Event
from cxapp.demo.shop import DemoShop, generate
from cxapp.demo.visit_rows import event_rows
from cxapp.demo.visits import DAYS
from merchants.models import Merchant
from tests.factories import CustomerFactory

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop() -> DemoShop:
    return generate("demo", customers=300, seed=3, now=NOW)


def test_events_ascend_in_time_and_end_now(shop: DemoShop) -> None:
    moments = [event.at for event in shop.visits]
    assert len(moments) > 1000
    assert moments == sorted(moments)
    assert moments[-1] <= NOW
    assert moments[0] > NOW - timedelta(days=DAYS + 2)


def test_every_recent_order_was_completed_once_and_led_to(shop: DemoShop) -> None:
    recent = {order.number: order for order in shop.orders if order.placed_at > NOW - timedelta(days=DAYS)}
    completed = [event for event in shop.visits if event.name == "Order Completed"]
    assert Counter(event.properties["order_id"] for event in completed) == Counter(dict.fromkeys(recent, 1))
    for event in completed:
        order = recent[event.properties["order_id"]]
        assert (event.at, event.person) == (order.placed_at, order.person)
        assert len(event.properties["products"]) == len(order.lines)
    names = Counter(event.name for event in shop.visits)
    assert names["Product Viewed"] > names["Product Added"] > names["Order Completed"] > 0


def test_who_did_not_agree_is_a_stranger_on_every_page(shop: DemoShop) -> None:
    """Known people have one visitor id per visit; of the others no page can be joined with the next, nor with a person."""
    strangers = [event for event in shop.visits if event.visitor and event.person is None and event.kind == "page"]
    assert len({event.visitor for event in strangers}) == len(strangers)
    known = {event.visitor for event in shop.visits if event.visitor and event.person is not None}
    assert known
    assert known.isdisjoint(event.visitor for event in strangers)


def test_rows_belong_to_their_customers_and_guests_to_nobody(merchant: Merchant, shop: DemoShop) -> None:
    buyers = sorted({event.person for event in shop.visits if event.person is not None})
    customers: dict[int, Customer] = {buyers[0]: CustomerFactory(merchant=merchant)}
    copy_rows(event_rows(merchant, customers, shop.visits), lambda count: None)
    stored = Event.objects.for_merchant(merchant)
    assert stored.count() == len(shop.visits)
    own = [event for event in shop.visits if event.person == buyers[0]]
    assert stored.filter(customer_id=customers[buyers[0]].pk).count() == len(own)
    assert stored.exclude(customer_id=None).count() == len(own)
    newest = stored.order_by("-id").first()
    assert newest is not None
    assert newest.occurred_at == shop.visits[-1].at
