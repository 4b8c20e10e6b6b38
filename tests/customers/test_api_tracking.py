"""The tracking API: auth, wire format, results per event, exactly once."""

import base64
import gzip
import json
import random
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, connections

from customers.models import Event, EventReceipt
from merchants.actions import create_api_key
from merchants.models import Membership, Merchant, Scope
from tests.customers.tracking_samples import codes, events_of, gzipped, moment, send, statuses, viewed
from tests.storefront import Storefront, storefront


def one(merchant: Merchant) -> Event:
    return Event.objects.for_merchant(merchant).get()


# --- what is stored ---------------------------------------------------------------------------------------------------


def test_a_tracked_event_is_stored_as_it_was_told(api: Storefront, merchant: Merchant) -> None:
    at = datetime.now(UTC) - timedelta(hours=3)
    answer = api.post(
        "/api/v1/track",
        {
            "messageId": "m-1",
            "anonymousId": "visitor-1",
            "event": "Completed Order",
            "timestamp": at.isoformat(),
            "properties": {"order_id": "A-1", "total": 12.5, "products": [{"sku": "x", "quantity": 2}], "ü": "„ß“ 🫕"},
            "context": {"library": {"name": "analytics-ios"}, "ip": "192.0.2.1", "locale": "de-DE"},
            "integrations": {"All": True},
        },
    )
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "message_id": "m-1", "status": "stored"}
    event = one(merchant)
    assert (event.kind, event.name, event.channel) == ("track", "Order Completed", "app")
    assert (event.anonymous_id, event.customer_id, event.is_bot) == ("visitor-1", None, False)
    assert event.occurred_at == at
    assert event.received_at - at > timedelta(hours=2)
    assert event.properties["products"] == [{"sku": "x", "quantity": 2}]
    assert event.properties["ü"] == "„ß“ 🫕"
    assert event.context == {"library": {"name": "analytics-ios"}, "locale": "de-DE"}


@pytest.mark.parametrize(
    ("path", "body", "kind", "name", "properties"),
    [
        ("identify", {"anonymousId": "v", "traits": {"plan": "gold"}}, "identify", "", {"plan": "gold"}),
        ("page", {"anonymousId": "v", "name": "Home", "properties": {"path": "/"}}, "page", "Home", {"path": "/"}),
        ("page", {"anonymousId": "v"}, "page", "", {}),
        ("screen", {"anonymousId": "v", "category": "Checkout"}, "screen", "Checkout", {}),
        ("group", {"anonymousId": "v", "groupId": 7, "traits": {"name": "ACME"}}, "group", "7", {"name": "ACME"}),
        ("alias", {"previousId": "v", "userId": "c-1"}, "alias", "", {}),
    ],
)
def test_every_kind_of_call_is_stored(
    api: Storefront, merchant: Merchant, path: str, body: dict[str, Any], kind: str, name: str, properties: Any
) -> None:
    for prefix in ("/api/v1/", "/v1/"):
        assert api.post(f"{prefix}{path}", body | {"messageId": prefix}).status_code == 200
    for event in Event.objects.for_merchant(merchant):
        assert (event.kind, event.name, event.properties) == (kind, name, properties)


def test_a_batch_says_what_became_of_each(api: Storefront, merchant: Merchant) -> None:
    answer = send(api, [viewed(1), viewed(2, event=""), viewed(1), 7, viewed(3)])
    assert statuses(answer) == ["stored", "rejected", "duplicate", "rejected", "stored"]
    body = answer.json()
    assert (body["stored"], body["duplicates"], body["rejected"]) == (2, 1, 2)
    assert body["results"][1] == {
        "index": 1, "message_id": "m-2", "status": "rejected", "code": "event_missing",
        "detail": "A track call names its “event”.",
    }  # fmt: skip
    assert set(events_of(merchant)) == {"m-1", "m-3"}


def test_a_batch_of_nothing_but_bad_events_is_refused_with_the_reason_of_each(api: Storefront) -> None:
    answer = send(api, [viewed(1, event=7), viewed(2, anonymousId=None)])
    assert answer.status_code == 400
    assert answer.json()["code"] == "no_event_accepted"
    assert codes(answer) == ["invalid_text", "nobody"]
    assert answer.json()["message"]  # RudderStack's SDKs read it of every error


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": "trick"}, "unknown_type"),
        ({"type": None}, "unknown_type"),
        ({"type": ["track"]}, "unknown_type"),
        ({"event": "x" * 201}, "invalid_text"),
        ({"event": "  "}, "event_missing"),
        ({"anonymousId": {"a": 1}}, "invalid_text"),
        ({"anonymousId": "x" * 256}, "invalid_text"),
        ({"userId": True}, "invalid_text"),
        ({"messageId": 7.5}, "invalid_text"),
        ({"properties": []}, "invalid_object"),
        ({"context": "web"}, "invalid_object"),
        ({"channel": "fax"}, "unknown_channel"),
        ({"channel": 7}, "unknown_channel"),
        ({"context": {"channel": "fax"}}, "unknown_channel"),
        ({"timestamp": "yesterday"}, "invalid_timestamp"),
        ({"timestamp": 1764000000}, "invalid_timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "invalid_timestamp"),
        ({"timestamp": "9999-12-31T23:59:59-14:00"}, "invalid_timestamp"),
        ({"timestamp": moment(days=2)}, "in_the_future"),
        ({"timestamp": "2011-01-01T00:00:00Z"}, "too_old"),
        ({"properties": {"text": "x" * 32_001}}, "too_big"),
        ({"context": {"text": "ü" * 16_001}}, "too_big"),
        ({"properties": {"a\0b": 1}}, "nul_character"),
        ({"properties": {"a": [{"b": "\0"}]}}, "nul_character"),
        ({"event": "\0"}, "nul_character"),
        ({"context": {"consent": "yes"}}, "invalid_consent"),
        ({"context": {"consent": {"tracking": "yes"}}}, "invalid_consent"),
        ({"context": {"consent": {"tracking": 0}}}, "invalid_consent"),
        ({"context": {"consent": {"tracking": 1.0}}}, "invalid_consent"),
        ({"context": {"consent": {"tracking": True, "text_version": 7}}}, "invalid_consent"),
    ],
)
def test_what_cannot_be_kept_is_rejected_alone(
    api: Storefront, merchant: Merchant, fields: dict[str, Any], code: str
) -> None:
    assert codes(send(api, [viewed(1, **fields), viewed(2)])) == [code, "stored"]
    assert set(events_of(merchant)) == {"m-2"}


def test_depth_is_limited(api: Storefront) -> None:
    def nested(levels: int) -> Any:
        return [nested(levels - 1)] if levels else 1

    answer = send(api, [viewed(1, properties={"a": nested(19)}), viewed(2, properties={"a": nested(20)})])
    assert codes(answer) == ["stored", "too_deep"]


def test_a_backslash_before_u0000_is_no_nul(api: Storefront, merchant: Merchant) -> None:
    assert statuses(send(api, [viewed(1, properties={"path": "C:\\u0000"})])) == ["stored"]
    assert one(merchant).properties == {"path": "C:\\u0000"}


def test_the_context_of_a_batch_is_that_of_its_events(api: Storefront, merchant: Merchant) -> None:
    send(api, [viewed(1, context={"b": 2}), viewed(2)], context={"a": 1, "b": 1})
    found = events_of(merchant)
    assert found["m-1"].context == {"a": 1, "b": 2}
    assert found["m-2"].context == {"a": 1, "b": 1}


# --- exactly once -----------------------------------------------------------------------------------------------------


def test_the_same_batch_again_is_stored_once_whatever_its_order(api: Storefront, merchant: Merchant) -> None:
    batch = [viewed(number) for number in range(50)]
    assert set(statuses(send(api, batch))) == {"stored"}
    random.Random(1).shuffle(batch)
    assert set(statuses(send(api, batch))) == {"duplicate"}
    assert Event.objects.for_merchant(merchant).count() == 50


def test_merchants_may_use_the_same_message_ids(api: Storefront, merchant: Merchant, stranger: Membership) -> None:
    other = storefront(stranger.merchant)
    assert statuses(send(api, [viewed(1)])) == statuses(send(other, [viewed(1)])) == ["stored"]
    assert len(events_of(merchant)) == len(events_of(stranger.merchant)) == 1


def test_without_a_message_id_the_content_says_whether_it_is_the_same(api: Storefront, merchant: Merchant) -> None:
    event = viewed(1, messageId=None)
    other = event | {"properties": {"sku": "other"}}
    assert statuses(send(api, [event, other, event])) == ["stored", "stored", "duplicate"]
    assert statuses(send(api, [event])) == ["duplicate"]


def test_without_message_id_and_moment_every_event_is_one_of_its_own(api: Storefront) -> None:
    event = viewed(1, messageId=None, timestamp=None)
    assert statuses(send(api, [event, event])) == ["stored", "stored"]


@pytest.mark.django_db(transaction=True)
def test_the_same_batch_from_many_threads_at_once_is_stored_once(merchant: Merchant, settings: Any) -> None:
    settings.API_REQUESTS_PER_SECOND = 10**6
    _key, token = create_api_key(merchant, kind="pk", name="tests")
    batch = [viewed(number) for number in range(100)]
    counts: Counter[str] = Counter()

    def work(seed: int) -> None:
        mine = batch[:]
        random.Random(seed).shuffle(mine)
        counts.update(statuses(send(Storefront(token), mine)))
        connections.close_all()

    threads = [threading.Thread(target=work, args=[seed]) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == {"stored": 100, "duplicate": 500}
    assert Event.objects.for_merchant(merchant).count() == EventReceipt.objects.for_merchant(merchant).count() == 100


# --- time -------------------------------------------------------------------------------------------------------------

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "sent_at", "minutes"),
    [
        ({"timestamp": "2026-11-25T11:00:00Z"}, None, -60),
        ({"timestamp": "2026-11-25T12:00:00+01:00"}, None, -60),
        ({"timestamp": "2026-11-25T11:00:00"}, None, -60),  # no offset: UTC
        ({}, None, 0),
        ({"timestamp": "2026-11-25T11:00:00Z"}, "2026-11-25T12:00:02Z", -60),  # two seconds are the way, not the clock
        ({"timestamp": "2026-11-25T13:00:00Z"}, "2026-11-25T13:30:00Z", -30),  # a clock 90 minutes ahead
        ({"timestamp": "2024-01-01T00:00:00Z"}, "2024-01-01T00:10:00Z", -10),  # a clock of years ago
        ({"originalTimestamp": "2026-11-25T13:00:00Z"}, "2026-11-25T13:30:00Z", -30),
        ({"timestamp": "2026-11-25T11:00:00Z", "originalTimestamp": "2026-11-25T13:00:00Z"}, "2026-11-25T13:30:00Z", -60),
        ({"timestamp": "2026-11-25T20:00:00Z"}, None, 0),  # ahead, but not by a day: now
    ],
)  # fmt: skip
def test_the_senders_clock_is_corrected(
    api: Storefront, merchant: Merchant, said: dict[str, str], sent_at: str | None, minutes: int
) -> None:
    event = {key: value for key, value in viewed(1).items() if key != "timestamp"} | said
    with time_machine.travel(NOON, tick=False):
        assert statuses(send(api, [event], sentAt=sent_at)) == ["stored"]
    assert one(merchant).occurred_at == NOON + timedelta(minutes=minutes)


def test_late_events_are_taken_as_far_back_as_events_are_kept(api: Storefront, merchant: Merchant) -> None:
    with time_machine.travel(NOON, tick=False):
        answer = send(
            api, [viewed(1, timestamp="2024-10-01T00:00:00Z"), viewed(2, timestamp="2024-09-30T23:59:59.999Z")]
        )
    assert codes(answer) == ["stored", "too_old"]
    assert one(merchant).occurred_at == datetime(2024, 10, 1, tzinfo=UTC)


def test_a_month_that_the_schedule_forgot_is_made_when_its_first_event_comes(
    api: Storefront, merchant: Merchant
) -> None:
    with time_machine.travel(datetime(2038, 12, 31, 23, 59, 59, tzinfo=UTC), tick=False):
        assert statuses(send(api, [viewed(1, timestamp=None)])) == ["stored"]
    with time_machine.travel(datetime(2039, 1, 1, tzinfo=UTC), tick=False):
        assert statuses(send(api, [viewed(2, timestamp=None)])) == ["stored"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM customers_event ORDER BY occurred_at")
        assert [name for (name,) in cursor.fetchall()] == ["customers_event_2038_12", "customers_event_2039_01"]


# --- keys and bodies --------------------------------------------------------------------------------------------------


def _key(merchant: Merchant, kind: str = "pk", scopes: list[str] | None = None) -> str:
    return create_api_key(merchant, kind=kind, name="tests", scopes=scopes)[1]


def _basic(user: str, password: str = "") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize("kind", ["pk", "sk"])
def test_a_key_may_come_in_three_ways(merchant: Merchant, kind: str) -> None:
    key = _key(merchant, kind)
    assert send(Storefront(**_basic(key)), [viewed(1)]).status_code == 200
    assert send(Storefront(key), [viewed(2)]).status_code == 200
    assert send(Storefront(), [viewed(3)], writeKey=key).status_code == 200
    assert Storefront().post("/v1/track", viewed(4) | {"writeKey": key}).status_code == 200
    assert len(events_of(merchant)) == 4


@pytest.mark.parametrize(
    "headers",
    [
        {},
        _basic("pk_wrong"),
        _basic(""),
        _basic("\0"),
        {"Authorization": "Basic ???"},
        {"Authorization": "Basic /w=="},
        {"Authorization": "Basic"},
        {"Authorization": "Bearer"},
        {"Authorization": "Digest x"},
    ],
)
def test_without_a_key_nothing_is_taken(merchant: Merchant, headers: dict[str, str]) -> None:
    answer = send(Storefront(**headers), [viewed(1)])
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")
    for key in ("pk_wrong", "\0", 7, {}):
        assert send(Storefront(), [viewed(1)], writeKey=key).status_code == 401
    assert not events_of(merchant)


def test_a_key_without_the_scope_is_refused(merchant: Merchant) -> None:
    answer = send(Storefront(_key(merchant, "sk", [Scope.ORDERS_READ])), [viewed(1)])
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/plain;charset=UTF-8"])
def test_browsers_may_send_it_as_text_and_sdks_gzipped(merchant: Merchant, content_type: str) -> None:
    body = {"batch": [viewed(1)], "writeKey": _key(merchant)}
    plain = Storefront().generic("POST", "/api/v1/batch", json.dumps(body), content_type)
    packed = Storefront().generic(
        "POST", "/v1/batch", gzipped(body), content_type, headers={"Content-Encoding": "gzip"}
    )
    assert (statuses(plain), statuses(packed)) == (["stored"], ["duplicate"])


def test_any_page_may_send_with_a_publishable_key(merchant: Merchant) -> None:
    server = Storefront()
    preflight = server.options(
        "/api/v1/batch", headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    )
    assert preflight.status_code == 204
    answer = send(server, [viewed(1)], writeKey=_key(merchant))
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


EVENT = b'{"type": "track", "event": "A", "userId": "u"}'
DEEP = b"[" * 900 + b"]" * 900  # less than JSON allows, more than Python does


def _post(server: Storefront, body: bytes, **headers: str) -> Any:
    return server.generic("POST", "/api/v1/batch", body, "application/json", headers=headers)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (gzip.compress(b" " * 50_000_000, mtime=0), {"Content-Encoding": "gzip"}, 413),
        (gzip.compress(b'{"batch":[]}', mtime=0)[:-9], {"Content-Encoding": "gzip"}, 400),
        (b"not gzip", {"Content-Encoding": "gzip"}, 400),
        (b"", {"Content-Encoding": "gzip"}, 400),
        (b"{}", {"Content-Encoding": "br"}, 415),
        (b"x" * 1_000_001, {}, 413),
        (b'{"batch": {}}', {}, 400),
        (b'{"batch": []}', {}, 400),
        (json.dumps({"batch": [{}] * 501}).encode(), {}, 400),
        (b'{"batch": [{}], "sentAt": "never"}', {}, 400),
        (b'{"batch": [{}], "sentAt": 7}', {}, 400),
        (b'{"batch": [{}], "context": 7}', {}, 400),
        (b'{"batch": [%s], "context": {"a": "\\u0000"}}' % EVENT, {}, 400),
        (b'{"batch": [%s], "context": {"\\u0000": 1}}' % EVENT, {}, 400),
        (b'{"batch": [%s], "context": {"a": %s}}' % (EVENT, DEEP), {}, 400),
        (b'{"batch": [{"event": "\\u0000", "unread": %s}]}' % DEEP, {}, 400),
        (
            b'{"batch": [{"type": "track", "event": "A", "userId": "u", "timestamp": "2026-11-20", "name": %s}]}'
            % DEEP,
            {},
            400,
        ),
        (b'{"batch": [{"type": "track", "event": "A", "userId": "u", "timestamp": %s}]}' % DEEP, {}, 400),
        (b"[" * 100_000, {}, 400),
        (b'{"batch": [NaN]}', {}, 400),
        (b'{"batch": [1e400]}', {}, 400),
        (b'{"batch": ["\\ud800"]}', {}, 400),
        (b'{"batch": ["\xff"]}', {}, 400),
        (b"null", {}, 400),
        (b"7", {}, 400),
        (b"", {}, 400),
    ],
)
def test_a_hostile_body_is_a_clear_refusal(
    api: Storefront, merchant: Merchant, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = _post(api, body, **headers)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"]
    assert not events_of(merchant)


def with_number(number: str, field: str = "properties") -> bytes:
    event = json.dumps(viewed(1, **{field: {"n": 0}})).replace('"n": 0', f'"n": {number}')
    return f'{{"batch": [{event}]}}'.encode()


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        ("9" * 40, 10**40 - 1),
        ("9" * 400, 10**400 - 1),
        ("1e300", 10**300),
        ("1.10", 1.1),
        ("1e-20000", 0),
        ("0." + "0" * 20_000 + "1", 0),
    ],
)
def test_numbers_of_any_size_are_kept(api: Storefront, merchant: Merchant, number: str, kept: float) -> None:
    assert _post(api, with_number(number)).status_code == 200
    assert one(merchant).properties == {"n": kept}


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 5000])
@pytest.mark.parametrize("field", ["properties", "context"])
def test_a_number_that_nothing_can_read_is_refused(
    api: Storefront, merchant: Merchant, number: str, field: str
) -> None:
    answer = _post(api, with_number(number, field))
    assert answer.status_code == 400
    assert answer.json()["results"][0]["code"] == "number_too_big"
    assert not events_of(merchant)


@pytest.mark.parametrize("text", [b'"\xff"', b'"\\ud800"', b"01", b"NaN", b'"\x01"', b"[1,]"])
def test_what_is_no_json_is_found_wherever_it_stands(api: Storefront, merchant: Merchant, text: bytes) -> None:
    body = json.dumps({"batch": [viewed(1, properties={"n": 0})]}).encode().replace(b'"n": 0', b'"n": ' + text)
    answer = _post(api, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "not_json")
    assert not events_of(merchant)


def test_ten_thousand_random_events_never_break_the_server(api: Storefront, settings: Any) -> None:
    settings.API_REQUESTS_PER_SECOND = 10**6
    chance = random.Random(7)
    values = [None, True, 0, -1, 2**63, 1e300, "", "x", "\0", "é" * 300, [], {}, [[]], {"a": None}, "null", "track"]
    names = [*viewed(1), "userId", "previousId", "groupId", "traits", "context", "channel", "originalTimestamp"]

    def event() -> Any:
        changed = {chance.choice(names): chance.choice(values) for _ in range(chance.randrange(4))}
        kind = chance.choice(["track", "page", "screen", "group"])
        return chance.choice([viewed(chance.randrange(10**9), type=kind), {}]) | changed

    for _ in range(20):
        answer = send(api, [event() for _ in range(500)])
        assert answer.status_code == 200
        assert len(answer.json()["results"]) == 500
