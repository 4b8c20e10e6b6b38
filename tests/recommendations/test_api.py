"""``GET /api/v1/recommendations`` as a storefront sees it."""

from typing import Any

import pytest
import time_machine
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis.connection import AbstractConnection
from rest_framework.test import APIClient

from merchants.actions import create_api_key
from merchants.models import Membership, Merchant
from recommendations.actions import train_models
from tests.recommendations.shops import sku, stocked_shop
from tests.recommendations.worlds import Quiet
from tests.storefront import storefront

URL = "/api/v1/recommendations"


@pytest.fixture
def live(merchant: Merchant) -> str:
    stocked_shop(merchant)
    return train_models(merchant, progress=Quiet()).version


@pytest.fixture
def browser(merchant: Merchant) -> APIClient:
    """A visitor's browser with a publishable key."""
    _key, token = create_api_key(merchant, kind="pk", name="tests")
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def test_an_answer_names_its_model_and_every_reason(api: APIClient, live: str):
    answer = api.get(URL, {"placement": "basket", "customer": "c-1", "basket": f"{sku(1, 0)},{sku(1, 1)}", "limit": 3})
    assert answer.status_code == 200, answer.content
    document = answer.json()
    assert set(document) == {"recommendation_id", "model_version", "items"}
    assert document["model_version"] == live
    assert len(document["items"]) == 3
    for item in document["items"]:
        assert set(item) == {"sku", "score", "placed", "reason"}
        assert set(item["reason"]) == {"source", "code", "because", "category"}
    assert [item["score"] for item in document["items"]] == sorted(
        (item["score"] for item in document["items"]), reverse=True
    )


def test_every_answer_has_an_id_of_its_own(api: APIClient, live: str):
    ids = {api.get(URL, {"placement": "home"}).json()["recommendation_id"] for _ in range(3)}
    assert len(ids) == 3


def test_eight_items_unless_asked_otherwise(api: APIClient, live: str):
    assert len(api.get(URL, {"placement": "home"}).json()["items"]) == 8


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({}, "placement", "required"),
        ({"placement": "attic"}, "placement", "invalid_choice"),
        ({"placement": "home", "limit": "0"}, "limit", "min_value"),
        ({"placement": "home", "limit": "51"}, "limit", "max_value"),
        ({"placement": "home", "limit": "many"}, "limit", "invalid"),
        ({"placement": "home", "limti": "8"}, "limti", "unknown_field"),
        ({"placement": "home", "customer": "c\0"}, "customer", "control_character"),
        ({"placement": "home", "product": "x" * 65}, "product", "max_length"),
    ],
)
def test_a_wrong_question_is_answered_with_its_fault(
    api: APIClient, live: str, query: dict[str, str], field: str, code: str
):
    answer = api.get(URL, query)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]


@pytest.mark.parametrize("extra", [{"customer": "nobody"}, {"product": "nothing"}, {"basket": ",,nothing, ,"}])
def test_the_unknown_is_no_error(api: APIClient, live: str, extra: dict[str, str]):
    answer = api.get(URL, {"placement": "home"} | extra)
    assert answer.status_code == 200
    assert len(answer.json()["items"]) == 8


def test_a_publishable_key_may_ask_but_not_for_a_person(browser: APIClient, live: str):
    assert browser.get(URL, {"placement": "product", "product": sku(0, 0)}).status_code == 200
    refused = browser.get(URL, {"placement": "home", "customer": "c-1"})
    assert refused.status_code == 403
    assert refused.json()["code"] == "secret_key_needed"
    assert refused.json()["errors"][0]["field"] == "customer"
    assert "items" not in refused.json()


def test_a_key_without_the_scope_is_refused(merchant: Merchant, live: str):
    _key, token = create_api_key(merchant, kind="sk", name="orders only", scopes=["orders:write"])
    answer = APIClient().get(URL, {"placement": "home"}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


def test_without_a_key_nothing(live: str):
    assert APIClient().get(URL, {"placement": "home"}).status_code == 401


def test_a_merchant_sees_only_its_own(live: str, stranger: Membership):
    stocked_shop(stranger.merchant, customers=1, orders=1)
    _key, token = create_api_key(stranger.merchant, kind="sk", name="tests")
    answer = APIClient().get(
        URL, {"placement": "home", "customer": "c-7"}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.json()["model_version"] is None


def test_a_shop_without_anything_gets_an_empty_list(api: APIClient):
    answer = api.get(URL, {"placement": "home"})
    assert answer.status_code == 200
    assert answer.json()["items"] == []


def test_a_warm_process_answers_without_sql(api: APIClient, live: str, django_assert_num_queries: Any):
    query = {"placement": "home", "customer": "c-3"}
    api.get(URL, query)
    context: CaptureQueriesContext
    with django_assert_num_queries(0) as context:
        api.get(URL, query | {"customer": "c-4"})
    assert len(context) == 0


@pytest.mark.parametrize("asked", [{"placement": "home"}, {"placement": "home", "anonymous_id": "v-1"}])
def test_the_limit_holds_whether_redis_is_asked_for_more_or_not(
    api: APIClient, merchant: Merchant, live: str, settings: Any, asked: dict[str, str]
):
    settings.API_REQUESTS_PER_SECOND = 3
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert [api.get(URL, asked).status_code for _time in range(5)] == [200] * 3 + [429] * 2
        assert api.get(URL, asked)["Retry-After"] == "1"
        assert storefront(merchant).get(URL, asked).status_code == 200  # another key
        clock.shift(1)
        assert api.get(URL, asked).status_code == 200


def test_wrong_questions_count_too(api: APIClient, live: str, settings: Any):
    settings.API_REQUESTS_PER_SECOND = 3
    with time_machine.travel(timezone.now(), tick=False):
        assert [api.get(URL).status_code for _time in range(4)] == [400] * 3 + [429]
        assert api.post(URL).status_code == 429


def test_an_answer_about_a_person_asks_redis_once(api: APIClient, live: str, monkeypatch: pytest.MonkeyPatch):
    asked = {"placement": "home", "customer": "c-1", "anonymous_id": "v-1"}
    api.get(URL, asked)  # which loads the model and begins the second's count
    sent: list[Any] = []
    send = AbstractConnection.send_packed_command

    def noted(connection: Any, command: Any, **options: Any) -> None:
        sent.append(command)
        send(connection, command, **options)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", noted)
    with time_machine.travel(timezone.now(), tick=False):
        api.get(URL, asked)  # the first of a second says besides how long it is kept
        sent.clear()
        assert api.get(URL, asked).status_code == 200
    assert len(sent) == 1
