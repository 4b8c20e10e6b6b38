"""The price that a reduction is measured by (PAngV § 11)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.models import PriceChange, Product
from catalog.queries import lowest_price_30_days
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
