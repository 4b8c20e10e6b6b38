"""The demo shop: plausible, exact to the minor unit, the same for the same seed, and made once."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Max, Min, Q, Sum

from campaigns.models import Message, MessageBlock
from catalog.models import Category, PriceChange, Product
from core.models import Delivery
from customers.models import Channel, ConsentRecord, Customer, Duplicate, Purpose, Suppression
from customers.queries.consent import may_we
from customers.rules.legal_basis import Basis
from cxapp.demo import building, messages
from cxapp.demo.addresses import move_pictures, pictures_have_moved
from cxapp.demo.duplicates import KNOWN_TWICE
from cxapp.demo.ledger import OrderPlan
from cxapp.demo.pictures import FOLDER
from cxapp.demo.shop import DemoShop, generate
from merchants.actions import find_api_key
from merchants.models import Membership, Merchant, Role, Staff
from orders.models import Order, OrderLine, Refund, ReturnLine, Shipment, ShipmentLine, TrackingEvent
from orders.pricing import goods_paid, included_taxes, order_total
from recommendations.engines.interactions import Interactions
from recommendations.engines.training import train
from tests.factories import MerchantFactory, OrderFactory

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
CUSTOMERS = 80


@pytest.fixture(scope="module")
def shop() -> DemoShop:
    return generate("demo", customers=600, seed=3, now=NOW)


@contextmanager
def unwatched(title: str, total: int | None) -> Iterator[Any]:
    yield lambda count: None


@pytest.fixture
def built(db: None) -> Merchant:
    building.build(customers=CUSTOMERS, seed=3, now=NOW, watch=unwatched)
    return Merchant.objects.get(slug="demo")


def test_the_same_seed_makes_the_same_shop_and_another_seed_another(shop: DemoShop) -> None:
    first, again = (generate("demo", customers=20, seed=5, now=NOW) for _ in range(2))
    assert (first.products, first.orders, first.statements) == (again.products, again.orders, again.statements)
    assert [person.email for person in first.people] == [person.email for person in again.people]
    other = generate("demo", customers=20, seed=6, now=NOW)
    assert other.orders != first.orders


def test_orders_add_up_and_ascend_in_time(shop: DemoShop) -> None:
    moments = [order.placed_at for order in shop.orders]
    assert moments == sorted(moments)
    assert NOW - timedelta(days=549) < moments[0]
    assert NOW - timedelta(days=1) < moments[-1] <= NOW
    numbers = [int(order.number.removeprefix("D-")) for order in shop.orders]
    assert numbers == list(range(10_001, 10_001 + len(numbers)))
    for order in shop.orders:
        assert order.total == order_total(order.lines, shipping=order.shipping, discount=order.discount)
        assert order.tax == sum(included_taxes(order.lines, shipping=order.shipping, discount=order.discount).values())
        assert len({line.product for line in order.lines}) == len(order.lines) <= 6


def test_buyers_pay_the_price_of_the_day(shop: DemoShop) -> None:
    for order in shop.orders:
        for line in order.lines:
            product = shop.products[line.product]
            assert line.unit_price == product.price_at(order.placed_at)
            assert product.created_at <= order.placed_at + timedelta(days=1)


def test_nothing_lies_in_the_future_and_everything_follows_its_cause(shop: DemoShop) -> None:
    for order in shop.orders:
        for parcel in order.parcels:
            chain = [order.placed_at, parcel.shipped_at, *(at for _, at in parcel.events)]
            assert chain == sorted(chain)
            assert chain[-1] <= NOW
            assert (parcel.delivered_at is not None) == ("delivered" in dict(parcel.events))
        for parcel in order.returns:
            assert max(sent.delivered_at for sent in order.parcels if sent.delivered_at) < parcel.received_at <= NOW
        assert all(order.placed_at < refund.refunded_at <= NOW for refund in order.refunds)
    assert all(statement.occurred_at <= NOW for statement in shop.statements)


def test_refunds_are_exact_and_never_more_than_was_paid(shop: DemoShop) -> None:
    returned = [order for order in shop.orders if order.returns]
    assert returned
    for order in returned:
        paid = goods_paid([line.total for line in order.lines], discount=order.discount)
        for line, amount in zip(order.lines, paid, strict=True):
            assert line.refunded <= amount
            assert (line.refunded == amount) == (line.cancelled + line.returned == line.quantity)
    assert all(0 <= order.refunded <= order.total for order in shop.orders)
    whole = [o for o in returned if all(line.returned == line.quantity for line in o.lines) and o.shipping]
    assert all(order.refunded >= order.total for order in whole)


def test_shares_are_those_of_a_real_shop(shop: DemoShop) -> None:
    orders, people = shop.orders, [person for person in shop.people if not person.is_guest]
    delivered = [order for order in orders if order.state == "delivered"]
    late = sum(_arrived(order) > order.promised_on for order in delivered) / len(delivered)
    kinds = Counter(statement.kind for statement in shop.statements)
    assert 0.04 < late < 0.16
    assert 0.05 < sum(bool(order.returns) for order in delivered) / len(delivered) < 0.16
    assert 0.01 < sum(order.state == "cancelled" for order in orders) / len(orders) < 0.05
    assert 0.02 < kinds["objected"] / len(people) < 0.09
    assert 0.3 < kinds["granted"] / len(people) < 0.7
    assert 0.78 < kinds["notice_shown"] / sum(not shop.people[order.person].is_guest for order in orders) < 0.92
    assert {"placed", "shipped", "delivered", "cancelled"} == {order.state for order in orders}
    assert 1.5 < sum(len(order.lines) for order in orders) / len(orders) < 2.6
    assert 3 < len(orders) / len(people) < 5.5


def _arrived(order: OrderPlan) -> Any:
    return max(parcel.delivered_at for parcel in order.parcels if parcel.delivered_at).date()


def test_products_are_many_and_different(shop: DemoShop) -> None:
    products = shop.products
    assert 380 <= len(products) <= 420
    assert len({product.sku for product in products}) == len({product.title for product in products}) == len(products)
    assert 20 <= len({product.leaf for product in products}) <= 35
    assert all(product.prices[-1].price > product.cost > 0 for product in products)
    assert any(product.stock == 0 for product in products)
    assert any(product.withdrawn_at for product in products)
    reduced = [product.prices for product in products if product.prices[-1].list_price]
    assert reduced
    assert all(prices[-1].price < (prices[-1].list_price or 0) for prices in reduced)
    # The lowest price of the last 30 days is known: the history reaches further back.
    assert all(prices[0].valid_from < NOW - timedelta(days=30) for prices in reduced)


def test_every_product_has_a_picture_that_mail_programs_show(shop: DemoShop) -> None:
    pictures = {
        product.picture
        for made in (shop, generate("demo-two", customers=1, seed=3, now=NOW))
        for product in made.products
    }
    for name in pictures:
        assert (FOLDER / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_000_000


def test_tastes_can_be_learnt_but_are_no_foregone_conclusion(shop: DemoShop) -> None:
    trained = train(_interactions(shop), Quiet())
    blend, popularity = (trained.metrics["methods"][method] for method in ("blend", "popularity"))
    for figure in ("all_hr", "new_hr"):
        assert popularity[figure] + 0.05 < blend[figure] < 0.85
    assert trained.refusal is None


class Quiet:
    def step(self, text: str, *, total: int | None = None) -> None: ...

    def advance(self, count: int = 1) -> None: ...


def _interactions(shop: DemoShop) -> Interactions:
    rows = [
        (None if shop.people[order.person].is_guest else order.person, line.product, basket, order.placed_at)
        for basket, order in enumerate(shop.orders)
        for line in order.lines
    ]
    purchases = pl.DataFrame(rows, ["customer", "product", "basket", "occurred_at"], orient="row")
    products = [(number, product.leaf, product.created_at) for number, product in enumerate(shop.products)]
    return Interactions.from_frames(
        purchases, pl.DataFrame(products, ["product", "category", "created_at"], orient="row"), NOW
    )


def test_addresses_reach_nobody(shop: DemoShop) -> None:
    addresses = [person.email for person in shop.people]
    assert len(set(addresses)) == len(addresses)
    assert {address.rpartition("@")[2] for address in addresses} == {"example.org", "example.com", "example.net"}
    assert all(address.isascii() for address in addresses)


def test_summaries_agree_with_the_facts(built: Merchant) -> None:
    facts = (
        Order.objects.for_merchant(built)
        .counted()
        .values("customer")
        .annotate(
            count=Count("pk"), paid=Sum(F("total") - F("refunded")), first=Min("placed_at"), last=Max("placed_at")
        )
    )
    by_customer = {row["customer"]: row for row in facts}
    for customer in Customer.objects.for_merchant(built):
        row = by_customer.get(customer.pk, {"count": 0, "paid": 0, "first": None, "last": None})
        assert [row["count"], row["paid"], row["first"], row["last"]] == [
            customer.orders_count,
            customer.revenue,
            customer.first_order_at,
            customer.last_order_at,
        ]
    assert Customer.objects.for_merchant(built).count() == CUSTOMERS + KNOWN_TWICE


def test_some_people_are_known_twice_and_wait_to_be_merged(built: Merchant) -> None:
    pairs = Duplicate.objects.for_merchant(built).open().select_related("first", "second")
    names = [(str(pair.first), str(pair.second)) for pair in pairs]
    assert len(names) == KNOWN_TWICE
    assert all(one == other for one, other in names)


def test_orders_agree_with_their_parts(built: Merchant) -> None:
    for order in Order.objects.for_merchant(built).prefetch_related("lines", "refunds"):
        lines = list(order.lines.all())
        assert order.total == sum(line.total for line in lines) + order.shipping - order.discount
        assert order.refunded == sum(refund.amount for refund in order.refunds.all())
    lines = OrderLine.objects.for_merchant(built)
    units = Sum("return_lines__quantity", default=0)
    assert not lines.annotate(back=units).exclude(back=F("returned")).exists()
    assert not lines.annotate(sent=Sum("shipment_lines__quantity")).filter(sent__gt=F("quantity") - F("cancelled"))
    assert not lines.exclude(product__merchant=built).exists()
    assert not Shipment.objects.for_merchant(built).filter(lines=None).exists()


def test_states_are_what_the_orders_app_would_say(built: Merchant) -> None:
    orders = Order.objects.for_merchant(built).annotate(
        parcels=Count("shipments", distinct=True),
        under_way=Count("shipments", filter=Q(shipments__delivered_at=None), distinct=True),
    )
    assert not orders.filter(state="placed", parcels__gt=0).exists()
    assert not orders.filter(state="delivered").exclude(parcels__gt=0, under_way=0).exists()
    assert not orders.filter(state="cancelled").filter(Q(parcels__gt=0) | Q(cancelled_at=None)).exists()
    assert orders.filter(state="shipped").exclude(parcels=0).count() == orders.filter(state="shipped").count()


def test_current_prices_are_the_newest_of_the_history(built: Merchant) -> None:
    for product in Product.objects.for_merchant(built).prefetch_related("price_changes"):
        newest = max(product.price_changes.all(), key=lambda change: change.valid_from)
        assert (product.price, product.list_price) == (newest.price, newest.list_price)
        assert product.image_url.startswith("http")
    assert all(category.path.endswith(category.name) for category in Category.objects.for_merchant(built))


def test_the_legal_gate_says_all_it_can_say(built: Merchant) -> None:
    answers = Counter(_decision(built, customer) for customer in Customer.objects.for_merchant(built))
    assert set(answers) == {Basis.EXISTING_CUSTOMER, Basis.CONSENT, Basis.NONE}
    for record in ConsentRecord.objects.for_merchant(built).filter(kind=ConsentRecord.Kind.OBJECTED):
        assert Suppression.objects.for_merchant(built).of(record.customer.email).exists()


def _decision(merchant: Merchant, customer: Customer) -> Basis:
    purpose, channel = Purpose.PRODUCT_RECOMMENDATIONS, Channel.EMAIL
    return may_we(customer, merchant=merchant, purpose=purpose, channel=channel, address=customer.email).basis


def test_pictures_follow_the_installation(built: Merchant, settings: Any) -> None:
    assert not pictures_have_moved()
    foreign = Product.objects.for_merchant(built).first()
    assert foreign
    Product.objects.for_merchant(built).filter(pk=foreign.pk).update(image_url="https://elsewhere.example/a.png")
    settings.PUBLIC_URL = "https://shop.example:8443"
    assert pictures_have_moved()
    move_pictures()
    assert not pictures_have_moved()
    own = Product.objects.for_merchant(built).exclude(pk=foreign.pk)
    assert not own.exclude(image_url__startswith="https://shop.example:8443/static/cxapp/demo/").exists()
    foreign.refresh_from_db()
    assert foreign.image_url == "https://elsewhere.example/a.png"


def test_staff_keys_and_footer(tmp_path: Path, db: None) -> None:
    path = tmp_path / "var" / "demo.json"
    call_command("demo", customers=10, credentials=path, stdout=StringIO())
    assert path.stat().st_mode & 0o777 == 0o600
    given = json.loads(path.read_text())
    owner = Staff.objects.get(email=given["staff"]["email"])
    assert owner.check_password(given["staff"]["password"])
    assert owner.is_superuser
    main, second = Merchant.objects.get(slug=given["merchant"]), Merchant.objects.get(slug="demo-two")
    assert not main.missing_legal_fields() + second.missing_legal_fields()
    assert {member.role for member in Membership.objects.for_merchant(main)} == set(Role)
    for name, kind in (("secret_key", "sk"), ("publishable_key", "pk")):
        key = find_api_key(given[name])
        assert key is not None
        assert (key.kind, key.merchant) == (kind, main)
    # The second shop has too little to train on, and publishes nothing to anybody.
    assert 20 < OrderLine.objects.for_merchant(second).count() < 1_000
    assert not Delivery.objects.all_merchants().exists()


def test_a_second_run_changes_nothing_and_a_reset_makes_everything_anew(tmp_path: Path, db: None) -> None:
    path, told = tmp_path / "demo.json", StringIO()
    other = OrderFactory()
    call_command("demo", customers=10, credentials=path, stdout=StringIO())
    before, ids = path.read_text(), set(Order.objects.all_merchants().values_list("pk", flat=True))
    call_command("demo", customers=30, credentials=path, stdout=told)
    assert "Nothing was changed" in told.getvalue()
    # Staff of the demo may edit its settings; it stays the demo.
    Merchant.objects.filter(slug="demo").update(website="https://edited.example", name="Edited")
    assert path.read_text() == before
    assert set(Order.objects.all_merchants().values_list("pk", flat=True)) == ids
    call_command("demo", customers=12, credentials=path, reset=True, stdout=StringIO())
    main = Merchant.objects.get(slug="demo")
    assert Customer.objects.for_merchant(main).count() == 12 + KNOWN_TWICE
    assert set(Order.objects.all_merchants().values_list("pk", flat=True)) & ids == {other.pk}
    assert json.loads(path.read_text())["secret_key"] != json.loads(before)["secret_key"]


def test_a_real_shop_of_that_name_is_left_alone(db: None) -> None:
    real = MerchantFactory(slug="demo", website="https://real.example")
    for reset in (False, True):
        with pytest.raises(CommandError, match="is no demo shop"):
            call_command("demo", customers=10, reset=reset, stdout=StringIO())
    assert list(Merchant.objects.all()) == [real]


def test_a_failure_leaves_no_half_shop(db: None, tmp_path: Path) -> None:
    folder = tmp_path / "demo.json"
    folder.mkdir()
    with pytest.raises(IsADirectoryError):
        call_command("demo", customers=10, credentials=folder, stdout=StringIO())
    assert not Merchant.objects.exists()
    assert not Staff.objects.exists()


def test_customers_must_be_a_number() -> None:
    for text in ("0", "-3", "many"):
        with pytest.raises(CommandError, match="no number of customers"):
            call_command("demo", f"--customers={text}")


def test_every_table_of_the_story_is_filled(built: Merchant) -> None:
    for model in (Category, Product, PriceChange, Customer, ConsentRecord, Order, OrderLine, Shipment, ShipmentLine):
        assert model.objects.for_merchant(built).exists()
    assert {event.code for event in TrackingEvent.objects.for_merchant(built)} == set(TrackingEvent.Code.values)
    assert Refund.objects.for_merchant(built).filter(parcel__isnull=False).exists()
    assert ReturnLine.objects.for_merchant(built).exists()


@pytest.fixture
def trained(built: Merchant, settings: Any, tmp_path: Path) -> Merchant:
    settings.MODELS_DIR = tmp_path
    call_command("train", merchant=built.slug, stdout=StringIO())
    return built


def test_confirmations_are_rendered_for_real_and_stay_here(trained: Merchant, settings: Any) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # a mail server that must never be asked
    states = messages.confirm_newest(trained, lambda count: None, count=40)
    assert states["kept"] >= 30
    assert set(states) <= {"kept", "blocked"}
    shown = MessageBlock.objects.for_merchant(trained).filter(kind=MessageBlock.Kind.CROSS_SELL, shown=True)
    assert shown.exists()
    for block in shown.select_related("message__order"):
        bought = {line.product.sku for line in block.message.order.lines.select_related("product")}
        assert len(block.content["products"]) in (3, 4)
        assert not bought & {product["sku"] for product in block.content["products"]}
    for message in Message.objects.for_merchant(trained).filter(state="kept").select_related("order"):
        dated = parsedate_to_datetime(message_from_bytes(bytes(message.body))["Date"])
        assert message.queued_at == message.order.placed_at < dated < message.order.placed_at + timedelta(minutes=1)
        assert message.order.number.encode() in bytes(message.body)


def test_confirmations_are_made_once_and_only_for_a_demo_shop(trained: Merchant) -> None:
    told = StringIO()
    call_command("demo", messages=True, stdout=StringIO())
    before = list(Message.objects.for_merchant(trained).values_list("pk", "body"))
    call_command("demo", messages=True, stdout=told)
    assert "none was missing" in told.getvalue()
    assert list(Message.objects.for_merchant(trained).values_list("pk", "body")) == before
    assert not messages.are_missing()


def test_messages_need_a_demo_shop(db: None) -> None:
    assert not messages.are_missing()
    with pytest.raises(CommandError, match="no demo shop yet"):
        call_command("demo", messages=True)
