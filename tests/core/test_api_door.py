"""The API door: keys, scopes, limits, and errors as problem documents."""

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

import pytest
import time_machine
from django.test import RequestFactory
from django.utils import timezone, translation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import authentication
from core.api.throttling import KeyRateThrottle
from core.redis import redis_client
from merchants.actions import create_api_key, revoke_api_key
from merchants.models import ApiKey, Merchant
from tests.orders.samples import order_json
from tests.storefront import Storefront, storefront

URL = "/api/v1/products/nothing"


@pytest.fixture(autouse=True)
def _fresh_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KeyRateThrottle, "_redis_rests_until", 0.0)
    monkeypatch.setattr(KeyRateThrottle, "_local_second", 0)


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem document, checked for its form."""
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert {"type", "title", "code", "detail"} <= document.keys()
    return document


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer sk_0123456789_wrong",
        "Basic c2s6",
        "Bearer sk__",
        "Bearer ä",
        "sk_1_2",
    ],
)
def test_without_a_valid_key_the_answer_is_401(db: None, header: str | None) -> None:
    server = Storefront(**{"Authorization": header} if header is not None else {})
    answer = server.get(URL)
    assert problem(answer, 401)["code"] in {"not_authenticated", "authentication_failed"}
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_wrong_secret_behind_a_known_prefix_is_refused(merchant: Merchant) -> None:
    _key, token = create_api_key(merchant, kind="sk", name="tests")
    answer = Storefront(token[:-1] + ("A" if token[-1] != "A" else "B")).get(URL)
    assert problem(answer, 401)["code"] == "authentication_failed"


def test_a_revoked_key_stops_working_when_the_process_has_forgotten_it(merchant: Merchant) -> None:
    key, token = create_api_key(merchant, kind="sk", name="tests")
    server = Storefront(token)
    assert problem(server.get(URL), 404)["code"] == "not_found"
    revoke_api_key(key, staff=None)
    authentication.forget_known_keys()
    assert problem(server.get(URL), 401)["code"] == "authentication_failed"


def test_a_known_key_costs_no_query_and_its_use_is_noted_to_the_minute(
    merchant: Merchant, django_assert_num_queries: Any
) -> None:
    key, token = create_api_key(merchant, kind="sk", name="tests")
    server = Storefront(token)
    server.get(URL)
    with django_assert_num_queries(1):  # the product
        server.get(URL)
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        authentication.forget_known_keys()
        server.get(URL)
        noted = ApiKey.objects.get(pk=key.pk).last_used_at
        assert noted is not None
        assert timezone.now() - noted < timedelta(seconds=30)


def test_a_key_may_do_what_its_scopes_say(merchant: Merchant) -> None:
    reader = storefront(merchant, scopes=["catalog:read"])
    problem(reader.get(URL), 404)
    assert reader.head(URL).status_code == 404
    assert problem(reader.put(URL, {"title": "A", "price": 1}), 403)["code"] == "missing_scope"
    problem(storefront(merchant, kind="pk").get(URL), 403)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("delete", URL, {}, 405, "method_not_allowed"),
        ("get", "/api/v1/nowhere", {}, 404, "not_found"),
        ("post", "/api/v1/nowhere", {}, 404, "not_found"),
        ("get", "/api/", {}, 404, "not_found"),
        ("get", "/api/v1/products/", {}, 404, "not_found"),
        ("get", "/api/v1/products/a%0Ab", {}, 404, "not_found"),
        ("get", "/api/v1/products/a%00b", {}, 404, "not_found"),
        ("get", URL, {"Accept": "text/html"}, 406, "not_acceptable"),
        ("put", URL, {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
    ],
)
def test_every_refusal_is_a_problem_document(
    api: Storefront, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    api.handler.enforce_csrf_checks = True
    answer = api.generic(method.upper(), path, b"{}", headers.pop("Content-Type", "application/json"), headers=headers)
    assert problem(answer, status)["code"] == code


def test_answers_are_english_whatever_the_thread_spoke_before(api: Storefront) -> None:
    """A web server's thread serves the German back office, then the API."""
    with translation.override("de"):
        mismatch = api.post("/api/v1/orders", order_json(total=1), headers={"Accept-Language": "de"})
        missing = api.post("/api/v1/orders", {}, headers={"Accept-Language": "de"})
    assert problem(mismatch, 400)["detail"].startswith("Lines, shipping and discount add up to 4497")
    assert problem(missing, 400)["detail"] == "This field is required."


def test_a_server_error_is_a_problem_document_that_tells_nothing(
    api: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_args: Any) -> None:
        raise RuntimeError("ada@example.org")

    monkeypatch.setattr("catalog.api.put_product", crash)
    answer = api.put(URL, {"title": "A", "price": 1})
    assert problem(answer, 500)["code"] == "server_error"
    assert b"ada@example.org" not in answer.content


class Forgetful(APIView):
    """A view whose author forgot to name the scope of POST."""

    scopes: ClassVar[dict[str, str]] = {"GET": "catalog:read"}

    def post(self, request: Request) -> Response:
        raise AssertionError("closed")


def test_a_view_that_forgot_its_scope_is_closed(merchant: Merchant) -> None:
    _key, token = create_api_key(merchant, kind="sk", name="tests")
    request = RequestFactory(headers={"Authorization": f"Bearer {token}"}).post("/")
    assert Forgetful.as_view()(request).status_code == 403


def test_the_limit_holds_per_key_and_second(api: Storefront, merchant: Merchant, settings: Any) -> None:
    settings.API_REQUESTS_PER_SECOND = 3
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert [api.get(URL).status_code for _time in range(5)] == [404] * 3 + [429] * 2
        limited = api.get(URL)
        assert problem(limited, 429)["code"] == "throttled"
        assert limited.headers["Retry-After"] == "1"
        problem(storefront(merchant).get(URL), 404)  # another key
        clock.shift(1)
        problem(api.get(URL), 404)


@pytest.fixture(params=["refuses", "hangs"])
def redis_away(request: pytest.FixtureRequest, settings: Any) -> Iterator[None]:
    """Redis behind a port that nobody listens on, or that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        if request.param == "refuses":
            silent.close()
        settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
        redis_client.cache_clear()
        yield
    redis_client.cache_clear()


@pytest.mark.usefixtures("redis_away")
def test_without_redis_the_limit_is_local_and_redis_is_left_in_peace(api: Storefront, settings: Any) -> None:
    problem(api.get(URL), 404)
    assert KeyRateThrottle._redis_rests_until > time.monotonic()
    settings.API_REQUESTS_PER_SECOND = 3
    with time_machine.travel(timezone.now() + timedelta(seconds=2), tick=False):
        assert [api.get(URL).status_code for _time in range(5)] == [404] * 3 + [429] * 2
