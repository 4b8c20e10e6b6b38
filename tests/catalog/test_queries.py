"""The price that a reduction is measured by (PAngV § 11)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.models import PriceChange, Product
from catalog.queries import Shown, lowest_by_sku, lowest_price_30_days, shown_price, shown_prices
from merchants.models import Merchant
from tests.factories import ProductFactory

TODAY = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def product(merchant: Merchant) -> Product:
    return ProductFactory(merchant=merchant)


def put_history(product: Product, *changes: tuple[int, int, int | None]) -> None:
    """(days ago, price, list price) each."""
    for days, price, list_price in changes:
        PriceChange.objects.create(
            merchant=product.merchant,
            product=product,
            price=price,
            list_price=list_price,
            valid_from=TODAY - timedelta(days=days),
        )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # The price that stood when the period began was charged within it.
        ([(400, 1000, None), (2, 800, 1000)], 1000),
        # A sale two weeks before the reduction began counts, one of two months before does not.
        ([(400, 1000, None), (60, 700, None), (50, 1000, None), (16, 900, None), (9, 1000, None), (2, 800, 1000)], 900),
        # The days of the reduction itself do not count, however long it lasts.
        ([(400, 1000, None), (60, 800, 1000)], 1000),
        # A further cut is a reduction of its own.
        ([(400, 1000, None), (20, 800, 1000), (2, 600, 1000)], 800),
        # Marking a price as reduced without lowering it is no reduction.
        ([(400, 800, None), (2, 800, 1000)], 800),
        # On sale for ten days only: what it cost since then.
        ([(10, 1000, None), (2, 800, 1000)], 1000),
        # Missing: reduced from its first day on, never reduced, no history.
        ([(10, 800, 1000)], None),
        ([(400, 1000, None)], None),
        ([(400, 1000, None), (30, 800, 1000), (2, 1000, None)], None),
        ([], None),
    ],
)
def test_lowest_price_before_the_present_reduction(
    product: Product, changes: list[tuple[int, int, int | None]], expected: int | None
) -> None:
    put_history(product, *changes)
    assert lowest_price_30_days(product.merchant, [product.pk]) == {product.pk: expected}


@pytest.mark.parametrize(("days", "expected"), [(0, 700), (5, 900), (15, 900), (30, 1000), (400, None)])
def test_lowest_price_before_a_stated_moment(product: Product, days: int, expected: int | None) -> None:
    put_history(product, (400, 1000, None), (20, 900, None), (3, 700, None))
    before = TODAY - timedelta(days=days)
    assert lowest_price_30_days(product.merchant, [product.pk], before=before) == {product.pk: expected}


def test_many_products_cost_one_query_and_only_the_merchants_own_count(
    merchant: Merchant, django_assert_max_num_queries: Any
) -> None:
    products = ProductFactory.create_batch(5, merchant=merchant)
    foreign = ProductFactory()
    for product in [*products, foreign]:
        put_history(product, (400, 1000 + product.pk, None), (2, 1, 2000))
    ids = [product.pk for product in [*products, foreign]]
    with django_assert_max_num_queries(1):
        found = lowest_price_30_days(merchant, ids)
    assert found == {product.pk: 1000 + product.pk for product in products} | {foreign.pk: None}


def test_what_many_products_cost_now_is_what_each_of_them_does(
    merchant: Merchant, django_assert_num_queries: Any
) -> None:
    plain, lowered, marked_down, over, unknown = ProductFactory.create_batch(5, merchant=merchant, price=1000)
    foreign = ProductFactory(price=1000)
    for product in (plain, lowered, marked_down, over, foreign):
        put_history(product, (400, 1000, None))
    marked_down.price, marked_down.list_price = 900, 1000
    put_history(marked_down, (2, 900, 1000))
    for product in (lowered, over, foreign):
        put_history(product, (5, 800, 1000))
    PriceChange.objects.filter(price=800).update(is_promotion=True)
    put_history(over, (1, 1000, None))
    products = [plain, lowered, marked_down, over, unknown]
    with django_assert_num_queries(2):
        found = shown_prices(merchant, products)
    assert found == {product.pk: shown_price(product) for product in products}
    assert found[lowered.pk] == Shown(800, True, 1000)
    assert found[marked_down.pk] == Shown(900, False, 1000)
    assert {found[product.pk] for product in (plain, over, unknown)} == {Shown(1000, False, None)}
    with django_assert_num_queries(1):
        assert shown_prices(merchant, [foreign])[foreign.pk] == Shown(1000, False, None)
    with django_assert_num_queries(0):
        assert shown_prices(merchant, []) == {}


def test_what_a_reduction_was_measured_by_at_a_moment_stays(product: Product) -> None:
    put_history(product, (400, 1000, None), (20, 800, 1000), (3, 700, 1000), (1, 1000, None))

    def then(days: int) -> dict[str, int]:
        return lowest_by_sku(product.merchant, [product.sku], at=TODAY - timedelta(days=days))

    assert [then(days) for days in (21, 20, 2, 1)] == [{}, {product.sku: 1000}, {product.sku: 800}, {}]
