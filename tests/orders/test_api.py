"""The operations on orders over HTTP."""

from typing import Any

import pytest

from core.models import IdempotencyRecord
from customers.models import Customer
from merchants.models import Merchant
from orders.models import Order, Refund
from tests.factories import ProductFactory
from tests.orders.samples import ORDER, order_json
from tests.storefront import Storefront, storefront

UNITS = {"sku": "84029E", "quantity": 1}


@pytest.fixture
def order(api: Storefront) -> dict[str, Any]:
    """The documented order, placed."""
    answer = api.post("/api/v1/orders", ORDER)
    assert answer.status_code == 201, answer.content
    return answer.json()


def fields(answer: Any) -> list[tuple[str, str]]:
    """Refused fields with their codes."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


def test_an_order_is_answered_as_it_is_stored(api: Storefront, merchant: Merchant) -> None:
    ProductFactory(merchant=merchant, sku="84029E", title="Mug")
    answer = api.post("/api/v1/orders", ORDER)
    assert answer.status_code == 201, answer.content
    stored = answer.json()
    assert stored == api.get("/api/v1/orders/A-1001").json()
    assert stored["tax"] == 718  # 4497 × 0.19 / 1.19
    assert stored["customer"] == {"external_id": "c-1", "email": "ada@example.org", "locale": "de", "country": "DE"}
    assert stored["lines"][0]["title"] == "Mug"
    given = {key: ORDER[key] for key in stored.keys() & ORDER.keys() - {"customer", "lines"}}
    assert {key: stored[key] for key in given} == given


def test_versions_over_http(api: Storefront, order: dict[str, Any]) -> None:
    assert api.post("/api/v1/orders", ORDER).status_code == 200
    newer = api.post("/api/v1/orders", order_json(version=2, payment_method="card"))
    assert (newer.status_code, newer.json()["payment_method"]) == (200, "card")
    older = api.post("/api/v1/orders", ORDER)
    assert (older.status_code, older.json()["version"]) == (200, 2)
    conflict = api.post("/api/v1/orders", order_json(version=2, payment_method="cash"))
    assert (conflict.status_code, conflict.json()["code"], conflict.json()["stored_version"]) == (
        409,
        "version_conflict",
        2,
    )


def test_a_total_that_does_not_add_up_is_refused_with_both_figures(api: Storefront, merchant: Merchant) -> None:
    answer = api.post("/api/v1/orders", order_json(total=4498))
    assert answer.status_code == 400
    problem = answer.json()
    assert (problem["code"], problem["expected_total"], problem["given_total"]) == ("total_mismatch", 4497, 4498)
    assert fields(answer) == [("total", "total_mismatch")]
    assert not Order.objects.for_merchant(merchant).exists()


LINE = ORDER["lines"][0]


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"merchant": 1}, ("merchant", "unknown_field")),
        ({"customer": {"id": "c-1"}}, ("customer.id", "unknown_field")),
        ({"lines": [LINE, LINE | {"price": 1}]}, ("lines.1.price", "unknown_field")),
        ({"lines": [LINE | {"quantity": 0}]}, ("lines.0.quantity", "min_value")),
        ({"lines": [LINE | {"quantity": "2"}]}, ("lines.0.quantity", "not_whole")),
        ({"lines": [LINE | {"quantity": 10**9}]}, ("lines.0.quantity", "max_value")),
        ({"lines": [LINE | {"unit_price": 19.99}]}, ("lines.0.unit_price", "not_whole")),
        ({"lines": [LINE | {"unit_price": -1}]}, ("lines.0.unit_price", "min_value")),
        ({"lines": [LINE | {"tax_rate": "1.19"}]}, ("lines.0.tax_rate", "max_value")),
        ({"lines": [LINE | {"tax_rate": True}]}, ("lines.0.tax_rate", "invalid")),
        ({"lines": [LINE | {"sku": "x" * 65}]}, ("lines.0.sku", "max_length")),
        ({"lines": [LINE | {"discount": 4000}]}, ("lines.0.discount", "discount_exceeds_line")),
        ({"lines": []}, ("lines", "min_length")),
        ({"lines": [LINE] * 501}, ("lines", "max_length")),
        ({"lines": {"0": LINE}}, ("lines", "not_a_list")),
        ({"number": ""}, ("number", "blank")),
        ({"number": 1001}, ("number", "invalid")),
        ({"number": "A\n1"}, ("number", "control_character")),
        ({"version": 0}, ("version", "min_value")),
        ({"placed_at": "2026-03-20T10:00:00"}, ("placed_at", "no_offset")),
        ({"placed_at": "2062-03-20T10:00:00Z"}, ("placed_at", "far_future")),
        ({"placed_at": "0001-01-01T00:00:00+23:00"}, ("placed_at", "out_of_range")),
        ({"placed_at": 1774000000}, ("placed_at", "invalid")),
        ({"promised_delivery_on": "25.03.2026"}, ("promised_delivery_on", "invalid")),
        ({"currency": "USD"}, ("currency", "currency_not_supported")),
        ({"customer": {"email": "ada"}}, ("customer.email", "invalid")),
        ({"customer": {"country": "Germany"}}, ("customer.country", "invalid")),
        ({"customer": {"phone": "030 123456"}}, ("customer.phone", "invalid")),
        ({"customer": {"last_name": "A\r\nBcc: x"}}, ("customer.last_name", "control_character")),
        ({"marketing_notice": {"version": ""}}, ("marketing_notice.version", "blank")),
        ({"coupon_codes": "SPRING"}, ("coupon_codes", "not_a_list")),
        ({"shipping": None}, ("shipping", "null")),
    ],
)
def test_a_malformed_order_is_refused_by_the_name_of_the_field(
    api: Storefront, merchant: Merchant, change: dict[str, Any], refused: tuple[str, str]
) -> None:
    answer = api.post("/api/v1/orders", order_json(**change))
    assert answer.status_code == 400
    assert refused in fields(answer)
    assert not Order.objects.for_merchant(merchant).exists()
    assert not Customer.objects.for_merchant(merchant).exists()


@pytest.mark.parametrize("left_out", ["number", "placed_at", "currency", "lines", "total"])
def test_what_an_order_needs(api: Storefront, left_out: str) -> None:
    answer = api.post("/api/v1/orders", {key: value for key, value in ORDER.items() if key != left_out})
    assert fields(answer) == [(left_out, "required")]


def test_the_least_that_is_an_order(api: Storefront) -> None:
    line = {"sku": "a", "quantity": 1, "unit_price": 0, "tax_rate": "0"}
    least = {"number": "1", "placed_at": "2026-03-20T10:00:00+01:00", "currency": "EUR", "lines": [line], "total": 0}
    answer = api.post("/api/v1/orders", least)
    assert answer.status_code == 201
    assert (answer.json()["placed_at"], answer.json()["version"]) == ("2026-03-20T09:00:00Z", 1)


def test_order_numbers_may_hold_slashes_and_anything_printable(api: Storefront) -> None:
    for number in ("2026/1001", "Ä 100 %", "A?b=c#d", "a/shipments"):
        assert api.post("/api/v1/orders", order_json(number=number)).status_code == 201
    assert api.get("/api/v1/orders/2026/1001").json()["number"] == "2026/1001"
    assert api.get("/api/v1/orders/2026%2F1001").json()["number"] == "2026/1001"
    assert api.get("/api/v1/orders/%C3%84%20100%20%25").json()["number"] == "Ä 100 %"
    assert api.post("/api/v1/orders/2026/1001/cancellation", {}).json()["state"] == "cancelled"


def test_a_parcel_a_return_and_their_stories(api: Storefront, order: dict[str, Any]) -> None:
    parcel = {
        "reference": "P-1",
        "carrier": "DHL",
        "shipped_at": "2026-03-21T08:00:00Z",
        "tracking_url": "https://dhl.example/1",
    }
    sent = api.post("/api/v1/orders/A-1001/shipments", parcel)
    assert (sent.status_code, sent.json()["state"]) == (201, "shipped")
    news = {"reference": "P-1", "events": [{"code": "delivered", "occurred_at": "2026-03-23T11:00:00Z"}]}
    arrived = api.post("/api/v1/orders/A-1001/shipments", news)
    assert (arrived.status_code, arrived.json()["state"]) == (200, "delivered")
    back = {"reference": "R-1", "received_at": "2026-04-01T09:00:00Z", "lines": [UNITS | {"reason": "too small"}]}
    answer = api.post("/api/v1/orders/A-1001/returns", back)
    assert answer.status_code == 201
    assert api.post("/api/v1/orders/A-1001/returns", back).status_code == 200
    stored = api.get("/api/v1/orders/A-1001").json()
    assert stored == answer.json()
    assert stored["shipments"][0]["lines"] == [{"position": 1, "sku": "84029E", "quantity": 2}]
    assert stored["shipments"][0]["delivered_at"] == "2026-03-23T11:00:00Z"
    assert stored["returns"][0]["lines"][0] == {
        "position": 1,
        "sku": "84029E",
        "quantity": 1,
        "refund": 1999,
        "reason": "too small",
    }
    assert stored["refunds"] == [{"amount": 1999, "reason": "", "refunded_at": "2026-04-01T09:00:00Z"}]
    assert (stored["refunded"], stored["lines"][0]["returned"]) == (1999, 1)


@pytest.mark.parametrize(
    ("operation", "body", "status", "code"),
    [
        ("shipments", {"reference": "P-1", "lines": [UNITS | {"quantity": 3}]}, 409, "more_than_open"),
        ("shipments", {"reference": "P-1", "tracking_url": "javascript:alert(1)"}, 400, "invalid"),
        ("shipments", {"reference": "P-1", "lines": []}, 400, "invalid"),
        ("shipments", {"reference": "P-1", "lines": [{"quantity": 1}]}, 400, "invalid"),
        ("shipments", {}, 400, "invalid"),
        ("returns", {"reference": "R-1", "lines": [UNITS | {"quantity": 3}]}, 409, "more_than_bought"),
        ("returns", {"reference": "R-1", "lines": [UNITS | {"refund": 4000}]}, 409, "refund_too_high"),
        ("returns", {"reference": "R-1", "lines": [{"sku": "other", "quantity": 1}]}, 400, "unknown_line"),
        ("returns", {"reference": "R-1"}, 400, "invalid"),
        ("cancellation", {"lines": [UNITS | {"quantity": 3}]}, 409, "not_cancellable"),
        ("cancellation", {"amount": 1}, 400, "invalid"),
    ],
)
def test_what_cannot_happen_to_an_order_is_refused_and_nothing_is_written(
    api: Storefront, order: dict[str, Any], operation: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = api.post(f"/api/v1/orders/A-1001/{operation}", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert api.get("/api/v1/orders/A-1001").json() == order


def test_a_retried_partial_cancellation_happens_once(
    api: Storefront, order: dict[str, Any], merchant: Merchant
) -> None:
    for _time in range(2):
        answer = api.post("/api/v1/orders/A-1001/cancellation", {"lines": [UNITS]}, headers={"Idempotency-Key": "k-1"})
        assert answer.status_code == 200
    assert answer.headers["Idempotent-Replay"] == "true"
    assert answer.json()["lines"][0]["cancelled"] == 1
    assert Refund.objects.for_merchant(merchant).count() == 1
    assert IdempotencyRecord.objects.for_merchant(merchant).count() == 1


def test_orders_are_seen_and_changed_only_by_their_own_merchant(
    api: Storefront, order: dict[str, Any], stranger: Any
) -> None:
    foreign = storefront(stranger.merchant)
    assert foreign.get("/api/v1/orders/A-1001").status_code == 404
    assert foreign.post("/api/v1/orders/A-1001/cancellation", {}).status_code == 404
    assert foreign.post("/api/v1/orders", order_json(total=1, shipping=0)).status_code == 400
    assert foreign.post("/api/v1/orders", ORDER).status_code == 201  # a number of its own
    assert Order.objects.filter(number="A-1001").count() == 2
    assert Customer.objects.count() == 2


@pytest.mark.parametrize("scopes", [[], ["orders:read"], ["catalog:write"]])
def test_a_key_without_the_scope_writes_nothing(merchant: Merchant, scopes: list[str]) -> None:
    answer = storefront(merchant, scopes=scopes).post("/api/v1/orders", ORDER)
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")


def test_an_order_costs_the_same_queries_however_much_happened_to_it(
    api: Storefront, django_assert_max_num_queries: Any
) -> None:
    lines = [LINE | {"sku": f"s-{index}", "quantity": 5} for index in range(5)]
    api.post("/api/v1/orders", order_json(lines=lines, total=25 * 1999 + 499))
    for index in range(5):
        units = {"reference": f"{index}", "lines": [{"sku": f"s-{index}", "quantity": 1}]}
        api.post("/api/v1/orders/A-1001/shipments", units)
        api.post("/api/v1/orders/A-1001/returns", units)
    with django_assert_max_num_queries(10):
        assert len(api.get("/api/v1/orders/A-1001").json()["returns"]) == 5


def test_posting_an_order_of_three_lines_costs_few_queries(api: Storefront, django_assert_max_num_queries: Any) -> None:
    lines = [LINE | {"sku": f"s-{index}"} for index in range(3)]
    order = {"lines": lines, "total": 6 * 1999 + 499, "marketing_notice": None}
    api.post("/api/v1/orders", order_json(number="first", **order))
    with django_assert_max_num_queries(14):
        assert api.post("/api/v1/orders", order_json(number="second", **order)).status_code == 201
    with django_assert_max_num_queries(19):
        keyed = {"Idempotency-Key": "k-3"}
        assert api.post("/api/v1/orders", order_json(number="third", **order), headers=keyed).status_code == 201
