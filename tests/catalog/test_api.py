"""The catalogue over HTTP."""

from typing import Any

import pytest

from catalog.api import EXAMPLE
from catalog.models import Category, PriceChange, Product
from merchants.models import Merchant
from tests.factories import ProductFactory
from tests.storefront import Storefront, storefront


def test_a_product_is_created_replaced_and_read(api: Storefront, merchant: Merchant) -> None:
    created = api.put("/api/v1/products/tent-2", EXAMPLE)
    assert created.status_code == 201, created.content
    assert {key: created.json()[key] for key in EXAMPLE} == EXAMPLE | {"tax_rate": "0.1900"}
    assert (created.json()["sku"], created.json()["currency"]) == ("tent-2", "EUR")
    assert api.get("/api/v1/products/tent-2").json() == created.json()
    replaced = api.put("/api/v1/products/tent-2", {"title": "Tent", "price": 100})
    assert (replaced.status_code, replaced.json()["category"], replaced.json()["list_price"]) == (200, None, None)
    assert api.get("/api/v1/products/tent-2").json() == replaced.json()
    assert PriceChange.objects.for_merchant(merchant).count() == 2


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"merchant": 1}, ("merchant", "unknown_field")),
        ({"sku": "other"}, ("sku", "unknown_field")),
        ({"price": -1}, ("price", "min_value")),
        ({"price": 10**14}, ("price", "max_value")),
        ({"price": "19.99"}, ("price", "not_whole")),
        ({"title": ""}, ("title", "blank")),
        ({"title": "a\tb"}, ("title", "control_character")),
        ({"stock": 2**31}, ("stock", "max_value")),
        ({"stock": True}, ("stock", "not_whole")),
        ({"active": "yes"}, ("active", "invalid")),
        ({"url": "javascript:alert(1)"}, ("url", "invalid")),
        ({"image_url": "//cdn.example/1.jpg"}, ("image_url", "invalid")),
        ({"category": "Outdoor"}, ("category", "not_a_list")),
        ({"category": ["Outdoor", ""]}, ("category.1", "blank")),
        ({"category": ["Outdoor › Tents"]}, ("category.0", "separator")),
        ({"category": ["a", "b", "c", "d", "e"]}, ("category", "max_length")),
        ({"tax_rate": "nineteen"}, ("tax_rate", "invalid")),
        ({"tax_rate": "NaN"}, ("tax_rate", "invalid")),
        ({"tags": ["x" * 61]}, ("tags.0", "max_length")),
    ],
)
def test_a_malformed_product_is_refused_by_the_name_of_the_field(
    api: Storefront, merchant: Merchant, change: dict[str, Any], refused: tuple[str, str]
) -> None:
    answer = api.put("/api/v1/products/tent-2", EXAMPLE | change)
    assert answer.status_code == 400
    assert refused in [(error["field"], error["code"]) for error in answer.json()["errors"]]
    for model in (Product, Category):
        assert not model.objects.for_merchant(merchant).exists()


def test_many_products_each_stand_or_fall_alone(api: Storefront, merchant: Merchant) -> None:
    ProductFactory(merchant=merchant, sku="b", title="B", price=1, stock=None, tags=[])
    products = [
        {"sku": "a", "title": "A", "price": 1},
        {"sku": "b", "title": "B", "price": 1},
        {"sku": "c", "title": "C"},
        {"sku": "a", "title": "A again", "price": 2},
        {"title": "no SKU", "price": 2},
        {"sku": 7, "title": "a number", "price": 2},
    ]
    answer = api.post("/api/v1/products/bulk", {"products": products})
    assert answer.status_code == 200
    results = [
        (row["sku"], row["result"], [(error["field"], error["code"]) for error in row["errors"]])
        for row in answer.json()["results"]
    ]
    assert results == [
        ("a", "created", []),
        ("b", "unchanged", []),
        ("c", "rejected", [("price", "required")]),
        ("a", "rejected", [("sku", "repeated_sku")]),
        (None, "rejected", [("sku", "required")]),
        (None, "rejected", [("sku", "invalid")]),
    ]
    assert answer.json()["rejected"] == 4
    assert Product.objects.get(merchant=merchant, sku="a").title == "A"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"products": []}, "min_length"),
        ({"products": [{}] * 501}, "max_length"),
        ({}, "required"),
        ({"products": [1]}, "not_a_dict"),
    ],
)
def test_a_bulk_request_has_1_to_500_products(api: Storefront, body: dict[str, Any], code: str) -> None:
    answer = api.post("/api/v1/products/bulk", body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)


def test_products_are_seen_and_changed_only_by_their_own_merchant(api: Storefront, stranger: Any) -> None:
    api.put("/api/v1/products/tent-2", EXAMPLE)
    foreign = storefront(stranger.merchant)
    assert foreign.get("/api/v1/products/tent-2").status_code == 404
    assert foreign.put("/api/v1/products/tent-2", {"title": "Mine", "price": 1}).status_code == 201
    assert api.get("/api/v1/products/tent-2").json()["title"] == EXAMPLE["title"]


@pytest.mark.parametrize("sku", ["a/b", "Größe M", "100%", "a b", "bulk2"])
def test_skus_may_hold_anything_printable(api: Storefront, sku: str) -> None:
    assert api.post("/api/v1/products/bulk", {"products": [{"sku": sku, "title": "A", "price": 1}]}).status_code == 200
    path = sku.replace("%", "%25").replace(" ", "%20")
    assert api.get(f"/api/v1/products/{path}").json()["sku"] == sku


@pytest.mark.parametrize("path", ["x%00y", "x%0Ay", "x" * 65, "x" * 10_000, "%ED%A0%80"])
def test_a_path_that_can_be_no_sku_is_a_404(api: Storefront, path: str) -> None:
    for answer in (api.get(f"/api/v1/products/{path}"), api.put(f"/api/v1/products/{path}", EXAMPLE)):
        assert answer.status_code in (400, 404) or "%ED" in path
        assert answer.status_code < 500
