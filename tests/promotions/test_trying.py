"""A version is tried on orders, baskets and carts by hand: what applies, what is missing, and nothing happens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Product
from customers.actions.profiles import Person
from customers.models import Identity
from merchants.models import Merchant
from orders.actions.placement import place_order
from promotions.actions.offers import PromotionData, VersionData, add_version, create_promotion
from promotions.models import Promotion, Redemption, RedemptionUse, UseCount
from tests.customers.tracking_samples import moment, send, viewed
from tests.factories import CategoryFactory, ProductFactory
from tests.orders.samples import line, order_data
from tests.promotions.members import customer
from tests.promotions.shops import launch, percent
from tests.queries import queries_of
from tests.storefront import Storefront

SUN = {"categories": ["Sun care"]}


def draft(merchant: Merchant, key: str = "sun", **said: object) -> Promotion:
    definition = {"benefit": percent("20"), "target": SUN} | said
    return create_promotion(
        merchant, PromotionData(key=key, name=key.title(), version=VersionData(definition=definition))
    )


@pytest.fixture
def lotion(merchant: Merchant) -> Product:
    category = CategoryFactory(merchant=merchant, name="Sun care", path="Sun care")
    return ProductFactory(merchant=merchant, sku="L-1", title="Sun lotion", price=2100, category=category)


def order_of(merchant: Merchant, number: str, *bought: tuple[str, int, int], days_ago: int = 0) -> None:
    """An order of units of products at a price."""
    lines = [line(sku, quantity, price) for sku, quantity, price in bought]
    placed_at = timezone.now() - timedelta(days=days_ago)
    place_order(merchant, order_data(*lines, number=number, placed_at=placed_at, customer=Person(external_id="c-1")))


def _url(promotion: Promotion, query: str) -> str:
    return f"/m/{promotion.merchant.slug}/promotions/{promotion.pk}/try?{query}"


def test_a_past_order_shows_each_line_before_and_after(client: Client, merchant: Merchant, lotion: Product) -> None:
    order_of(merchant, "A-1", ("L-1", 2, 2100), ("HAT", 1, 1500))
    page = client.get(_url(draft(merchant), "source=order&order=A-1")).text
    alone = page.split("This version alone</h2>")[1].split("Together with what is active</h2>")[0]
    assert "Sun lotion" in alone
    assert "Sun: −€8.40" in alone  # 20 % of 42.00
    assert "€33.60" in alone
    assert "€15.00" in alone
    assert "applies" in alone
    assert "€8.40 off" in alone


def test_a_near_miss_says_what_is_missing_and_what_it_would_save(
    client: Client, merchant: Merchant, lotion: Product
) -> None:
    order_of(merchant, "A-1", ("L-1", 1, 2100))
    near = draft(merchant, when={"spend": {"at_least": 2800, "of": SUN}})
    page = client.get(_url(near, "source=order&order=A-1")).text
    assert "€7.00 more from Sun care. <strong>That would save €5.60.</strong>" in " ".join(page.split())


def test_it_is_tried_beside_what_is_active_and_in_place_of_its_own_active_version(
    client: Client, merchant: Merchant, lotion: Product
) -> None:
    launch(merchant, "half", percent("50"), lane="line")
    running = launch(merchant, "sun", percent("10"), target=SUN)
    order_of(merchant, "A-1", ("L-1", 1, 2000))
    page = client.get(_url(running, "source=order&order=A-1")).text
    together = page.split("Together with what is active</h2>")[1]
    assert "Half: −€10.00" in together
    assert "Sun: −€1.00" in together  # of what was left, once
    assert (
        client.get(_url(draft(merchant, "other", when={"country": ["CH"]}), "source=order&order=A-1")).text.count(
            "It holds for orders to Switzerland"
        )
        == 2
    )  # alone, and beside the others, although no index would have found it


def test_what_was_known_then_counts_for_a_past_order(client: Client, merchant: Merchant, lotion: Product) -> None:
    first = draft(merchant, when={"order_number": {"number": 1}})
    order_of(merchant, "A-1", ("L-1", 1, 2100), days_ago=9)
    order_of(merchant, "A-2", ("L-1", 1, 2100), days_ago=1)
    assert "€4.20 off" in client.get(_url(first, "source=order&order=A-1")).text
    assert "It is for the 1st order of a person" in client.get(_url(first, "source=order&order=A-2")).text


def test_a_cart_is_put_together_by_hand(client: Client, merchant: Merchant, lotion: Product) -> None:
    order_of(merchant, "A-1", ("L-1", 1, 2100))
    coded = draft(merchant, when={"all": [{"code": ["SUMMER"]}, {"channel": ["app"]}]})
    cart = "source=cart&sku=L-1&quantity=3&sku=&quantity=&channel=app&shipping=4.90&customer=c-1"
    page = client.get(_url(coded, f"{cart}&codes=summer")).text
    assert "€12.60 off" in page
    assert "€4.90" in page
    assert "Its code is not on the cart" in client.get(_url(coded, cart)).text
    assert 'name="sku" value="L-1"' in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("source=order&order=A-9", "There is no order with this number."),
        ("source=cart&sku=NO&quantity=1", "There is no product with the SKU NO."),
        ("source=cart&sku=L-1&quantity=many", "“many” is no quantity."),
        (f"source=cart&sku=L-1&quantity=000001{'9' * 30}", "is no quantity."),
        ("source=cart&sku=L-1&quantity=1&customer=nobody", "There is no customer with this number or address."),
        ("source=basket&customer=c-1", "Nothing lies in this person&#x27;s basket."),
        ("source=nothing", "Try it before it counts"),
        ("source=cart&sku=L-1&quantity=1&at=then", "Enter a valid date/time."),
    ],
)
def test_what_cannot_be_tried_is_said(
    client: Client, merchant: Merchant, lotion: Product, query: str, said: str
) -> None:
    order_of(merchant, "A-1", ("L-1", 1, 2100))
    answer = client.get(_url(draft(merchant), query))
    assert answer.status_code == 200
    assert said in answer.text


def test_trying_leaves_nothing_behind_and_looks_at_limits(client: Client, merchant: Merchant, lotion: Product) -> None:
    limited = launch(merchant, "sun", percent("20"), limits={"uses_limit": 1})
    Promotion.objects.filter(pk=limited.pk).update(name="All of the sun")
    UseCount.objects.create(merchant=merchant, promotion=limited, used=1)
    page = client.get(_url(limited, "source=cart&sku=L-1&quantity=1")).text
    assert "It was used as often as it may be." in page
    assert page.count("All of the sun</strong>") == 2  # by its name, in both ways
    order_of(merchant, "A-1", ("L-1", 1, 2100))
    assert "€4.20 off" in client.get(_url(limited, "source=order&order=A-1")).text
    assert not Redemption.objects.for_merchant(merchant).exists()
    assert not RedemptionUse.objects.for_merchant(merchant).exists()


def test_a_version_outside_its_period_says_so(client: Client, merchant: Merchant, lotion: Product) -> None:
    order_of(merchant, "A-1", ("L-1", 1, 2100), days_ago=2)
    new = launch(merchant, "sun", percent("20"), starts_at=timezone.now() + timedelta(days=3))
    page = client.get(_url(new, "source=order&order=A-1")).text
    assert "this version would not have been active" in page
    assert "€4.20 off" in page


def test_an_older_version_is_tried_by_its_number(client: Client, merchant: Merchant, lotion: Product) -> None:
    order_of(merchant, "A-1", ("L-1", 1, 2000))
    promotion = draft(merchant)
    add_version(promotion, VersionData(definition={"benefit": percent("50")}))
    assert "€10.00 off" in client.get(_url(promotion, "source=order&order=A-1")).text
    assert "€4.00 off" in client.get(_url(promotion, "source=order&order=A-1&version=1")).text
    assert client.get(_url(promotion, "version=7")).status_code == 404


def test_a_long_cart_costs_as_many_queries_as_a_short_one(client: Client, merchant: Merchant, lotion: Product) -> None:
    for number in range(20):
        ProductFactory(merchant=merchant, sku=f"P-{number}")
    promotion = draft(merchant)
    counts = [
        queries_of(client, _url(promotion, "source=cart&" + "&".join(f"sku=P-{at}&quantity=1" for at in range(length))))
        for length in (1, 20)
    ]
    assert counts[0] == counts[1]


def test_the_open_basket_of_a_person_is_tried(
    client: Client, merchant: Merchant, lotion: Product, api: Storefront
) -> None:
    order_of(merchant, "A-1", ("L-1", 1, 2100))
    person = customer(merchant)
    device = Identity.Kind.ANONYMOUS_ID
    Identity.objects.create(merchant=merchant, customer=person, kind=device, value="visitor-1")
    added = {"event": "Product Added", "timestamp": moment(minutes=-5)}
    goods = [{"sku": "L-1", "quantity": 2}, {"sku": "gone", "quantity": 1}]
    send(api, [viewed(at, **added, properties=entry) for at, entry in enumerate(goods)])
    page = client.get(_url(draft(merchant), "source=basket&customer=c-1")).text
    assert "€8.40 off" in page
    assert "gone" not in page  # what the catalogue does not know has no price
