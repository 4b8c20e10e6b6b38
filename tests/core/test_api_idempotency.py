"""``Idempotency-Key``: a retried write happens once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from catalog.models import PriceChange, Product
from core.locks import lock_name
from core.models import IdempotencyRecord
from merchants.models import Merchant
from tests.factories import MerchantFactory
from tests.storefront import Storefront, storefront

URL = "/api/v1/products/tent-2"
TENT = {"title": "Tent", "price": 19900}


def put(server: Storefront, key: str, body: dict[str, Any] | None = None, url: str = URL) -> Any:
    return server.put(url, body or TENT, headers={"Idempotency-Key": key})


def test_the_same_request_is_answered_as_the_first_time(api: Storefront, merchant: Merchant) -> None:
    first = put(api, "k-1")
    Product.objects.for_merchant(merchant).update(price=1)  # the world moves on
    again = put(api, "k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert ("Idempotent-Replay" in first.headers, again.headers["Idempotent-Replay"]) == (False, "true")
    assert Product.objects.get(merchant=merchant).price == 1
    assert PriceChange.objects.for_merchant(merchant).count() == 1


def test_keys_in_another_order_are_the_same_body(api: Storefront) -> None:
    put(api, "k-1", {"title": "Tent", "price": 1})
    assert put(api, "k-1", {"price": 1, "title": "Tent"}).status_code == 201


@pytest.mark.parametrize(
    "other", [{"body": {"title": "Tent", "price": 1}}, {"url": "/api/v1/products/tent-3"}], ids=["body", "address"]
)
def test_another_request_under_the_key_is_refused(api: Storefront, merchant: Merchant, other: dict[str, Any]) -> None:
    put(api, "k-1")
    answer = put(api, "k-1", **other)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Product.objects.get(merchant=merchant).price == 19900


def test_a_refused_request_may_be_mended_under_its_key(api: Storefront, merchant: Merchant) -> None:
    assert put(api, "k-1", {"title": "Tent", "price": -1}).status_code == 400
    assert not IdempotencyRecord.objects.for_merchant(merchant).exists()
    assert put(api, "k-1").status_code == 201


def test_a_key_belongs_to_its_merchant(api: Storefront, stranger: Any) -> None:
    put(api, "k-1")
    answer = put(storefront(stranger.merchant), "k-1", {"title": "Mine", "price": 1})
    assert (answer.status_code, answer.json()["title"]) == (201, "Mine")


def test_an_overlong_key_is_refused(api: Storefront) -> None:
    answer = put(api, "k" * 256)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")


@pytest.mark.django_db(transaction=True)
def test_a_request_still_running_under_the_key_is_a_conflict() -> None:
    merchant = MerchantFactory()
    server = storefront(merchant)
    running, answered = Event(), Event()

    def run_first() -> None:
        with transaction.atomic():
            lock_name(f"idempotency:{merchant.pk}:k-1")
            running.set()
            answered.wait(10)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run_first)
        running.wait(10)
        answer = put(server, "k-1")
        answered.set()
        first.result()
    assert (answer.status_code, answer.json()["code"]) == (409, "request_in_flight")
    assert put(server, "k-1").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_a_crash_after_the_effect_leaves_neither_effect_nor_record(monkeypatch: pytest.MonkeyPatch) -> None:
    merchant = MerchantFactory()
    server = storefront(merchant)

    def crash(**_fields: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(IdempotencyRecord.objects, "create", crash)
        assert put(server, "k-1").status_code == 500
    assert not Product.objects.for_merchant(merchant).exists()
    assert put(server, "k-1").status_code == 201
