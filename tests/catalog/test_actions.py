"""Products are put whole; their prices have a history; categories grow as they are named."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from catalog.actions import (
    Outcome,
    ProductData,
    Sighting,
    put_categories,
    put_product,
    put_products,
    recognise_products,
)
from catalog.models import Category, PriceChange, Product
from core.errors import InvalidInput
from merchants.models import Merchant
from tests.factories import ProductFactory

TENT = ProductData(
    sku="tent-2",
    title="Two-person tent",
    price=19900,
    list_price=24900,
    description="Stands without pegs.",
    category=("Outdoor", "Tents"),
    brand="Nordlicht",
    stock=12,
    tags=("camping",),
)


def history(merchant: Merchant) -> list[tuple[int, int | None]]:
    """Prices and list prices, oldest first."""
    rows = PriceChange.objects.for_merchant(merchant).order_by("pk")
    return list(rows.values_list("price", "list_price"))


def test_a_new_product_is_stored_whole_with_its_first_price(merchant: Merchant) -> None:
    put = put_product(merchant, TENT)
    product = Product.objects.get(merchant=merchant)
    assert (put.outcome, put.product.pk) == (Outcome.CREATED, product.pk)
    assert (product.title, product.brand, product.stock, product.tags) == (TENT.title, "Nordlicht", 12, ["camping"])
    assert str(product.category) == "Outdoor › Tents"
    assert (product.active, product.tax_rate, product.source) == (True, Decimal("0.19"), "catalog")
    assert history(merchant) == [(19900, 24900)]


def test_a_put_replaces_the_whole_product(merchant: Merchant) -> None:
    first = put_product(merchant, TENT).product
    put = put_product(merchant, ProductData(sku="tent-2", title="Tent", price=19900))
    product = Product.objects.get(merchant=merchant)
    assert (put.outcome, put.product.pk, product.pk) == (Outcome.UPDATED, first.pk, first.pk)
    assert (product.description, product.category, product.stock, product.tags) == ("", None, None, [])
    assert product.created_at == first.created_at
    assert put.product.created_at == first.created_at


def test_an_unchanged_product_is_not_written(merchant: Merchant) -> None:
    before = put_product(merchant, TENT).product.updated_at
    put = put_product(merchant, TENT)
    assert (put.outcome, put.product.updated_at) == (Outcome.UNCHANGED, before)
    assert Product.objects.get(merchant=merchant).updated_at == before
    assert history(merchant) == [(19900, 24900)]


def test_only_changes_of_price_and_list_price_enter_the_history(merchant: Merchant) -> None:
    put_product(merchant, TENT)
    put_product(merchant, replace(TENT, title="Tent"))
    put_product(merchant, replace(TENT, price=17900))
    put_product(merchant, replace(TENT, price=17900, list_price=None))
    assert history(merchant) == [(19900, 24900), (17900, 24900), (17900, None)]


def test_a_product_known_from_orders_becomes_the_catalogues_with_its_first_price(merchant: Merchant) -> None:
    seen = recognise_products(merchant, [Sighting(sku="tent-2", title="", price=19900, tax_rate=Decimal("0.07"))])
    assert (seen["tent-2"].title, seen["tent-2"].active, history(merchant)) == ("tent-2", False, [])
    put = put_product(merchant, replace(TENT, price=19900, list_price=None))
    assert (put.outcome, put.product.pk, put.product.source) == (Outcome.UPDATED, seen["tent-2"].pk, "catalog")
    assert history(merchant) == [(19900, None)]


def test_an_order_does_not_change_a_product_of_the_catalogue(merchant: Merchant) -> None:
    put_product(merchant, TENT)
    seen = recognise_products(merchant, [Sighting(sku="tent-2", title="Zelt", price=1, tax_rate=Decimal(0))])
    assert (seen["tent-2"].title, seen["tent-2"].price, seen["tent-2"].active) == (TENT.title, 19900, True)


def test_products_of_another_merchant_are_left_alone(merchant: Merchant) -> None:
    foreign = ProductFactory(sku="tent-2", price=1)  # could leak: the same SKU at another merchant
    put_product(merchant, TENT)
    foreign.refresh_from_db()
    assert foreign.price == 1
    assert Product.objects.for_merchant(merchant).get().pk != foreign.pk


def test_many_products_cost_as_many_statements_as_a_few(merchant: Merchant, django_assert_max_num_queries: Any) -> None:
    for count in (3, 300):
        products = [
            replace(TENT, sku=f"{count}-{index}", category=("Outdoor", f"{count}", f"{index % 20}"))
            for index in range(count)
        ]
        with django_assert_max_num_queries(16):
            put_products(merchant, products)
    with django_assert_max_num_queries(6):
        assert {put.outcome for put in put_products(merchant, products)} == {Outcome.UNCHANGED}


def test_a_sku_named_twice_is_refused(merchant: Merchant) -> None:
    with pytest.raises(InvalidInput) as refused:
        put_products(merchant, [TENT, replace(TENT, price=1)])
    assert refused.value.code == "repeated_sku"
    assert not Product.objects.for_merchant(merchant).exists()


def test_categories_are_created_from_the_root_and_found_again(merchant: Merchant) -> None:
    put_categories(merchant, [("Outdoor", "Tents"), ("Outdoor", "Stoves", "Gas")])
    again = put_categories(merchant, [("Outdoor", "Tents"), ("Home",)])
    tree = {row.path: row.parent and row.parent.path for row in Category.objects.for_merchant(merchant)}
    assert tree == {
        "Outdoor": None,
        "Outdoor › Tents": "Outdoor",
        "Outdoor › Stoves": "Outdoor",
        "Outdoor › Stoves › Gas": "Outdoor › Stoves",
        "Home": None,
    }
    assert again["Outdoor", "Tents"].name == "Tents"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (("Outdoor", " "), "invalid_category"),
        (("Outdoor › Tents",), "invalid_category"),
        (("x" * 101,), "category_too_long"),
        (("x" * 100,) * 6, "category_too_long"),
    ],
)
def test_a_category_that_cannot_be_is_refused(merchant: Merchant, path: tuple[str, ...], code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        put_categories(merchant, [path])
    assert refused.value.code == code
    assert not Category.objects.for_merchant(merchant).exists()
