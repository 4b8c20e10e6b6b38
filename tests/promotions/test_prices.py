"""Promotions that lower a price for everybody stand in the price history while they hold (PAngV § 11)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.actions import ProductData, put_product
from catalog.events import ProductsChanged
from catalog.models import PriceChange, Product
from catalog.queries import lowest_price_30_days
from merchants.models import Merchant
from promotions import active
from promotions.actions.offers import pause_promotion
from promotions.actions.prices import publish_due_prices, publish_prices
from promotions.deciding import decide_again
from promotions.handlers import lower_changed_prices
from promotions.models import Promotion, Redemption
from promotions.tasks import publish_shop_prices
from tests.factories import MerchantFactory
from tests.promotions.shops import amount, launch, percent
from tests.storefront import Storefront

OPENED = datetime(2026, 1, 5, 9, tzinfo=UTC)
SALE = datetime(2026, 11, 27, 8, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def mug(merchant: Merchant) -> Product:
    with time_machine.travel(OPENED, tick=False):
        return put_product(merchant, ProductData(sku="MUG", title="Mug", price=1000)).product


def sale(merchant: Merchant, benefit: dict[str, Any] | None = None, **said: Any) -> Promotion:
    """Twenty per cent off everything, for everybody, in the week of the sale."""
    with time_machine.travel(SALE - 10 * DAY, tick=False):
        said = {"key": "sale", "starts_at": SALE, "ends_at": SALE + 7 * DAY, "lane": "catalog"} | said
        return launch(merchant, said.pop("key"), benefit or percent("20"), **said)


def history(product: Product) -> list[tuple[datetime, int, int | None]]:
    rows = PriceChange.objects.for_merchant(product.merchant_id).filter(product=product)
    return list(rows.order_by("valid_from", "pk").values_list("valid_from", "price", "list_price"))


def lowest(product: Product) -> int | None:
    return lowest_price_30_days(product.merchant, [product.pk])[product.pk]


def test_a_sale_begins_and_ends_in_the_price_history_at_its_own_moments(merchant: Merchant, mug: Product) -> None:
    sale(merchant)
    assert publish_due_prices(now=SALE - SECOND) == 0
    assert publish_due_prices(now=SALE + 40 * SECOND) == 1
    assert publish_due_prices(now=SALE + 100 * SECOND) == 0
    assert lowest(mug) == 1000
    assert publish_due_prices(now=SALE + 7 * DAY + 20 * SECOND) == 1
    assert publish_due_prices(now=SALE + 8 * DAY) == 0
    assert history(mug) == [(OPENED, 1000, None), (SALE, 800, 1000), (SALE + 7 * DAY, 1000, None)]
    assert lowest(mug) is None


def test_the_next_sale_is_measured_by_the_last_one_within_thirty_days(merchant: Merchant, mug: Product) -> None:
    sale(merchant)
    for days in (20, 60):
        begin = SALE + days * DAY
        sale(merchant, percent("10"), key=f"after-{days}", starts_at=begin, ends_at=begin + DAY)
    moments = [SALE, SALE + 7 * DAY]
    for days, expected in ((20, 800), (60, 1000)):
        for moment in [*moments, SALE + days * DAY]:
            publish_due_prices(now=moment + SECOND)
        assert (history(mug)[-1][1], lowest(mug)) == (900, expected)
        moments = [SALE + (days + 1) * DAY]


def test_an_activation_lowers_at_once_and_a_pause_puts_it_back(merchant: Merchant, mug: Product) -> None:
    promotion = sale(merchant, starts_at=SALE - 90 * DAY, ends_at=None)
    activated = SALE - 10 * DAY
    with time_machine.travel(activated + 2 * SECOND, tick=False):
        publish_shop_prices(merchant.pk)
    with time_machine.travel(SALE, tick=False):
        pause_promotion(promotion)
        publish_shop_prices(merchant.pk)
    assert history(mug)[1:] == [(activated, 800, 1000), (SALE, 1000, None)]


def test_two_promotions_lower_one_after_the_other_and_a_reduced_product_keeps_its_list_price(
    merchant: Merchant, mug: Product
) -> None:
    with time_machine.travel(OPENED, tick=False):
        lamp = put_product(merchant, ProductData(sku="LAMP", title="Lamp", price=5000, list_price=8000)).product
    sale(merchant)
    sale(merchant, {"amount_per_unit": {"amount": 300}}, key="less", target={"products": ["MUG"]}, ends_at=SALE + DAY)
    publish_due_prices(now=SALE)
    publish_due_prices(now=SALE + DAY)
    assert [row[1:] for row in history(mug)] == [(1000, None), (500, 1000), (800, 1000)]
    assert [row[1:] for row in history(lamp)] == [(5000, 8000), (4000, 8000)]


@pytest.mark.parametrize(
    ("benefit", "said"),
    [
        (percent("20"), {"when": {"code": ["X"]}}),
        (percent("20"), {"when": {"segment": ["vip"]}}),
        (percent("20"), {"when": {"any": [{"weekly": {"weekdays": ["sat"]}}, {"quantity": {"at_least": 2}}]}}),
        (percent("20"), {"limits": {"uses_limit": 5}}),
        (percent("20"), {"lane": "line"}),
        (percent("20"), {"combination": "exclusive_in_lane"}),
        (percent("20", cap=100), {}),
        (amount(100), {}),
        ({"group_deal": {"size": 3, "units": 1}}, {}),
        (percent("20"), {"target": {"products": ["OTHER"]}}),
    ],
)
def test_what_depends_on_cart_person_or_luck_is_no_shown_price(
    merchant: Merchant, mug: Product, benefit: dict[str, Any], said: dict[str, Any]
) -> None:
    sale(merchant, benefit, **said)
    publish_due_prices(now=SALE + SECOND)
    assert len(history(mug)) == 1


def test_happy_hours_come_and_go(merchant: Merchant, mug: Product) -> None:
    sale(merchant, when={"weekly": {"weekdays": ["fri"], "from": "18:00", "until": "20:00"}})
    for hour in range(8, 24):
        publish_due_prices(now=SALE.replace(hour=hour))
    # Six in the evening in Berlin is five in Greenwich.
    assert [(at.hour, price) for at, price, _list_price in history(mug)[1:]] == [(17, 800), (19, 1000)]


def test_a_price_that_the_shop_changes_meanwhile_is_lowered_as_well(merchant: Merchant, mug: Product) -> None:
    sale(merchant)
    publish_due_prices(now=SALE)
    with time_machine.travel(SALE + DAY, tick=False):
        put_product(merchant, ProductData(sku="MUG", title="Mug", price=1200))
        new = put_product(merchant, ProductData(sku="NEW", title="New", price=500)).product
        for _time in range(2):
            lower_changed_prices(ProductsChanged(merchant_id=merchant.pk, product_ids=[mug.pk, new.pk]))
    assert [row[1:] for row in history(mug)] == [(1000, None), (800, 1000), (1200, None), (960, 1200)]
    assert [row[1:] for row in history(new)] == [(500, None), (400, 500)]
    publish_due_prices(now=SALE + 7 * DAY)
    assert history(mug)[-1] == (SALE + 7 * DAY, 1200, None)
    assert lowest(mug) is None


def test_a_round_that_comes_late_says_when_it_came(merchant: Merchant, mug: Product) -> None:
    """Nobody knows what the shop showed while nothing ran."""
    sale(merchant)
    publish_due_prices(now=SALE + timedelta(hours=2))
    assert history(mug)[-1][0] == SALE + timedelta(hours=2)


def test_other_shops_keep_their_prices(merchant: Merchant, mug: Product) -> None:
    other = MerchantFactory()
    put_product(other, ProductData(sku="MUG", title="Mug", price=1000))
    sale(merchant)
    assert publish_due_prices(now=SALE) == 1
    assert PriceChange.objects.for_merchant(other).count() == 1


def test_it_costs_the_same_queries_for_many_products(merchant: Merchant, mug: Product) -> None:
    def queries(work: Callable[[], object]) -> int:
        with CaptureQueriesContext(connection) as captured:
            work()
        return len([query for query in captured if not query["sql"].startswith(("DECLARE", "FETCH", "CLOSE"))])

    sale(merchant)
    few = queries(lambda: publish_prices(merchant, now=SALE))
    for number in range(30):
        put_product(merchant, ProductData(sku=f"S-{number}", title="S", price=1000 + number))
    sale(merchant, percent("5"), key="more", starts_at=SALE + DAY, ends_at=SALE + 2 * DAY)
    assert queries(lambda: publish_prices(merchant, now=SALE + DAY)) <= few
    assert PriceChange.objects.for_merchant(merchant).filter(is_promotion=True).count() == 32


def test_the_api_shows_the_lowered_price_and_what_it_is_measured_by(
    api: Storefront, merchant: Merchant, mug: Product
) -> None:
    sale(merchant)
    launch(merchant, "welcome", amount(50), when={"code": ["WELCOME"]})
    cart = {
        "lines": [{"sku": "MUG", "quantity": 2}, {"sku": "X", "quantity": 1, "unit_price": 100}],
        "codes": ["WELCOME"],
    }

    def seen(at: datetime) -> tuple[int, int | None, int, list[int | None]]:
        active.forget()
        with time_machine.travel(at, tick=False):
            publish_due_prices()
            product = api.get("/api/v1/products/MUG").json()
            said = api.post("/api/v1/promotions/evaluate", cart).json()
        lows = [line["lowest_price_30_days"] for line in said["lines"]]
        return product["shown_price"], product["lowest_price_30_days"], said["total"], lows

    assert seen(SALE - DAY) == (1000, None, 2050, [None, None])
    assert seen(SALE + DAY) == (800, 1000, 1630, [1000, None])
    assert seen(SALE + 8 * DAY) == (1000, None, 2050, [None, None])


def test_lowered_lines_cost_an_evaluation_the_same_queries_however_many(
    api: Storefront, merchant: Merchant, mug: Product
) -> None:
    for number in range(20):
        put_product(merchant, ProductData(sku=f"S-{number}", title="S", price=1000))
    launch(merchant, "shelf", percent("20"), lane="catalog")
    publish_due_prices()
    active.forget()

    def queries(count: int) -> int:
        cart = {"lines": [{"sku": f"S-{number}", "quantity": 1} for number in range(count)]}
        api.post("/api/v1/promotions/evaluate", cart)
        with CaptureQueriesContext(connection) as captured:
            said = api.post("/api/v1/promotions/evaluate", cart).json()
        assert [line["lowest_price_30_days"] for line in said["lines"]] == [1000] * count
        return len(captured)

    assert queries(1) == queries(20)


def test_a_reservation_carries_what_the_lowered_price_is_measured_by(
    api: Storefront, merchant: Merchant, mug: Product
) -> None:
    sale(merchant)
    cart = {"lines": [{"sku": "MUG", "quantity": 2}, {"sku": "X", "quantity": 1, "unit_price": 100}]}

    def lows(said: dict[str, Any]) -> list[int | None]:
        return [line["lowest_price_30_days"] for line in said["decision"]["lines"]]

    active.forget()
    with time_machine.travel(SALE + DAY, tick=False):
        publish_due_prices()
        evaluated = api.post("/api/v1/promotions/evaluate", cart).json()
        refused = api.post("/api/v1/reservations", {"cart": cart, "expected_total": 1}).json()
        held = api.post("/api/v1/reservations", {"cart": cart, "expected_total": evaluated["total"]}).json()
    assert held["decision"] == evaluated
    assert (refused["code"], refused["decision"]) == ("total_changed", evaluated)
    assert lows(held) == [1000, None]
    stored = Redemption.objects.get(public_id=held["id"])
    assert "lowest_price_30_days" not in stored.decision["lines"][0]
    assert decide_again(stored) == stored.decision

    active.forget()
    with time_machine.travel(SALE + 8 * DAY, tick=False):
        publish_due_prices()
        assert lows(api.get(f"/api/v1/reservations/{held['id']}").json()) == [1000, None]
        assert lows(api.post(f"/api/v1/reservations/{held['id']}/confirm", {"order": "A-1"}).json()) == [1000, None]
        again = api.post("/api/v1/reservations", {"cart": cart}).json()
    assert lows(again) == [None, None]


def test_a_reduction_of_the_catalogue_is_measured_in_a_reservation_too(api: Storefront, merchant: Merchant) -> None:
    with time_machine.travel(SALE - 40 * DAY, tick=False):
        put_product(merchant, ProductData(sku="CUP", title="Cup", price=1000))
    with time_machine.travel(SALE, tick=False):
        put_product(merchant, ProductData(sku="CUP", title="Cup", price=900, list_price=1000))
        held = api.post("/api/v1/reservations", {"cart": {"lines": [{"sku": "CUP", "quantity": 1}]}}).json()
    assert [line["lowest_price_30_days"] for line in held["decision"]["lines"]] == [1000]
