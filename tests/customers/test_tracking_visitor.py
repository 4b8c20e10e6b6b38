"""What a visitor looked at and put into the basket, and who is no visitor."""

import random
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.redis import redis_client
from customers.models import Customer, Event
from customers.tracking import bots, visitor
from customers.tracking.memory import BasketItem, Note, basket, disliked, ignored, product_key, products_of, recent
from merchants.actions import create_api_key
from merchants.models import Membership, Merchant
from tests.customers.tracking_samples import CONSENTED, events_of, moment, send, statuses, viewed
from tests.storefront import Storefront, storefront

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """Nothing is remembered from one test to the next; merchants' ids begin anew in none of them."""
    bots.forget_hasty()
    visitor.wake()
    redis_client().flushdb()
    yield
    visitor.wake()
    bots.forget_hasty()


def did(name: str, number: int, minutes: float, **properties: Any) -> dict[str, Any]:
    return viewed(number, event=name, timestamp=moment(minutes=minutes), properties=properties)


def seen(merchant: Merchant, **who: Any) -> list[tuple[str, str]]:
    who = who or {"anonymous_ids": ["visitor-1"]}
    return [(product.product, product.kind) for product in visitor.recent_products(merchant.pk, **who)]


def lies(merchant: Merchant, **who: Any) -> dict[str, int]:
    who = who or {"anonymous_ids": ["visitor-1"]}
    return {item.product: item.quantity for item in visitor.basket(merchant.pk, **who)}


# --- memory -----------------------------------------------------------------------------------------------------------


def test_what_was_seen_and_bought_is_there_when_the_request_answers(api: Storefront, merchant: Merchant) -> None:
    send(api, [did("Product Viewed", 1, -9, sku="mug"), did("Product Added", 2, -8, sku="kettle", quantity=2)])
    assert seen(merchant) == [("kettle", "added"), ("mug", "viewed")]
    assert lies(merchant) == {"kettle": 2}
    send(api, [did("Product Added", 3, -7, product_id=4711), did("Product Removed", 4, -6, sku="kettle", quantity=1)])
    assert lies(merchant) == {"kettle": 1, "4711": 1}
    assert seen(merchant) == [("kettle", "removed"), ("4711", "added"), ("mug", "viewed")]
    send(api, [did("Product Removed", 5, -5, sku="kettle")])
    assert lies(merchant) == {"4711": 1}
    send(api, [did("Cart Viewed", 6, -4, products=[{"sku": "plate", "quantity": 3}])])
    assert lies(merchant) == {"plate": 3}
    send(api, [did("Completed Order", 7, -3, order_id="A-1", products=[{"sku": "plate", "quantity": 3}])])
    assert lies(merchant) == {}
    assert seen(merchant)[0] == ("plate", "ordered")


def test_it_does_not_matter_in_which_order_it_is_told(api: Storefront, merchant: Merchant) -> None:
    send(api, [did("Order Completed", 3, -1, products=[{"sku": "mug"}])])
    send(api, [did("Product Added", 1, -3, sku="mug")])
    assert lies(merchant) == {}
    assert seen(merchant) == [("mug", "ordered")]


def test_a_duplicate_adds_nothing(api: Storefront, merchant: Merchant) -> None:
    for _ in range(3):
        send(api, [did("Product Added", 1, -3, sku="mug")])
    assert lies(merchant) == {"mug": 1}


def test_a_customer_finds_the_basket_on_every_device(api: Storefront, merchant: Merchant) -> None:
    send(api, [viewed(1, event="Product Added", userId="c-1", context=CONSENTED)])
    send(api, [viewed(2, event="Product Added", anonymousId="tablet", userId="c-1", context=CONSENTED)])
    profile = Customer.objects.for_merchant(merchant).get()
    assert lies(merchant, customer_ids=[profile.pk]) == {"sku-1": 1, "sku-2": 1}
    everything = {"customer_ids": [profile.pk], "anonymous_ids": ["visitor-1", "tablet"]}
    assert lies(merchant, **everything) == {"sku-1": 1, "sku-2": 1}  # nothing counts twice


def test_a_known_visitor_is_remembered_with_the_profile(api: Storefront, merchant: Merchant) -> None:
    send(api, [viewed(1, type="identify", userId="c-1", context=CONSENTED)])
    send(api, [viewed(2, context=CONSENTED)])
    profile = Customer.objects.for_merchant(merchant).get()
    assert seen(merchant, customer_ids=[profile.pk]) == [("sku-2", "viewed")]


def test_visitors_of_another_shop_are_others(api: Storefront, merchant: Merchant, stranger: Membership) -> None:
    send(storefront(stranger.merchant), [viewed(1, event="Product Added")])
    assert (seen(merchant), lies(merchant)) == ([], {})
    assert lies(stranger.merchant) == {"sku-1": 1}


def test_a_visitor_can_be_forgotten(api: Storefront, merchant: Merchant) -> None:
    send(api, [viewed(1), viewed(2, event="Product Added")])
    assert visitor.forget(merchant.pk, anonymous_ids=["visitor-1"]) == 2
    assert (seen(merchant), lies(merchant)) == ([], {})


def test_only_the_newest_is_remembered_and_not_for_ever(api: Storefront, merchant: Merchant) -> None:
    send(api, [did("Product Viewed", number, -number, sku=f"s-{number}") for number in range(1, 100)])
    assert len(visitor.recent_products(merchant.pk, anonymous_ids=["visitor-1"], limit=100)) == 60
    send(api, [viewed(200, anonymousId="late", timestamp=moment(days=-31))])
    assert seen(merchant, anonymous_ids=["late"]) == []
    (key,) = redis_client().keys(f"cx:visitor:{merchant.pk}:seen:a:visitor-1")
    assert 0 < redis_client().ttl(key) <= 30 * 24 * 3600


@pytest.fixture
def deaf_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Redis that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = Redis(
            port=listener.getsockname()[1],
            socket_timeout=0.25,
            socket_connect_timeout=0.25,
            retry=Retry(NoBackoff(), 0),
        )
        visitor._script.cache_clear()
        monkeypatch.setattr(visitor, "redis_client", lambda: client)
        yield
    visitor._script.cache_clear()


@pytest.mark.usefixtures("deaf_redis")
def test_redis_away_costs_the_memory_and_no_event(api: Storefront, merchant: Merchant) -> None:
    begin = time.monotonic()
    assert statuses(send(api, [viewed(1)])) == ["stored"]
    for number in range(2, 12):  # and is not asked again at once
        assert statuses(send(api, [viewed(number)])) == ["stored"]
    assert time.monotonic() - begin < 5
    assert Event.objects.for_merchant(merchant).count() == 11
    assert (seen(merchant), lies(merchant)) == ([], {})


# --- replay -----------------------------------------------------------------------------------------------------------

NOTES = st.lists(
    st.builds(
        Note,
        at=st.integers(0, 5),
        kind=st.sampled_from(["viewed", "wished", "added", "removed", "cart", "ordered"]),
        products=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=3).map(tuple),
        key=st.text("xyz", min_size=1, max_size=6),
    ),
    unique_by=lambda note: note.key,
    max_size=12,
)


@given(NOTES, st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_memory(notes: list[Note], chance: random.Random) -> None:
    shuffled = [*notes, *notes[:3]]
    chance.shuffle(shuffled)
    assert basket(shuffled) == basket(notes)
    assert recent(shuffled, 10) == recent(notes, 10)
    assert all(item.quantity > 0 for item in basket(notes))


def test_removing_more_than_there_is_leaves_nothing_behind() -> None:
    notes = [
        Note(1, "added", (("a", 1),), "1"),
        Note(2, "removed", (("a", 5),), "2"),
        Note(3, "added", (("a", 1),), "3"),
    ]
    assert basket(notes) == [BasketItem("a", 1)]


@pytest.mark.parametrize(
    ("properties", "key"),
    [
        ({"sku": "a", "product_id": "b"}, "a"),
        ({"product_id": 7}, "7"),
        ({"sku": "", "product_id": "b"}, "b"),
        ({"sku": True, "product_id": ["b"]}, ""),
        ({"sku": "x" * 65}, ""),
    ],
)
def test_a_product_is_known_by_its_sku(properties: dict[str, Any], key: str) -> None:
    assert product_key(properties) == key


@pytest.mark.parametrize("quantity", [None, "x", -3, [], True, float("1e300"), "999999999"])
def test_no_quantity_breaks_the_memory(quantity: Any) -> None:
    ((_sku, amount),) = products_of("Product Added", {"sku": "a", "quantity": quantity})
    assert 0 <= amount <= 10_000
    assert products_of("Cart Viewed", {"products": "x"}) == ()
    assert products_of("Cart Viewed", {"products": [1, None, {"sku": "a"}]}) == (("a", 0),)
    assert products_of("Page Shared", {"sku": "a"}) == ()


# --- bots -------------------------------------------------------------------------------------------------------------


def test_a_crawler_is_stored_and_not_remembered(api: Storefront, merchant: Merchant) -> None:
    send(api, [viewed(1, context={"userAgent": GOOGLEBOT}), viewed(2, context={"userAgent": CHROME})])
    found = events_of(merchant)
    assert (found["m-1"].is_bot, found["m-2"].is_bot) == (True, False)
    assert seen(merchant) == [("sku-2", "viewed")]
    assert list(Event.objects.for_merchant(merchant).of_people()) == [found["m-2"]]


@pytest.mark.parametrize(("agent", "is_bot"), [(GOOGLEBOT, True), (CHROME, False), ("python-requests/2.32", False)])
def test_a_browser_speaks_for_itself_and_a_server_for_people(merchant: Merchant, agent: str, is_bot: bool) -> None:
    keys = {kind: create_api_key(merchant, kind=kind, name="tests")[1] for kind in ("pk", "sk")}
    send(Storefront(keys["pk"], **{"User-Agent": agent}), [viewed(1)])
    send(Storefront(keys["sk"], **{"User-Agent": agent}), [viewed(2)])
    found = events_of(merchant)
    assert (found["m-1"].is_bot, found["m-2"].is_bot) == (is_bot, False)


def test_who_does_more_in_a_minute_than_anybody_can_is_a_bot(api: Storefront, merchant: Merchant) -> None:
    at = datetime.now(UTC).replace(second=0) - timedelta(minutes=5)
    batch = [viewed(number, timestamp=at.isoformat()) for number in range(bots.MOST_PER_MINUTE + 1)]
    send(api, [*batch, viewed(9000, anonymousId="somebody", timestamp=at.isoformat())])
    assert Event.objects.for_merchant(merchant).filter(is_bot=True).count() == len(batch)
    assert not events_of(merchant)["m-9000"].is_bot
    assert seen(merchant) == []


def test_haste_is_seen_over_many_requests(api: Storefront, merchant: Merchant) -> None:
    at = datetime.now(UTC).replace(second=0) - timedelta(minutes=5)
    batch = [viewed(number, timestamp=at.isoformat()) for number in range(bots.MOST_PER_MINUTE + 10)]
    for first in range(0, len(batch), 30):
        send(api, batch[first : first + 30])
    send(api, [viewed(9000, timestamp=moment(minutes=-1))])
    assert events_of(merchant)["m-9000"].is_bot


def test_an_app_that_was_offline_for_an_hour_is_no_bot(api: Storefront, merchant: Merchant) -> None:
    send(api, [viewed(number, timestamp=moment(minutes=-number / 8)) for number in range(480)])
    assert not Event.objects.for_merchant(merchant).filter(is_bot=True).exists()


def test_bots_are_forgotten_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    bots.remember_hasty(1, ["v"])
    assert bots.is_known_bot(1, "v")
    assert not bots.is_known_bot(2, "v")
    later = time.monotonic() + 3601
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert not bots.is_known_bot(1, "v")


# --- what was recommended ---------------------------------------------------------------------------------------------


def told(name: str, at: int, *products: str) -> Note:
    return Note(at, name, tuple((product, 0) for product in products), f"{name}-{at}")


def test_three_times_recommended_and_never_looked_at_is_ignored() -> None:
    notes = [told("shown", at, "mug", "kettle") for at in (1, 2, 3)]
    assert ignored(notes, now=10) == ["mug", "kettle"]
    assert ignored(notes[:2], now=10) == []
    assert ignored([*notes, told("viewed", 4, "mug")], now=10) == ["kettle"]
    assert ignored([told("viewed", 0, "mug"), *notes], now=10) == ["mug", "kettle"]
    assert ignored(notes, now=8 * 24 * 3600 * 1000) == []


def test_only_lists_of_recommendations_count_as_recommended(api: Storefront, merchant: Merchant) -> None:
    listed = {"products": [{"sku": "mug"}]}
    send(api, [did("Product List Viewed", number, -number, category="Kitchen", **listed) for number in (1, 2, 3)])
    send(api, [did("Product List Viewed", 4, -1, recommendation_id="r-1", products=[{"sku": "plate"}])])
    send(
        api,
        [did("Product Reviewed", 5, -1, sku="kettle", rating=1), did("Product Reviewed", 6, -1, sku="jug", rating="5")],
    )
    pipeline = redis_client().pipeline(transaction=False)
    visitor.queue(pipeline, merchant.pk, anonymous_ids=["visitor-1"])
    notes = visitor.read(pipeline.execute())
    assert [(note.kind, note.products) for note in notes if note.products] == [
        ("disliked", (("kettle", 0),)),
        ("shown", (("plate", 0),)),
    ]
    assert disliked(notes) == ["kettle"]
    assert seen(merchant) == []
