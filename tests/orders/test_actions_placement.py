"""An order is placed once, replaced by newer versions, untouched by older ones."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Product
from core.errors import DomainError, InvalidInput
from core.models import Delivery
from customers.actions.profiles import Person
from customers.models import ConsentRecord, Customer
from merchants.models import Merchant
from orders.actions.cancellation import CancellationData, cancel_order
from orders.actions.incoming import Notice
from orders.actions.placement import Outcome, place_order
from orders.actions.shipments import ShipmentData, record_shipment
from orders.actions.units import Units
from orders.events import OrderChanged, OrderPlaced
from orders.models import Order, OrderLine
from tests.factories import ProductFactory
from tests.orders.samples import ADA, PLACED_AT, line, order_data


def published(merchant: Merchant, event: str) -> list[dict[str, Any]]:
    """Payloads of this event's deliveries to the test's own handler."""
    deliveries = Delivery.objects.for_merchant(merchant).filter(event=event, handler="test")
    return list(deliveries.values_list("payload", flat=True))


@pytest.fixture(autouse=True)
def _listener(listen: Any) -> None:
    """Somebody listens, so that published events leave a trace."""
    listen(OrderPlaced, OrderChanged)


def test_a_new_order_is_stored_with_its_lines_customer_and_tax(merchant: Merchant) -> None:
    product = ProductFactory(merchant=merchant, sku="84029E", title="Mug", stock=10)
    placed = place_order(merchant, order_data(line(discount=200), discount=100))
    order = Order.objects.get(merchant=merchant)
    assert placed.outcome == Outcome.CREATED
    assert (order.total, order.tax, order.state) == (4197, 670, "placed")
    assert [(row.product, row.title, row.total) for row in order.lines.all()] == [(product, "Mug", 3798)]
    assert order.customer is not None
    assert (order.customer.email, order.customer.external_id) == ("ada@example.org", "c-1")
    product.refresh_from_db()
    assert product.stock == 10  # the shop owns its stock


def test_an_unknown_sku_becomes_an_inactive_product_known_from_orders(merchant: Merchant) -> None:
    place_order(merchant, order_data(line("new-1", title="Lamp"), line("new-2", tax_rate=Decimal("0.07"))))
    products = Product.objects.for_merchant(merchant).order_by("sku")
    assert [(row.sku, row.title, row.active, row.source) for row in products] == [
        ("new-1", "Lamp", False, "orders"),
        ("new-2", "new-2", False, "orders"),
    ]
    assert products[1].tax_rate == Decimal("0.07")
    assert not products[0].price_changes.exists()  # an order's price was never the catalogue's


def test_a_product_of_another_merchant_is_not_used(merchant: Merchant) -> None:
    ProductFactory(sku="84029E")  # could leak: another merchant's
    placed = place_order(merchant, order_data())
    assert placed.lines[0].product.merchant == merchant


def test_the_same_order_again_changes_nothing(merchant: Merchant) -> None:
    first = place_order(merchant, order_data())
    again = place_order(merchant, order_data())
    assert (again.outcome, again.order.pk) == (Outcome.UNCHANGED, first.order.pk)
    assert len(published(merchant, "OrderPlaced")) == 1
    assert Customer.objects.get(merchant=merchant).orders_count == 1


@pytest.mark.parametrize(
    "other",
    [{"payment_method": "card"}, {"shipping": 500}, {"lines": (line(quantity=1, unit_price=3998),)}],
    ids=["payment", "shipping", "lines"],
)
def test_other_content_under_a_stored_version_is_a_conflict(merchant: Merchant, other: dict[str, Any]) -> None:
    place_order(merchant, order_data())
    with pytest.raises(DomainError) as refused:
        place_order(merchant, order_data(*other.get("lines", ()), **{k: v for k, v in other.items() if k != "lines"}))
    assert (refused.value.code, refused.value.status) == ("version_conflict", 409)


def test_an_older_version_is_ignored(merchant: Merchant) -> None:
    place_order(merchant, order_data(line(quantity=3), version=2))
    late = place_order(merchant, order_data(line(quantity=1), version=1))
    assert (late.outcome, late.order.version, late.lines[0].quantity) == (Outcome.OUTDATED, 2, 3)
    assert published(merchant, "OrderChanged") == []


def test_a_newer_version_replaces_fields_and_lines(merchant: Merchant) -> None:
    place_order(merchant, order_data(line("a"), line("b"), line("c")))
    before = {row.product.sku: row.pk for row in OrderLine.objects.for_merchant(merchant)}
    revised = place_order(merchant, order_data(line("c", 5), line("d"), line("a"), version=2, payment_method="card"))
    assert revised.outcome == Outcome.UPDATED
    order = Order.objects.get(merchant=merchant)
    assert order.payment_method == "card"
    assert [(row.position, row.product.sku, row.quantity) for row in order.lines.all()] == [
        (1, "c", 5),
        (2, "d", 2),
        (3, "a", 2),
    ]
    kept = {row.product.sku: row.pk for row in order.lines.all() if row.product.sku in before}
    assert kept == {"a": before["a"], "c": before["c"]}
    assert Customer.objects.get(merchant=merchant).revenue == order.total
    assert published(merchant, "OrderChanged") == [{"merchant_id": merchant.pk, "order_id": order.pk}]


@pytest.mark.parametrize("arrival", list(permutations([1, 2, 3])))
def test_the_newest_version_wins_in_whichever_order_versions_arrive(
    merchant: Merchant, arrival: tuple[int, ...]
) -> None:
    for version in arrival:
        place_order(merchant, order_data(line(quantity=version), version=version))
    order = Order.objects.get(merchant=merchant)
    assert (order.version, order.lines.get().quantity) == (3, 3)
    assert Customer.objects.get(merchant=merchant).revenue == order.total == 3 * 1999 + 499


def test_a_newer_version_cannot_drop_what_was_shipped_or_cancelled(merchant: Merchant) -> None:
    order = place_order(merchant, order_data(line("a", 2), line("b", 2))).order
    record_shipment(order, ShipmentData(reference="P-1", lines=[Units(sku="a", quantity=2)]))
    cancel_order(order, CancellationData(lines=[Units(sku="b", quantity=1)]))
    for lines in ([line("b", 2)], [line("a", 1), line("b", 2)], [line("a", 2)]):
        with pytest.raises(DomainError) as refused:
            place_order(merchant, order_data(*lines, version=2))
        assert refused.value.code in {"units_in_use", "total_below_refunds"}
    order.refresh_from_db()
    assert order.version == 1
    place_order(merchant, order_data(line("a", 2), line("b", 1), version=2))


def test_a_cancelled_order_is_final(merchant: Merchant) -> None:
    order = place_order(merchant, order_data()).order
    cancel_order(order, CancellationData())
    with pytest.raises(DomainError) as refused:
        place_order(merchant, order_data(line(quantity=3), version=2))
    assert refused.value.code == "order_cancelled"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"total": 4498}, "total_mismatch"),
        ({"currency": "USD"}, "currency_not_supported"),
        ({"discount": 5000, "total": 0}, "discount_exceeds_order"),
        ({"lines": (line(discount=4000),)}, "discount_exceeds_line"),
        ({"lines": ()}, "number_of_lines"),
        ({"lines": (line(),) * 501}, "number_of_lines"),
    ],
)
def test_an_order_that_cannot_be_is_refused_and_nothing_is_written(
    merchant: Merchant, change: dict[str, Any], code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        place_order(merchant, replace(order_data(), **change))
    assert refused.value.code == code
    for model in (Order, Customer, Product):
        assert not model.objects.for_merchant(merchant).exists()


def test_a_wrong_total_is_refused_with_both_figures(merchant: Merchant) -> None:
    with pytest.raises(InvalidInput) as refused:
        place_order(merchant, order_data(total=4000))
    assert refused.value.extra == {"expected_total": 4497, "given_total": 4000}


def test_an_order_years_ahead_is_refused(merchant: Merchant) -> None:
    with pytest.raises(InvalidInput) as refused:
        place_order(merchant, order_data(placed_at=timezone.now() + timedelta(days=800)))
    assert (refused.value.code, refused.value.field) == ("far_future", "placed_at")


def test_a_guest_has_no_profile_and_an_address_makes_one(merchant: Merchant) -> None:
    assert place_order(merchant, order_data(number="1", customer=None)).order.customer is None
    assert place_order(merchant, order_data(number="2", customer=Person(first_name="Ada"))).order.customer is None
    placed = place_order(merchant, order_data(number="3", customer=Person(email="Eve@Example.org")))
    assert placed.order.customer is not None
    assert placed.order.customer.email == "eve@example.org"
    assert placed.order.email == "Eve@Example.org"  # as the shop wrote it


def test_the_notice_of_the_checkout_is_recorded_once(merchant: Merchant) -> None:
    notice = Notice(version="2026-01", shown_at=PLACED_AT - timedelta(minutes=2))
    for version in (1, 1, 2):
        place_order(merchant, order_data(marketing_notice=notice, version=version))
    record = ConsentRecord.objects.get(merchant=merchant)
    assert (record.kind, record.address, record.text_version) == ("notice_shown", "ada@example.org", "2026-01")
    assert record.evidence == {"order": "A-1001"}


def test_the_words_of_the_notice_are_kept_as_evidence(merchant: Merchant) -> None:
    notice = Notice(version="2026-01", shown_at=PLACED_AT, text="We may write to you about similar goods.")
    place_order(merchant, order_data(marketing_notice=notice))
    record = ConsentRecord.objects.for_merchant(merchant).get()
    assert record.evidence == {"order": "A-1001", "text": "We may write to you about similar goods."}


def test_without_an_address_there_is_no_notice_to_record(merchant: Merchant) -> None:
    notice = Notice(version="2026-01", shown_at=PLACED_AT)
    place_order(merchant, order_data(marketing_notice=notice, customer=Person(external_id="c-1")))
    assert not ConsentRecord.objects.for_merchant(merchant).exists()


def test_the_figures_on_the_profile_are_those_of_its_orders(merchant: Merchant) -> None:
    for number, day in (("1", 3), ("2", 1), ("3", 2)):
        place_order(merchant, order_data(number=number, placed_at=PLACED_AT + timedelta(days=day)))
    cancel_order(Order.objects.get(number="1"), CancellationData())
    customer = Customer.objects.get(merchant=merchant)
    assert (customer.orders_count, customer.revenue) == (2, 2 * 4497)
    assert customer.first_order_at == PLACED_AT + timedelta(days=1)
    assert customer.last_order_at == PLACED_AT + timedelta(days=2)


def test_an_order_that_finds_another_buyer_moves_its_figures(merchant: Merchant) -> None:
    place_order(merchant, order_data())
    place_order(merchant, order_data(version=2, customer=Person(external_id="c-2", email="eve@example.org")))
    figures = {row.external_id: row.orders_count for row in Customer.objects.for_merchant(merchant)}
    assert figures == {"c-1": 0, "c-2": 1}


def test_an_old_order_does_not_take_a_profile_back(merchant: Merchant) -> None:
    place_order(merchant, order_data(number="new", customer=replace(ADA, last_name="Lovelace")))
    place_order(
        merchant,
        order_data(
            number="old",
            placed_at=PLACED_AT - timedelta(days=300),
            customer=replace(ADA, last_name="Byron", phone="+49 30 1"),
        ),
    )
    assert Customer.objects.get(merchant=merchant).last_name == "Lovelace"


def test_placing_costs_a_bounded_number_of_queries(merchant: Merchant, django_assert_max_num_queries: Any) -> None:
    bought = [line(f"sku-{index}") for index in range(3)]
    place_order(merchant, order_data(*bought, number="first"))
    with django_assert_max_num_queries(14):
        place_order(merchant, order_data(*bought, number="known customer and products"))
    many = [line(f"sku-{index}") for index in range(100)]
    with django_assert_max_num_queries(24):
        place_order(merchant, order_data(*many, number="new everything", customer=Person(external_id="c-9")))
