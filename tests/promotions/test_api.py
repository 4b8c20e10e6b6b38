"""Promotions over HTTP: what a shop's developer meets."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from merchants.models import Merchant
from promotions import active
from promotions.models import Redemption, RuleSet, UseCount
from tests.factories import CustomerFactory, ProductFactory
from tests.promotions.shops import amount, coupons, launch, percent
from tests.storefront import Storefront, storefront

SUN: dict[str, Any] = {"key": "sun", "name": "Sun", "definition": {"benefit": {"percent": {"percent": "10"}}}}


def test_a_draft_decides_on_nothing_and_a_new_version_waits_for_its_activation(
    api: Storefront, merchant: Merchant
) -> None:
    cart = {"lines": [{"sku": "A", "quantity": 1, "unit_price": 1000}]}

    def total() -> int:
        active.forget()
        said: int = api.post("/api/v1/promotions/evaluate", cart).json()["total"]
        return said

    assert api.post("/api/v1/promotions", SUN).json()["status"] == "draft"
    assert total() == 1000
    assert api.post("/api/v1/promotions/sun/activate", {}).json()["version"] == 1
    assert total() == 900
    half = {"definition": {"benefit": {"percent": {"percent": "50"}}}}
    assert api.post("/api/v1/promotions/sun/versions", half).json()["newest_version"] == 2
    assert total() == 900
    assert api.post("/api/v1/promotions/sun/activate", {"version": 2}).status_code == 200
    assert total() == 500
    assert api.post("/api/v1/promotions/sun/pause").json()["status"] == "paused"
    assert total() == 1000
    assert api.post("/api/v1/promotions/sun/end").json()["status"] == "ended"
    assert api.post("/api/v1/promotions/sun/activate", {}).json()["code"] == "promotion_ended"
    assert [entry["key"] for entry in api.get("/api/v1/promotions").json()["promotions"]] == ["sun"]


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"definition": {"benefit": {"percent": {"percent": "101"}}}}, "invalid_definition", "definition.benefit.percent.percent"),
        ({"definition": {"benefit": {"amount": {"amount": 1}}, "lane": "x"}}, "invalid_definition", "definition.lane"),
        ({"definition": {"benefit": {"amount": {"amount": 1}}, "id": "mine"}}, "unknown_field", "definition.id"),
        ({"ends_at": "2026-01-01T00:00:00Z", "starts_at": "2026-01-02T00:00:00Z"}, "ends_before_it_starts", "ends_at"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_place(
    api: Storefront, change: dict[str, Any], code: str, field: str
) -> None:
    answer = api.post("/api/v1/promotions", SUN | change)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["errors"][0]["field"] == field
    assert api.get("/api/v1/promotions/sun").status_code == 404


def test_a_cart_is_completed_from_the_catalogue_and_a_price_must_be_known(api: Storefront, merchant: Merchant) -> None:
    ProductFactory(merchant=merchant, sku="MUG", price=1990, tags=["sale"])
    launch(merchant, "sale", percent("50"), target={"tags": ["sale"]})
    active.forget()
    said = api.post("/api/v1/promotions/evaluate", {"lines": [{"sku": "MUG", "quantity": 1}]}).json()
    assert (said["total"], said["lines"][0]["tax"]) == (995, 159)
    answer = api.post("/api/v1/promotions/evaluate", {"lines": [{"sku": "NONE", "quantity": 1}]})
    assert (answer.status_code, answer.json()["code"]) == (400, "price_missing")
    twice = {"lines": [{"id": "1", "sku": "MUG", "quantity": 1}, {"id": "1", "sku": "MUG", "quantity": 1}]}
    assert api.post("/api/v1/promotions/evaluate", twice).json()["code"] == "invalid_cart"


def test_evaluating_writes_nothing_and_costs_the_same_queries_for_many_promotions(
    api: Storefront, merchant: Merchant
) -> None:
    CustomerFactory(merchant=merchant, external_id="ada")
    [coupon] = coupons(merchant)
    cart = {
        "lines": [{"sku": f"S-{number}", "quantity": 1, "unit_price": 1000} for number in range(10)],
        "shopper": {"id": "ada"},
        "codes": [coupon.code],
    }

    def queries(first: int, last: int) -> int:
        for number in range(first, last):
            launch(merchant, f"p-{number}", amount(1), limits={"uses_limit": 5, "uses_per_customer": 2, "budget": 9})
        active.forget()
        api.post("/api/v1/promotions/evaluate", cart)
        with CaptureQueriesContext(connection) as captured:
            said = api.post("/api/v1/promotions/evaluate", cart).json()
        assert len(said["applications"]) == last
        assert all(query["sql"].startswith(("SELECT", "DECLARE", "FETCH", "CLOSE")) for query in captured)
        return len(captured)

    few = queries(0, 1)
    assert queries(1, 12) == few <= 9
    assert not Redemption.objects.for_merchant(merchant).exists()
    assert not UseCount.objects.for_merchant(merchant).exists()
    assert RuleSet.objects.for_merchant(merchant).count() == 12


def test_a_retried_reservation_holds_once(api: Storefront, merchant: Merchant) -> None:
    promotion = launch(merchant, "sun", percent(), limits={"uses_limit": 5})
    active.forget()
    body = {"cart": {"lines": [{"sku": "A", "quantity": 1, "unit_price": 1000}]}, "expected_total": 900}
    answers = [api.post("/api/v1/reservations", body, HTTP_IDEMPOTENCY_KEY="r-1") for _time in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert promotion.counts.get().used == 1
    body["expected_total"] = 1000
    answer = api.post("/api/v1/reservations", body)
    assert (answer.status_code, answer.json()["code"], answer.json()["decision"]["total"]) == (
        409,
        "total_changed",
        900,
    )


def test_a_key_without_the_scope_is_refused(merchant: Merchant) -> None:
    reader = storefront(merchant, scopes=["promotions:read"])
    assert reader.get("/api/v1/promotions/schema").status_code == 200
    for path, body in (("promotions", SUN), ("reservations", {"cart": {"lines": []}})):
        assert reader.post(f"/api/v1/{path}", body).json()["code"] == "missing_scope"
