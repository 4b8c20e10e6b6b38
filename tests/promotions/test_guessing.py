"""Whoever tries codes that do not exist waits; whoever mistypes one does not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from redis.exceptions import ConnectionError as ConnectionLost

from core.redis import redis_client
from merchants.models import Merchant
from promotions import active
from promotions.queries import guessing
from promotions.queries.guessing import guessers
from tests.factories import CustomerFactory, MerchantFactory
from tests.promotions.shops import amount, coupons, launch, percent
from tests.storefront import Storefront, storefront

MONDAY = datetime(2026, 11, 23, 10, 1, tzinfo=UTC)
EVALUATE, RESERVE = "/api/v1/promotions/evaluate", "/api/v1/reservations"


@pytest.fixture(autouse=True)
def _nobody_has_tried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(guessing, "_rests_until", 0.0)
    redis_client().flushdb()
    with time_machine.travel(MONDAY, tick=False):
        yield


def cart(*codes: str, **shopper: str) -> dict[str, Any]:
    return {"lines": [{"sku": "A", "quantity": 1, "unit_price": 1000}], "codes": list(codes), "shopper": shopper}


def guess(api: Storefront, count: int, *, first: int = 0, **shopper: str) -> list[int]:
    """The status of each of so many tries of different codes."""
    return [api.post(EVALUATE, cart(f"GUESS-{first + at}", **shopper)).status_code for at in range(count)]


def test_after_ten_codes_that_do_not_exist_a_shopper_waits_for_the_quarter_to_end(api: Storefront) -> None:
    assert guess(api, 10, id="eve") == [200] * 10
    answer = api.post(EVALUATE, cart("GUESS-11", id="eve"))
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_code_tries")
    assert answer.headers["Retry-After"] == str(14 * 60 + 1)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "off the cart" in answer.json()["detail"]
    with time_machine.travel(MONDAY + timedelta(minutes=15), tick=False):
        assert guess(api, 1, first=20, id="eve") == [200]


def test_a_cart_without_codes_and_other_shoppers_are_decided_all_the_same(api: Storefront, merchant: Merchant) -> None:
    launch(merchant, "welcome", percent(), when={"code": ["WELCOME"]})
    active.forget()
    guess(api, 11, id="eve", ip="192.0.2.1")
    assert api.post(EVALUATE, cart(id="eve")).status_code == 200
    other = api.post(EVALUATE, cart("welcome", id="ada", ip="192.0.2.1"))
    assert (other.status_code, other.json()["total"]) == (200, 900)


def test_one_slip_on_every_look_at_the_cart_is_one_try(api: Storefront, merchant: Merchant) -> None:
    assert {api.post(EVALUATE, cart("WELCOM", id="ada")).status_code for _look in range(30)} == {200}
    assert [row.tries for row in guessers(merchant)] == [1]


def test_codes_that_are_good_or_over_or_pending_are_no_guesses(api: Storefront, merchant: Merchant) -> None:
    late = coupons(merchant, "LATE", count=12, valid_until=MONDAY - timedelta(days=1))
    launch(merchant, "big", amount(100), when={"all": [{"code": ["BIG"]}, {"spend": {"at_least": 5000}}]})
    active.forget()
    for coupon in late:
        said = api.post(EVALUATE, cart(coupon.code, "big", id="ada")).json()["codes"]
        assert (said["pending"], said["refused"][0]["reason"]) == (["BIG"], "expired")
    assert guessers(merchant) == []


def test_a_code_whose_promotion_is_used_up_or_rests_is_no_guess(api: Storefront, merchant: Merchant) -> None:
    launch(merchant, "welcome", percent(), limits={"uses_limit": 0}, when={"code": ["WELCOME"]})
    [coupon] = coupons(merchant, "RESTS")
    active.forget()
    said = api.post(EVALUATE, cart("welcome", coupon.code, id="ada")).json()["codes"]
    assert {entry["reason"] for entry in said["refused"]} == {"used_up", "not_active"}
    assert guessers(merchant) == []


def test_a_code_of_somebody_else_is_a_guess(api: Storefront, merchant: Merchant) -> None:
    CustomerFactory(merchant=merchant, external_id="ada")
    [hers] = coupons(merchant, "HERS", customers=["ada"])
    api.post(EVALUATE, cart(hers.code, id="eve"))
    assert [row.tries for row in guessers(merchant)] == [1]


def test_behind_one_address_many_may_slip_and_a_guesser_without_a_name_is_stopped(api: Storefront) -> None:
    assert guess(api, 30, ip="192.0.2.1") == [200] * 30
    assert guess(api, 1, first=30, ip="192.0.2.1") == [429]
    assert guess(api, 1, first=30, ip="192.0.2.2") == [200]


def test_carts_that_name_nobody_are_counted_together_and_shared_codes_go_on(
    api: Storefront, client: Client, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(guessing.LIMITS, guessing.NAMELESS, {guessing.QUARTER: 12, guessing.DAY: 40})
    launch(merchant, "summer", percent(), when={"code": ["SUMMER"]})
    launch(merchant, "gift", amount(500), when={"code": ["@GIFTS"]})
    [coupon] = coupons(merchant, "GIFTS")
    active.forget()
    assert guess(api, 12) == [200] * 12
    answer = api.post(EVALUATE, cart("GUESS-12"))
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_code_tries")
    assert "ip. Say one of them" in answer.json()["detail"]
    # Whether a code of a batch is right is told to nobody now, not even beside a shared one; nothing else has changed.
    assert api.post(EVALUATE, cart(coupon.code)).status_code == 429
    assert api.post(EVALUATE, cart("summer", coupon.code)).status_code == 429
    assert api.post(RESERVE, {"cart": cart("GUESS-13")}).status_code == 429
    assert api.post(EVALUATE, cart(" summer ")).json()["total"] == 900
    assert api.post(EVALUATE, cart()).status_code == 200
    assert api.post(EVALUATE, cart(coupon.code, ip="192.0.2.9")).json()["total"] == 500
    assert storefront(MerchantFactory()).post(EVALUATE, cart("GUESS-1")).status_code == 200
    [row] = [row for row in guessers(merchant) if row.kind == "nameless"]
    assert (row.tries, row.customer_id, row.blocked_until is None) == (12, None, False)
    assert "Carts that name nobody" in client.get(f"/m/{merchant.slug}/coupons/abuse").text
    with time_machine.travel(MONDAY + timedelta(minutes=15), tick=False):
        assert guess(api, 1, first=20) == [200]


def test_a_shop_whose_carts_name_nobody_has_room_for_slips(api: Storefront) -> None:
    quarter, day = (guessing.LIMITS[guessing.NAMELESS][window] for window in (guessing.QUARTER, guessing.DAY))
    assert (quarter, day) == (200, 2000)
    assert {api.post(EVALUATE, cart("SUMER")).status_code for _look in range(30)} == {200}
    [row] = guessers(Merchant.objects.get())
    assert row.tries == 1


def test_a_line_of_version_six_is_one_address(api: Storefront, merchant: Merchant) -> None:
    for number in range(30):
        assert guess(api, 1, first=number, ip=f"2001:db8::{number:x}") == [200]
    assert guess(api, 1, first=30, ip="2001:db8::ffff") == [429]
    assert guess(api, 1, first=30, ip="2001:db8:0:1::1") == [200]


def test_patience_does_not_help_beyond_the_day(api: Storefront) -> None:
    for quarter in range(4):
        with time_machine.travel(MONDAY + timedelta(minutes=15 * quarter), tick=False):
            assert guess(api, 10, first=10 * quarter, id="eve") == [200] * 10
    with time_machine.travel(MONDAY + timedelta(hours=2), tick=False):
        answer = api.post(EVALUATE, cart("GUESS-99", id="eve"))
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == 12 * 3600 - 60 + 1


def test_reservations_count_also_where_the_total_is_refused(api: Storefront, merchant: Merchant) -> None:
    for number in range(10):
        body = {"cart": cart(f"GUESS-{number}", id="eve"), "expected_total": 1}
        assert api.post(RESERVE, body).json()["code"] == "total_changed"
    answer = api.post(RESERVE, {"cart": cart("GUESS-10", id="eve")})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_code_tries")


def test_who_tried_how_many_can_be_read_of_one_shop_alone(api: Storefront, merchant: Merchant) -> None:
    customer = CustomerFactory(merchant=merchant, external_id="eve")
    guess(api, 10, id="eve")
    guess(api, 2, id="nobody", ip="192.0.2.1")
    first, *others = guessers(merchant)
    assert (first.kind, first.customer_id, first.tries, first.last_at) == ("person", customer.pk, 10, MONDAY)
    assert first.blocked_until == datetime(2026, 11, 23, 10, 15, 1, tzinfo=UTC)
    assert {(row.kind, row.customer_id, row.tries, row.blocked_until) for row in others} == {
        ("person", None, 2, None),
        ("address", None, 2, None),
    }
    assert guessers(MerchantFactory()) == []


def test_neither_names_nor_codes_nor_addresses_lie_in_redis(api: Storefront) -> None:
    guess(api, 1, id="eve-adams", email="eve@example.org", ip="192.0.2.77")
    client = redis_client()
    kept = b""
    for key in client.scan_iter("cx:guess:*"):
        kept += key + (b"".join(client.smembers(key)) if client.type(key) == b"set" else b"")
        assert 0 < client.ttl(key) <= 24 * 3600
    assert kept
    assert not any(part in kept for part in (b"eve", b"GUESS", b"192.0"))


def test_without_redis_nobody_waits_and_the_log_names_nobody(
    api: Storefront, merchant: Merchant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    guess(api, 10, id="eve")

    class Away:
        def pipeline(self, **options: Any) -> Any:
            return self

        def execute_command(self, *command: Any) -> None:
            pass

        def execute(self) -> None:
            raise ConnectionLost

    monkeypatch.setattr(guessing, "redis_client", Away)
    with caplog.at_level(logging.WARNING):
        assert guess(api, 3, first=10, id="eve") == [200] * 3
    assert "tries of codes are not counted: ConnectionError" in caplog.text
    assert "eve" not in caplog.text
    assert guessers(merchant) == []
