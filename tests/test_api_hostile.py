"""Hostile input at every operation: a 4xx problem document, and nothing is written."""

from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings

from core.models import MerchantModel
from merchants.models import Merchant
from tests.api_operations import Operation, api_operations
from tests.orders.samples import ORDER
from tests.storefront import Storefront

KNOWN = {"{number}": "A-1001", "{sku}": "84029E", "{external_id}": "c-1"}
BODIES: dict[str, bytes] = {
    "a blank": b" ",
    "no JSON": b"{'number': 1}",
    "NUL byte": b'{"number": "A\\u0000", "title": "A\\u0000", "reference": "A\\u0000"}',
    "raw NUL byte": b'{"number": "\x00"}',
    "NaN": b'{"total": NaN, "price": NaN}',
    "infinity": b'{"total": -Infinity}',
    "1e400": b'{"total": 1e400, "price": 1e400}',
    "an integer of 5,000 digits": b'{"total": ' + b"9" * 5000 + b"}",
    "deep lists": b"[" * 50_000 + b"]" * 50_000,
    "deep objects": b'{"lines":' * 50_000 + b"1" + b"}" * 50_000,
    "30 levels": b'{"lines":' * 30 + b"1" + b"}" * 30,
    "a key twice": b'{"number": "A-1", "number": "A-2"}',
    "half a surrogate pair": b'{"number": "\\ud800", "title": "\\udfff"}',
    "not UTF-8": b'{"number": "\xff\xfe"}',
    "a list": b"[]",
    "a text": b'"order"',
    "null": b"null",
    "1 MB and a byte": b'{"number": "' + b"x" * django_settings.API_MAX_BODY_BYTES + b'"}',
    "an unknown key": b'{"__class__": "x", "merchant_id": 1}',
    "every key of the wrong kind": b'{"number": {}, "lines": 7, "title": [], "price": {}, "products": {}, "reference": []}',
}
PATHS = [
    "x%00y",
    "%00",
    "x%0d%0aSet-Cookie:%20a=b",
    "x" * 400,
    "x" * 10_000,
    "%ff%fe",
    "%ed%a0%80",
    "..%2f..%2fetc",
    "%F0%9F%98%80" * 100,
]


@pytest.fixture(autouse=True)
def _no_limit(settings: Any) -> None:
    settings.API_REQUESTS_PER_SECOND = 10**6


@pytest.fixture
def server(api: Storefront) -> Storefront:
    """With a product, an order and a customer."""
    assert api.put("/api/v1/products/84029E", {"title": "Mug", "price": 1999}).status_code == 201
    assert api.post("/api/v1/orders", ORDER).status_code == 201
    return api


def rows(merchant: Merchant) -> dict[str, int]:
    models = [model for model in apps.get_models() if issubclass(model, MerchantModel)]
    return {model._meta.label: model.objects.for_merchant(merchant).count() for model in models}


def refuse(answer: Any, about: str) -> None:
    assert 400 <= answer.status_code < 500, about
    assert answer.headers["Content-Type"] == "application/problem+json", about
    assert answer.json()["code"], about


def address(operation: Operation) -> str:
    path = operation.path
    for name, value in KNOWN.items():
        path = path.replace(name, value)
    return path


def test_hostile_bodies_are_refused_and_nothing_is_written(server: Storefront, merchant: Merchant) -> None:
    before = rows(merchant)
    writes = [operation for operation in api_operations() if operation.takes_body]
    assert len(writes) >= 6
    for operation in writes:
        for name, body in BODIES.items():
            answer = server.generic(operation.method, address(operation), body, "application/json")
            refuse(answer, f"{operation}: {name}")
    assert rows(merchant) == before


def test_a_body_that_is_too_large_is_named_so(server: Storefront) -> None:
    answer = server.generic("POST", "/api/v1/orders", BODIES["1 MB and a byte"], "application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x", ""]
)
def test_other_media_types_are_refused(server: Storefront, merchant: Merchant, kind: str) -> None:
    before = rows(merchant)
    refuse(server.generic("POST", "/api/v1/orders", b"number=1", kind), kind)
    assert rows(merchant) == before


def test_hostile_identifiers_in_addresses_are_refused(server: Storefront, merchant: Merchant) -> None:
    before = rows(merchant)
    operations = [operation for operation in api_operations() if "{" in operation.path]
    assert len(operations) >= 6
    for operation in operations:
        for hostile in PATHS:
            path = address(Operation(operation.method, operation.path.replace("{", "{!"), operation.takes_body))
            name = path[path.index("{") : path.index("}") + 1]
            answer = server.generic(operation.method, path.replace(name, hostile), b"{}", "application/json")
            refuse(answer, f"{operation}: {hostile[:40]}")
    assert rows(merchant) == before


@pytest.mark.parametrize(
    "value", ["\x00", "%00", "ä" * 300, "\N{GRINNING FACE}", "a,b;c", "[]", "-1", "1e400", "9" * 400]
)
def test_hostile_queries_and_headers_break_nothing(server: Storefront, value: str) -> None:
    for operation in api_operations():
        if operation.method == "GET":
            query = dict.fromkeys(["placement", "customer", "product", "basket", "limit", "after", "x"], value)
            answer = server.get(address(operation), query, headers={"Accept-Language": "x" * 100, "Cookie": "a=\x01"})
            assert answer.status_code < 500, operation
