"""The list of products and a product's page."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from catalog.models import PriceChange
from catalog.queries import price_by_day
from merchants.models import Membership, Merchant
from tests.factories import CategoryFactory, ProductFactory
from tests.queries import queries_of

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_the_list_costs_the_same_for_one_row_and_for_three(client: Client, merchant: Merchant) -> None:
    url = f"/m/{merchant.slug}/catalog/"
    ProductFactory(merchant=merchant, category=CategoryFactory(merchant=merchant))
    few = queries_of(client, url)
    for _more in range(2):
        ProductFactory(merchant=merchant, category=CategoryFactory(merchant=merchant))
    assert queries_of(client, url) == few


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({"q": "tent"}, ["Tent"]),
        ({"q": "sku-l"}, ["Lamp"]),
        ({"sale": "yes"}, ["Lamp", "Tent"]),
        ({"sale": "sold_out"}, ["Mug"]),
        ({"sale": "inactive"}, ["Old"]),
        ({"sort": "-price"}, ["Tent", "Old", "Mug", "Lamp"]),
        ({"sort": "-title"}, ["Tent", "Old", "Mug", "Lamp"]),
        ({"sort": "stock"}, ["Mug", "Tent", "Old", "Lamp"]),
        ({"category": "outdoor"}, ["Lamp", "Tent"]),
        ({"category": "0"}, ["Lamp", "Mug", "Old", "Tent"]),
    ],
)
def test_the_address_narrows_and_sorts(
    client: Client, merchant: Merchant, query: dict[str, str], titles: list[str]
) -> None:
    outdoor = CategoryFactory(merchant=merchant, name="Outdoor", path="Outdoor")
    tents = CategoryFactory(merchant=merchant, name="Tents", path="Outdoor › Tents", parent=outdoor)
    indoor = CategoryFactory(merchant=merchant, name="Outdoorsy", path="Outdoorsy")
    ProductFactory(merchant=merchant, title="Tent", price=900, category=tents)
    ProductFactory(merchant=merchant, title="Lamp", price=100, category=outdoor, stock=None, sku="SKU-L")
    ProductFactory(merchant=merchant, title="Mug", price=200, category=indoor, stock=0)
    ProductFactory(merchant=merchant, title="Old", price=300, active=False)
    ProductFactory(title="Tent")  # could leak: another merchant's
    if query.get("category") == "outdoor":
        query = {"category": str(outdoor.pk)}
    listing = client.get(f"/m/{merchant.slug}/catalog/", query).context["listing"]
    assert [row.title for row in listing.rows] == titles


def test_an_empty_catalog_says_what_it_is_for(client: Client, merchant: Merchant) -> None:
    assert "No products yet" in client.get(f"/m/{merchant.slug}/catalog/").text


def test_a_category_of_another_merchant_narrows_nothing(
    client: Client, merchant: Merchant, stranger: Membership
) -> None:
    foreign = CategoryFactory(merchant=stranger.merchant, name="Secret", path="Secret")
    page = client.get(f"/m/{merchant.slug}/catalog/", {"category": foreign.pk})
    assert page.context["listing"].chips == []
    assert "Secret" not in page.text


def test_the_page_of_a_bare_product_has_no_none(client: Client, merchant: Merchant) -> None:
    product = ProductFactory(merchant=merchant, stock=None)
    page = client.get(f"/m/{merchant.slug}/catalog/{product.pk}/").text
    assert "not counted" in page
    assert "Nothing was sold" in page
    assert "None" not in page


@time_machine.travel(NOW, tick=False)
def test_the_page_shows_the_price_history(client: Client, merchant: Merchant) -> None:
    product = ProductFactory(merchant=merchant, price=1500, list_price=2000)
    for days, price, list_price in ((60, 2000, None), (40, 1800, None), (5, 1500, 2000)):
        at = NOW - timedelta(days=days)
        PriceChange.objects.create(
            merchant=merchant, product=product, price=price, list_price=list_price, valid_from=at
        )
    page = client.get(f"/m/{merchant.slug}/catalog/{product.pk}/")
    chart = page.context["price_chart"]
    prices = dict(zip(chart.days, chart.series[0].values, strict=True))
    day = date(2026, 11, 25)
    assert prices[day] == 1500
    assert prices[day - timedelta(days=6)] == 1800
    assert prices[day - timedelta(days=41)] == 2000
    assert prices[day - timedelta(days=61)] is None
    assert page.context["shown"].lowest_30_days == 1800
    assert "€18.00" in page.text


def test_prices_are_those_at_the_end_of_the_day_in_the_shop(merchant: Merchant) -> None:
    product = ProductFactory(merchant=merchant)
    for hour, price in ((8, 100), (12, 200), (23, 300)):  # 23:30 UTC is the next day in Berlin
        at = datetime(2026, 11, 20, hour, 30, tzinfo=UTC)
        PriceChange.objects.create(merchant=merchant, product=product, price=price, valid_from=at)
    days = [date(2026, 11, day) for day in (19, 20, 21)]
    assert price_by_day(product, merchant, days) == [None, 200, 300]


def test_a_product_of_another_merchant_does_not_exist(client: Client, stranger: Membership) -> None:
    foreign = ProductFactory(merchant=stranger.merchant)
    assert client.get(f"/m/muster/catalog/{foreign.pk}/").status_code == 404
