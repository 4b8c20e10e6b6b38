"""Drafts that could do nothing, or speak against themselves, are refused at the field; what is stored stays readable."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from merchants.models import Merchant
from promotions.models import Promotion, PromotionVersion
from promotions.pricing.reading import known_promotion
from tests.promotions.shops import launch, percent
from tests.promotions.test_editor import sent
from tests.promotions.test_redemptions import discount
from tests.storefront import Storefront

PERCENT = {"percent": {"percent": "10"}}
SENSELESS: list[tuple[dict[str, Any], str, str]] = [
    ({"benefit": {"percent": {"percent": "0"}}}, "benefit.percent.percent", "more than 0"),
    ({"benefit": {"percent": {"percent": "0.00"}}}, "benefit.percent.percent", "more than 0"),
    ({"benefit": {"percent": {"percent": "10", "cap": 0}}}, "benefit.percent.cap", "more than 0"),
    ({"benefit": {"amount": {"amount": 0}}}, "benefit.amount.amount", "more than 0"),
    ({"benefit": {"amount_per_unit": {"amount": 0}}}, "benefit.amount_per_unit.amount", "more than 0"),
    ({"benefit": {"shipping_percent": {"percent": "0"}}}, "benefit.shipping_percent.percent", "more than 0"),
    ({"benefit": {"group_deal": {"size": 3, "units": 1, "percent": "0"}}}, "benefit.group_deal.percent", "more than 0"),
    ({"benefit": {"group_deal": {"size": 2, "units": 3}}}, "benefit.group_deal.units", "no more units"),
    ({"benefit": {"buy_get": {"buy": 1, "get": 1, "percent": "0"}}}, "benefit.buy_get.percent", "more than 0"),
    ({"benefit": {"buy_get": {"buy": 1, "get": 1, "get_of": {"price_from": 9, "price_until": 8}}}}, "benefit.buy_get.get_of.price_until", "less than"),
    ({"benefit": {"tiered": {"by": "spend", "steps": [{"from": 1, "percent": "0"}]}}}, "benefit.tiered.steps.0.percent", "more than 0"),
    ({"benefit": {"tiered": {"by": "spend", "steps": [{"from": 9, "percent": "5"}, {"from": 1, "percent": "5"}]}}}, "benefit.tiered.steps.0.percent", "has to give more"),
    ({"benefit": {"tiered": {"by": "spend", "steps": [{"from": 9, "percent": "5"}, {"from": 9, "percent": "6"}]}}}, "benefit.tiered.steps.1.from", "begin at the same"),
    ({"benefit": {"points": {"fixed": 0}}}, "benefit.points.fixed", "give nothing"),
    ({"benefit": {"points": {"times": "1"}}}, "benefit.points.times", "give nothing"),
    ({"benefit": {"gift": {"sku": " "}}}, "benefit.gift.sku", "blank"),
    ({"benefit": PERCENT, "target": {"price_from": 2, "price_until": 1}}, "target.price_until", "less than"),
    ({"benefit": PERCENT, "target": {"except": {"price_from": 2, "price_until": 1}}}, "target.except.price_until", "less than"),
    ({"benefit": PERCENT, "target": {"brands": ["Lumo", "\u00a0"]}}, "target.brands.1", "blank"),
    ({"benefit": PERCENT, "when": {"code": ["SUN", " \u2003 "]}}, "when.code.1", "blank"),
    ({"benefit": PERCENT, "when": {"code": ["@ "]}}, "when.code.0", "blank"),
    ({"benefit": PERCENT, "when": {"any": [{"country": ["DE"]}, {"not": {"segment": [" "]}}]}}, "when.any.1.not.segment.0", "blank"),
    ({"benefit": PERCENT, "when": {"spend": {"at_least": 1, "of": {"price_from": 2, "price_until": 1}}}}, "when.spend.of.price_until", "less than"),
    ({"benefit": PERCENT, "when": {"kpi": {"name": "orders_count", "at_least": 3, "at_most": 2}}}, "when.kpi.at_most", "less than"),
    ({"benefit": PERCENT, "when": {"not": {"kpi": {"name": "orders", "at_least": 3}}}}, "when.not.kpi.name", "One of: orders_count, revenue, "),
    ({"benefit": PERCENT, "when": {"period": {"from": "2026-12-01T00:00:00+01:00", "until": "2026-11-30T22:30:00Z"}}}, "when.period.until", "must end after"),
    ({"benefit": PERCENT, "when": {"period": {"from": "2026-12-01T00:00:00+01:00", "until": "2026-11-30T23:00:00Z"}}}, "when.period.until", "must end after"),
]  # fmt: skip
# Refused by the schema already, on reading as well.
UNREADABLE: list[tuple[dict[str, Any], str]] = [
    ({"benefit": {"percent": {"percent": "100.5"}}}, "benefit.percent.percent"),
    ({"benefit": {"shipping_percent": {"percent": "101"}}}, "benefit.shipping_percent.percent"),
    ({"benefit": PERCENT, "when": {"code": []}}, "when.code"),
    ({"benefit": PERCENT, "when": {"code": [""]}}, "when.code.0"),
    ({"benefit": PERCENT, "when": {"trait": {"name": "club", "values": []}}}, "when.trait.values"),
    ({"benefit": PERCENT, "target": {"products": []}}, "target.products"),
]
# Every one of these does something.
SENSIBLE: list[dict[str, Any]] = [
    {"benefit": {"percent": {"percent": "0.01"}}},
    {"benefit": {"fixed_price": {"price": 0}}},
    {"benefit": {"shipping_price": {"price": 0}}},
    {"benefit": {"group_deal": {"size": 2, "units": 2, "percent": "50"}}},
    {"benefit": {"points": {"fixed": 0, "times": "1.5"}}},
    {"benefit": PERCENT, "target": {"price_from": 5, "price_until": 5}},
    {"benefit": PERCENT, "when": {"kpi": {"name": "orders_count", "at_least": 2, "at_most": 2}}},
    {"benefit": PERCENT, "when": {"spend": {"at_least": 0}}},
    {"benefit": PERCENT, "when": {"weekly": {"from": "22:00", "until": "02:00"}}},
]


def _new(merchant: Merchant) -> str:
    return f"/m/{merchant.slug}/promotions/new"


@pytest.mark.parametrize(("definition", "place", "said"), SENSELESS)
def test_the_api_refuses_what_makes_no_sense_at_its_place(
    api: Storefront, merchant: Merchant, definition: dict[str, Any], place: str, said: str
) -> None:
    answer = api.post("/api/v1/promotions", {"key": "p", "name": "P", "definition": definition})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_definition")
    [error] = answer.json()["errors"]
    assert error["field"] == f"definition.{place}"
    assert said in error["detail"]
    assert not Promotion.objects.for_merchant(merchant).exists()


@pytest.mark.parametrize(("definition", "place"), UNREADABLE)
def test_the_api_refuses_what_the_schema_rules_out(api: Storefront, definition: dict[str, Any], place: str) -> None:
    answer = api.post("/api/v1/promotions", {"key": "p", "name": "P", "definition": definition})
    assert answer.json()["errors"][0]["field"] == f"definition.{place}"


@pytest.mark.parametrize("definition", SENSIBLE)
def test_what_does_something_is_taken(api: Storefront, definition: dict[str, Any]) -> None:
    assert api.post("/api/v1/promotions", {"key": "p", "name": "P", "definition": definition}).status_code == 201


@pytest.mark.parametrize(("definition", "place", "said"), SENSELESS)
def test_json_mode_names_the_place(
    client: Client, merchant: Merchant, definition: dict[str, Any], place: str, said: str
) -> None:
    answer = client.post(_new(merchant), sent(mode="json", definition=json.dumps(definition)))
    assert answer.status_code == 422
    assert f"{place}: " in answer.text
    assert said in answer.text
    assert not Promotion.objects.for_merchant(merchant).exists()


@pytest.mark.parametrize(
    ("typed", "field", "english", "german"),
    [
        ({"benefit-percent": "0"}, "benefit-percent", "more than 0", "mehr als 0 sein"),
        ({"benefit-percent": "0,00"}, "benefit-percent", "more than 0", "mehr als 0 sein"),
        ({"benefit-cap": "0"}, "benefit-cap", "more than 0", "mehr als 0 sein"),
        ({"benefit-kind": "amount", "benefit-amount": "0"}, "benefit-amount", "more than 0", "mehr als 0 sein"),
        ({"benefit-kind": "group_deal", "benefit-size": "2", "benefit-units": "3", "benefit-pick": "cheapest"}, "benefit-units", "no more units", "nicht mehr Stück"),
        ({"benefit-kind": "tiered", "benefit-by": "quantity", "benefit-steps-0-from": "2", "benefit-steps-0-percent": "0"}, "benefit-steps", "more than 0", "mehr als 0 sein"),
        ({"benefit-kind": "points", "benefit-times": "1"}, "benefit-times", "give nothing", "nichts ein"),
        ({"on-target__price_from": "2", "on-target__price_until": "1"}, "on-target__price_until", "less than where", "weniger als der Anfang"),
        ({"on-target__except__price_from": "2", "on-target__except__price_until": "1"}, "on-target__except__price_until", "less than where", "weniger als der Anfang"),
        ({"when-0-kind": "period", "when-0-from": "2026-12-01T10:00", "when-0-until": "2026-12-01T10:00"}, "when-0-until", "must end after", "nach dem Anfang"),
        ({"when-0-kind": "kpi", "when-0-name": "orders_count", "when-0-at_least": "3", "when-0-at_most": "2"}, "when-0-at_most", "less than where", "weniger als der Anfang"),
        ({"starts_at": "2026-12-01T10:00", "ends_at": "2026-12-01T10:00"}, "ends_at", "must end after", "nach dem Anfang"),
        ({"limits-uses_limit": "0"}, "limits-uses_limit", "greater than or equal to 1", "größer oder gleich 1"),
        ({"limits-uses_per_customer": "0"}, "limits-uses_per_customer", "greater than or equal to 1", "größer oder gleich 1"),
        ({"limits-budget": "0"}, "limits-budget", "An amount above nothing", "Betrag über null"),
    ],
)  # fmt: skip
def test_the_form_says_it_at_the_field(
    client: Client, merchant: Merchant, typed: dict[str, Any], field: str, english: str, german: str
) -> None:
    answer = client.post(_new(merchant), sent(**typed))
    assert answer.status_code == 422
    assert _at_field(answer, field) is not None
    assert english in str(_at_field(answer, field))
    assert english in answer.text
    assert not Promotion.objects.for_merchant(merchant).exists()
    assert german in client.post(_new(merchant), sent(**typed), headers={"accept-language": "de"}).text


def _at_field(answer: Any, field: str) -> Any:
    """The errors of the form that this field is of, there."""
    editor = answer.context["editor"]
    return next((form[name].errors for form in editor.forms() for name in form.fields if form.add_prefix(name) == field), None)  # fmt: skip


@pytest.mark.parametrize("limit", ["uses_limit", "uses_per_customer", "uses_per_window", "budget"])
def test_a_limit_of_nothing_is_refused_at_its_name(
    api: Storefront, client: Client, merchant: Merchant, limit: str
) -> None:
    sun = {"key": "sun", "name": "Sun", "definition": {"benefit": PERCENT}}
    refused = api.post("/api/v1/promotions", sun | {"limits": {limit: 0}})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, f"limits.{limit}")
    promotion = launch(merchant, "sun", percent())
    changed = api.patch("/api/v1/promotions/sun/limits", {limit: 0})
    assert (changed.status_code, changed.json()["errors"][0]["field"]) == (400, limit)
    url = f"/m/{merchant.slug}/promotions/{promotion.pk}/limits"
    assert client.post(url, {"limits-window": "day", f"limits-{limit}": "0"}).status_code == 422
    promotion.refresh_from_db()
    assert getattr(promotion, limit) is None


def test_what_was_stored_before_is_read_shown_and_decided_but_not_published_again(
    api: Storefront, client: Client, merchant: Merchant
) -> None:
    sun = launch(merchant, "sun", percent())
    version = PromotionVersion.objects.for_merchant(merchant).get(promotion=sun)
    senseless = version.definition | {
        "benefit": {"percent": {"percent": "0"}},
        "target": {"price_from": 2, "price_until": 1},
    }
    PromotionVersion.objects.for_merchant(merchant).filter(pk=version.pk).update(definition=senseless)
    assert known_promotion(senseless).target.price_until == 1
    assert discount(merchant) == 0
    assert api.get("/api/v1/promotions/sun").json()["definition"] == senseless

    page = client.get(f"/m/{merchant.slug}/promotions/{sun.pk}/edit")
    assert page.status_code == 200
    assert page.context["editor"].mode == "form"
    assert client.get(f"/m/{merchant.slug}/promotions/{sun.pk}/versions").status_code == 200

    again = api.post("/api/v1/promotions/sun/activate", {})
    assert (again.status_code, again.json()["errors"][0]["field"]) == (400, "version")
    for what, data in [("publish", {"version": 1}), ("duplicate", {}), ("versions/bring-back", {"version": 1})]:
        answer = client.post(f"/m/{merchant.slug}/promotions/{sun.pk}/{what}", data, follow=True)
        assert answer.status_code == 200, what
        assert "less than where the range begins" in answer.text, what
    assert Promotion.objects.for_merchant(merchant).count() == 1
    assert PromotionVersion.objects.for_merchant(merchant).count() == 1
