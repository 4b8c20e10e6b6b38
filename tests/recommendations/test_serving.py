"""What callers get: from the live model, without SQL, and whatever breaks."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import translation
from pytest_django import DjangoAssertNumQueries, Settings
from redis.exceptions import ConnectionError as RedisAway

from catalog.models import Category, Product
from core import events
from customers.actions.consent import record_consent, record_objection
from customers.models import Customer
from merchants.models import Membership, Merchant
from orders.events import OrderPlaced
from orders.models import Order
from recommendations import loading, recent, serving
from recommendations.actions import train_models
from recommendations.handlers import remember_purchase
from recommendations.models import ModelVersion
from recommendations.queries import customer_key
from recommendations.reasons import SENTENCES, Reason, reason_text
from recommendations.serving import PLACEMENTS, Recommendation, recommend
from tests.factories import CustomerFactory
from tests.recommendations.shops import buy, sku, stocked_shop
from tests.recommendations.worlds import Quiet


@pytest.fixture
def people(merchant: Merchant) -> list[Customer]:
    return stocked_shop(merchant)


@pytest.fixture
def live(merchant: Merchant, people: list[Customer]) -> ModelVersion:
    return train_models(merchant, progress=Quiet())


def groups(answer: Recommendation) -> list[int]:
    """Of what ranked by its score; what is explored could be anything."""
    return [int(item.sku[1]) for item in answer.items if item.placed == "ranked"]


@contextmanager
def later(seconds: float, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The monotonic clock of ``loading``, moved on."""
    now = time.monotonic() + seconds
    with monkeypatch.context() as patch:
        patch.setattr(loading.time, "monotonic", lambda: now)
        yield


# --- from the live model


def test_home_knows_the_customer_by_either_id(merchant: Merchant, live: ModelVersion, people: list[Customer]):
    by_ours = recommend(merchant_id=merchant.pk, placement="home", customer_id=people[2].pk)
    by_theirs = recommend(merchant_id=merchant.pk, placement="home", external_id="c-2")
    assert by_ours.items == by_theirs.items
    assert by_ours.id != by_theirs.id
    assert by_ours.model_version == live.version
    assert groups(by_ours).count(2) >= 6


def test_an_order_confirmation_goes_with_the_order_and_repeats_nothing(merchant: Merchant, live: ModelVersion):
    order = [sku(1, 0), sku(1, 1)]
    answer = recommend(merchant_id=merchant.pk, placement="order_confirmation", basket=order, limit=4)
    assert groups(answer) == [1, 1, 1, 1]
    assert not {item.sku for item in answer.items} & set(order)
    assert {item.reason.because for item in answer.items if item.reason.source == "copurchase"} <= set(order)


def test_whoever_and_whatever_is_unknown_is_left_out_of_account(merchant: Merchant, live: ModelVersion):
    known = recommend(merchant_id=merchant.pk, placement="basket", basket=[sku(0, 1)])
    mixed = recommend(merchant_id=merchant.pk, placement="basket", basket=["nope", sku(0, 1), ""], external_id="nobody")
    assert mixed.items == known.items


def test_only_what_is_active_and_in_stock(
    merchant: Merchant, live: ModelVersion, monkeypatch: pytest.MonkeyPatch, people: list[Customer]
):
    ask: dict[str, Any] = {"merchant_id": merchant.pk, "placement": "home", "customer_id": people[0].pk, "limit": 50}
    before = {item.sku for item in recommend(**ask).items}
    assert {sku(0, 0), sku(0, 1), sku(0, 2)} <= before
    Product.objects.filter(sku=sku(0, 0)).update(active=False)
    Product.objects.filter(sku=sku(0, 1)).update(stock=0)
    Product.objects.filter(sku=sku(0, 2)).update(stock=None)  # not counted: always there
    with later(loading.SHELF_SECONDS + 1, monkeypatch):
        after = {item.sku for item in recommend(**ask).items}
    assert before - after == {sku(0, 0), sku(0, 1)}


def test_an_answer_kept_for_strangers_follows_the_stock_and_knows_nobody(
    merchant: Merchant, live: ModelVersion, monkeypatch: pytest.MonkeyPatch
):
    ask: dict[str, Any] = {"merchant_id": merchant.pk, "placement": "product", "product": sku(0, 0)}
    first = recommend(**ask)
    assert recommend(**ask, external_id="c-3").items != first.items
    again = recommend(**ask)
    assert again.items == first.items
    assert again.id != first.id
    Product.objects.filter(sku=first.items[0].sku).update(stock=0)
    with later(loading.SHELF_SECONDS + 1, monkeypatch):
        assert first.items[0].sku not in {item.sku for item in recommend(**ask).items}


def test_answers_kept_are_bounded(merchant: Merchant, live: ModelVersion, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(serving, "MOST_KEPT", 3)
    for number in range(8):
        recommend(merchant_id=merchant.pk, placement="product", product=sku(0, number))
    loaded = loading.current(merchant.pk)
    assert loaded is not None
    assert 0 < len(loaded.answers) <= 3


def test_a_new_model_is_noticed_within_two_seconds(
    merchant: Merchant, live: ModelVersion, monkeypatch: pytest.MonkeyPatch
):
    assert recommend(merchant_id=merchant.pk, placement="home").model_version == live.version
    newer = train_models(merchant, progress=Quiet())
    assert recommend(merchant_id=merchant.pk, placement="home").model_version == live.version
    with later(2.1, monkeypatch):
        assert recommend(merchant_id=merchant.pk, placement="home").model_version == newer.version


def test_who_objects_to_profiling_gets_what_a_stranger_gets(
    merchant: Merchant, live: ModelVersion, people: list[Customer], monkeypatch: pytest.MonkeyPatch
):
    objector, other = people[0], people[1]
    ways: list[dict[str, Any]] = [{"customer_id": objector.pk}, {"external_id": objector.external_id}]
    stranger = recommend(merchant_id=merchant.pk, placement="home").items
    personal = recommend(merchant_id=merchant.pk, placement="home", customer_id=other.pk).items
    assert recommend(merchant_id=merchant.pk, placement="home", **ways[0]).items != stranger
    record_objection(objector, purpose="profiling", source="x")
    with later(6, monkeypatch):
        for way in ways:
            assert recommend(merchant_id=merchant.pk, placement="home", **way).items == stranger
        assert recommend(merchant_id=merchant.pk, placement="home", customer_id=other.pk).items == personal
    record_consent(objector, purpose="profiling", channel="", text_version="1", source="x", evidence={})
    with later(12, monkeypatch):
        assert recommend(merchant_id=merchant.pk, placement="home", **ways[0]).items != stranger


def test_another_merchants_model_does_not_answer(merchant: Merchant, live: ModelVersion, stranger: Membership):
    stocked_shop(stranger.merchant, customers=2, orders=1)
    theirs = recommend(merchant_id=stranger.merchant.pk, placement="home", external_id="c-2", limit=50)
    assert theirs.model_version is None
    own = set(Product.objects.for_merchant(stranger.merchant).values_list("id", flat=True))
    assert {item.product_id for item in theirs.items} <= own


def test_the_hot_path_asks_no_sql(
    merchant: Merchant, live: ModelVersion, django_assert_num_queries: DjangoAssertNumQueries
):
    recommend(merchant_id=merchant.pk, placement="home")
    with django_assert_num_queries(0):
        for number in range(20):
            recommend(merchant_id=merchant.pk, placement="basket", external_id=f"c-{number}", basket=[sku(1, 1)])


# --- since the training


def place(customer: Customer, *skus: str, at: datetime) -> Order:
    """An order whose event was delivered."""
    order = buy(customer, *skus, at=at)
    remember_purchase(OrderPlaced(merchant_id=customer.merchant_id, order_id=order.pk))
    return order


@pytest.mark.parametrize("by", ["customer_id", "external_id"])
def test_a_purchase_counts_at_once(merchant: Merchant, live: ModelVersion, people: list[Customer], by: str):
    ask: dict[str, Any] = {"merchant_id": merchant.pk, "placement": "home", "limit": 12}
    ask |= {"customer_id": people[0].pk} if by == "customer_id" else {"external_id": "c-0"}
    before = recommend(**ask)
    bought = [sku(3, number) for number in range(3)]
    place(people[0], *bought, at=live.snapshot_at + timedelta(minutes=1))
    after = recommend(**ask)
    assert groups(after).count(3) > groups(before).count(3)
    assert not {item.sku for item in after.items} & set(bought)


def test_a_customer_who_came_after_the_training_is_known_by_the_first_order(merchant: Merchant, live: ModelVersion):
    newcomer = CustomerFactory(merchant=merchant, external_id="new")
    place(newcomer, sku(2, 0), sku(2, 1), at=live.snapshot_at + timedelta(minutes=1))
    for who in ({"external_id": "new"}, {"customer_id": newcomer.pk}):
        assert groups(recommend(merchant_id=merchant.pk, placement="home", limit=5, **who)).count(2) >= 4


def test_the_handler_remembers_under_every_external_id(merchant: Merchant, people: list[Customer]):
    order = buy(people[1], sku(2, 0), sku(2, 1))
    remember_purchase(OrderPlaced(merchant_id=merchant.pk, order_id=order.pk))
    remember_purchase(OrderPlaced(merchant_id=merchant.pk, order_id=order.pk))  # delivered twice
    since = order.received_at - timedelta(minutes=1)
    found = recent.recall(merchant.pk, since, key=customer_key("c-1")).bought
    assert sorted(found) == sorted(order.lines.values_list("product_id", flat=True))
    assert recent.recall(merchant.pk, order.received_at, key=customer_key("c-1")).bought == []
    assert recent.recall(merchant.pk, since, key=customer_key("c-2")).bought == []


def test_the_handler_is_subscribed_and_ignores_guests(merchant: Merchant, people: list[Customer]):
    assert "recommendations.handlers.remember_purchase" in events._handlers["OrderPlaced"]
    order = buy(people[0], sku(0, 0))
    Order.objects.filter(pk=order.pk).update(customer=None)
    remember_purchase(OrderPlaced(merchant_id=merchant.pk, order_id=order.pk))
    remember_purchase(OrderPlaced(merchant_id=merchant.pk, order_id=0))


def test_the_memory_is_bounded(merchant: Merchant):
    now = datetime(2026, 11, 20, tzinfo=UTC)
    for number in range(recent.MOST_REMEMBERED + 20):
        recent.remember(merchant.pk, [1], [number], at=now + timedelta(seconds=number))
    found = recent.recall(merchant.pk, now - timedelta(days=1), key=1).bought
    assert len(found) == recent.MOST_REMEMBERED
    assert found[0] == recent.MOST_REMEMBERED + 19


# --- whatever breaks


def test_without_redis_the_model_answers_and_redis_is_left_alone(
    merchant: Merchant, live: ModelVersion, monkeypatch: pytest.MonkeyPatch
):
    asked = []

    class Away:
        def pipeline(self, **how: object) -> None:
            asked.append(how)
            raise RedisAway

    monkeypatch.setattr(recent, "redis_client", Away)
    for _ in range(3):
        answer = recommend(merchant_id=merchant.pk, placement="home", external_id="c-2")
        assert groups(answer).count(2) >= 6
    assert len(asked) == 1  # the others did not wait for a time-out


def test_what_is_due_is_read_beside_the_answers(
    merchant: Merchant, live: ModelVersion, monkeypatch: pytest.MonkeyPatch, settings: Settings
):
    settings.RECOMMENDATIONS_RENEW_ASIDE = True
    recommend(merchant_id=merchant.pk, placement="home")
    asked: SimpleQueue[Any] = SimpleQueue()
    monkeypatch.setattr(loading, "_aside", lambda: asked)
    Product.objects.filter(sku=sku(0, 0)).update(stock=0)
    with later(loading.POINTER_SECONDS + 1, monkeypatch):
        for _ in range(5):
            assert recommend(merchant_id=merchant.pk, placement="home").model_version == live.version
        assert asked.qsize() == 1
        asked.get().renew(time.monotonic())
        recommend(merchant_id=merchant.pk, placement="home")
        assert asked.qsize() == 0
    with later(60, monkeypatch):  # long idle: not a moment longer is answered from what is old
        assert sku(0, 0) not in {
            item.sku for item in recommend(merchant_id=merchant.pk, placement="home", limit=50).items
        }
        assert asked.qsize() == 0


def test_untrained_popularity_answers(merchant: Merchant, people: list[Customer]):
    best_seller = sku(3, 7)
    for person in people[:60]:
        buy(person, best_seller)
    answer = recommend(merchant_id=merchant.pk, placement="home", limit=3)
    assert answer.model_version is None
    assert answer.items[0].sku == best_seller
    assert answer.items[0].reason == Reason("popularity", "popular_now")


def test_untrained_a_category_on_the_page_counts(merchant: Merchant, people: list[Customer]):
    category = Category.objects.create(merchant=merchant, name="Tents", path="Tents")
    Product.objects.filter(sku__startswith="G2-").update(category=category)
    answer = recommend(merchant_id=merchant.pk, placement="product", product=sku(2, 0), limit=3)
    assert groups(answer) == [2, 2, 2]


def test_without_orders_the_newest_products_answer(merchant: Merchant):
    for number in range(3):
        Product.objects.create(
            merchant=merchant,
            sku=f"P{number}",
            title="x",
            price=1,
            created_at=loading.EVER + timedelta(days=number),
        )
    answer = recommend(merchant_id=merchant.pk, placement="home")
    assert [item.sku for item in answer.items] == ["P2", "P1", "P0"]
    assert {item.reason.code for item in answer.items} == {"from_range"}


def test_an_empty_shop_gets_an_empty_list(merchant: Merchant):
    for placement in PLACEMENTS:
        answer = recommend(merchant_id=merchant.pk, placement=placement, product="x", basket=["y"], external_id="z")
        assert (answer.items, answer.model_version) == ([], None)
        assert answer.id


@pytest.mark.parametrize("damage", ["corrupt", "missing"])
def test_a_broken_artefact_falls_back_to_popularity(
    merchant: Merchant, live: ModelVersion, damage: str, caplog: pytest.LogCaptureFixture
):
    if damage == "missing":
        shutil.rmtree(live.directory)
    else:
        (live.directory / "als.products.npy").write_bytes(b"nonsense")
    answer = recommend(merchant_id=merchant.pk, placement="home", external_id="c-2")
    assert answer.model_version is None
    assert len(answer.items) == 8
    assert live.version in caplog.text


def test_a_broken_new_artefact_leaves_the_loaded_one_answering(
    merchant: Merchant, live: ModelVersion, monkeypatch: pytest.MonkeyPatch
):
    recommend(merchant_id=merchant.pk, placement="home")
    newer = train_models(merchant, progress=Quiet())
    (newer.directory / "manifest.json").write_text("{}")
    with later(3, monkeypatch):
        assert recommend(merchant_id=merchant.pk, placement="home").model_version == live.version


def test_a_database_that_went_away_does_not_stop_answers(
    merchant: Merchant, live: ModelVersion, monkeypatch: pytest.MonkeyPatch
):
    recommend(merchant_id=merchant.pk, placement="home")

    def away(*args: object) -> None:
        raise OperationalError

    monkeypatch.setattr(loading._Shop, "_live", away)
    with later(10, monkeypatch):
        assert len(recommend(merchant_id=merchant.pk, placement="home").items) == 8
    loading.forget()
    assert recommend(merchant_id=merchant.pk, placement="home").items == []


def test_a_bug_is_logged_and_the_answer_empty(
    merchant: Merchant, live: ModelVersion, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(serving, "Request", None)
    answer = recommend(merchant_id=merchant.pk, placement="home", external_id="c-2")
    assert answer.items == []
    assert "no recommendations for merchant" in caplog.text
    assert "c-2" not in caplog.text.split("Traceback")[0]


# --- in words


def test_reasons_name_the_product_or_its_sku():
    reason = Reason("copurchase", "bought_together", "84029E")
    assert reason_text(reason, {"84029E": "Red mug"}) == "Often bought together with Red mug"
    assert reason_text(reason) == "Often bought together with 84029E"
    assert reason_text(Reason("popularity", "popular_now")) == "Popular right now"


def test_every_sentence_can_be_said():
    with translation.override("de"):
        for code in SENTENCES:
            assert reason_text(Reason("x", code, "S"), {"S": "50% cotton"})
