"""The planner knows rows that were just written in bulk."""

import pytest

from catalog.models import Product
from core.keyset import estimated_count
from core.statistics import refresh_statistics
from tests.factories import MerchantFactory


@pytest.mark.django_db
def test_the_planner_expects_what_was_just_written() -> None:
    small, large = MerchantFactory(), MerchantFactory()
    for merchant, count in ((small, 3), (large, 900)):
        rows = [Product(merchant=merchant, sku=str(number), title="T", price=1) for number in range(count)]
        Product.objects.bulk_create(rows)
    refresh_statistics([Product])
    assert estimated_count(Product.objects.for_merchant(large)) == pytest.approx(900, rel=0.1)
    assert estimated_count(Product.objects.for_merchant(small)) < 20
