from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.models import Product
from core.models import Delivery, Job
from customers.actions.profiles import Person
from customers.models import Channel, ConsentRecord, Customer, Purpose
from customers.queries.consent import may_we
from customers.rules.legal_basis import Basis
from merchants.models import Merchant
from orders.actions.incoming import LineData, OrderData
from orders.actions.placement import Outcome, place_order
from orders.models import Order, Refund, Shipment
from tests.factories import MerchantFactory
from tests.orders.importing import as_csv, import_text, reasons, rejected, tally

FORMAT = "cxapp-csv"


def row(number: str = "A-1", **values: Any) -> dict[str, Any]:
    """A whole order of one line, 2 × 19.99 + 4.99 shipping."""
    return {
        "order_number": number,
        "placed_at": "2026-01-20T10:00:00Z",
        "currency": "EUR",
        "total": "44.97",
        "shipping": "4.99",
        "sku": "84029E",
        "title": "Bottle",
        "quantity": 2,
        "unit_price": "19.99",
        "tax_rate": "0.19",
        "email": f"{number}@example.org".lower(),
    } | values


def run(merchant: Merchant, path: Path, *rows: dict[str, Any], **options: Any) -> Job:
    return import_text(merchant, path / "orders.csv", as_csv(rows), FORMAT, **options)


def test_a_row_becomes_an_order_with_all_that_it_says(merchant: Merchant, tmp_path: Path):
    job = run(
        merchant,
        tmp_path,
        row(
            order_version=3,
            customer_id="c-1",
            email="Ada@Example.org",
            first_name="Ada",
            last_name="Lovelace",
            locale="en-GB",
            country="gb",
            payment_method="invoice",
            coupon_codes='SPRING "20"|FRIEND',
            promised_delivery_on="2026-01-25",
            total="39.97",
            line_discount="5.00",
        ),
    )
    assert job.state == Job.State.DONE, job.error
    order = Order.objects.get()
    assert (order.number, order.version, order.source, order.state) == ("A-1", 3, "import", "placed")
    assert (order.total, order.shipping, order.discount) == (3997, 499, 0)
    assert order.tax == 638
    assert (order.payment_method, order.coupon_codes) == ("invoice", ["SPRING", '"20"', "FRIEND"])
    assert (order.promised_delivery_on, order.locale, order.country) == (date(2026, 1, 25), "en-GB", "GB")
    line = order.lines.get()
    assert (line.quantity, line.unit_price, line.discount, line.total) == (2, 1999, 500, 3498)
    assert line.tax_rate == Decimal("0.19")
    customer = order.customer
    assert customer
    assert (customer.name, customer.email, customer.external_id) == ("Ada Lovelace", "ada@example.org", "c-1")
    assert (customer.orders_count, customer.revenue) == (1, 3997)
    assert customer.created_at == order.placed_at


def test_an_import_stores_what_the_api_would_have_stored(merchant: Merchant, tmp_path: Path):
    """Sending the imported order again over the API changes nothing, and its tax is the same."""
    run(merchant, tmp_path, row(tax_rate="0.07", total="43.97", order_discount="1.00", customer_id="c-1"))
    data = OrderData(
        number="A-1",
        placed_at=datetime(2026, 1, 20, 10, tzinfo=UTC),
        currency="EUR",
        total=4397,
        shipping=499,
        discount=100,
        lines=[LineData(sku="84029E", quantity=2, unit_price=1999, tax_rate=Decimal("0.07"))],
        customer=Person(external_id="c-1", email="a-1@example.org"),
    )
    assert place_order(merchant, data).outcome == Outcome.UNCHANGED
    fresh = place_order(merchant, replace(data, number="A-2", customer=None)).order
    assert Order.objects.get(number="A-1").tax == fresh.tax


def test_rows_of_an_order_are_its_lines(merchant: Merchant, tmp_path: Path):
    first = row(total="64.96")
    second = {"order_number": "A-1", "sku": "B", "quantity": 1, "unit_price": "19.99", "tax_rate": "0.07"}
    job = run(merchant, tmp_path, first, second, row("A-2"))
    assert dict(Order.objects.values_list("number", "total")) == {"A-1": 6496, "A-2": 4497}
    assert list(Order.objects.get(number="A-1").lines.values_list("position", "title")) == [(1, "Bottle"), (2, "B")]
    assert tally(job)["imported"] == 3


def test_shipped_delivered_and_cancelled_orders(merchant: Merchant, tmp_path: Path):
    job = run(
        merchant,
        tmp_path,
        row("S", shipped_at="2026-01-21T08:00:00Z", promised_delivery_on="2026-01-22"),
        row("D", shipped_at="2026-01-21T08:00:00Z", delivered_at="2026-01-23T08:00:00Z"),
        row("C", cancelled_at="2026-01-20T12:00:00Z", refunded="44.97"),
    )
    assert job.state == Job.State.DONE, job.error
    assert dict(Order.objects.values_list("number", "state")) == {"S": "shipped", "D": "delivered", "C": "cancelled"}
    parcels = Shipment.objects.order_by("reference").values_list("reference", "delivered_at", "lines__quantity")
    assert list(parcels) == [("D", datetime(2026, 1, 23, 8, tzinfo=UTC), 2), ("S", None, 2)]
    cancelled = Order.objects.get(number="C")
    line = cancelled.lines.get()
    assert (line.cancelled, line.refunded, cancelled.refunded) == (2, 3998, 4497)
    assert Refund.objects.get().amount == 4497
    assert Customer.objects.get(identities__value="c@example.org").orders_count == 0


def test_a_notice_with_its_proof_is_recorded(merchant: Merchant, tmp_path: Path):
    run(merchant, tmp_path, row(notice_version="2026-01", notice_shown_at="2026-01-20T09:59:00Z", customer_id="c-1"))
    record = ConsentRecord.objects.get()
    assert (record.kind, record.text_version, record.address) == ("notice_shown", "2026-01", "a-1@example.org")
    assert (record.evidence, record.source) == ({"order": "A-1"}, "import")
    assert record.occurred_at == datetime(2026, 1, 20, 9, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "half", [{"notice_version": "2026-01"}, {"notice_shown_at": "2026-01-20T09:59:00Z"}], ids=["version", "time"]
)
def test_half_a_notice_is_none(merchant: Merchant, tmp_path: Path, half: dict[str, str]):
    job = run(merchant, tmp_path, row(**half), row("A-2"))
    assert rejected(job) == {2: "notice_incomplete"}
    assert not ConsentRecord.objects.exists()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"total": "44.96"}, "total_mismatch"),
        ({"currency": "USD"}, "currency_not_supported"),
        ({"line_discount": "40.00", "total": "4.97"}, "discount_exceeds_line"),
        ({"order_discount": "50.00", "total": "0"}, "discount_exceeds_order"),
        ({"refunded": "44.98"}, "refund_exceeds_order"),
        ({"unit_price": "19,99"}, "bad_amount"),
        ({"quantity": "-2"}, "bad_number"),
        ({"quantity": "1e9"}, "bad_number"),
        ({"unit_price": "99999999999.99"}, "bad_amount"),
        ({"unit_price": "999999999.99", "quantity": 1_000_000}, "absurd_amount"),
        ({"placed_at": ""}, "missing_value"),
        ({"placed_at": "3026-01-20T10:00:00Z"}, "in_future"),
        ({"tax_rate": "19"}, "bad_rate"),
        ({"email": "nobody"}, "bad_email"),
        ({"country": "Germany"}, "bad_country"),
        ({"title": "a\x07b"}, "control_character"),
        ({"order_number": ""}, "missing_value"),
        ({"sku": ""}, "missing_value"),
        ({"order_version": "0"}, "bad_number"),
        ({"first_name": "x" * 121}, "too_long"),
    ],
)
def test_an_order_that_cannot_be_is_listed_and_the_others_are_imported(
    merchant: Merchant, tmp_path: Path, values: dict[str, Any], code: str
):
    job = run(merchant, tmp_path, row(**values), row("A-2"))
    assert job.state == Job.State.DONE, job.error
    assert rejected(job) == {2: code}
    assert list(Order.objects.values_list("number", flat=True)) == ["A-2"]
    assert tally(job)["reasons"] == {code: 1}


def test_totals_that_do_not_add_up_are_told_with_both_figures(merchant: Merchant, tmp_path: Path):
    merchant.language = "en"
    merchant.save()
    job = run(merchant, tmp_path, row(total="1.05"))
    assert reasons(job) == {2: "Lines, shipping and discount add up differently: 44.97 / 1.05."}


def test_an_order_is_imported_whole_or_not_at_all(merchant: Merchant, tmp_path: Path):
    job = run(merchant, tmp_path, row("A-1"), row("A-1", quantity="x"), row("A-1"), row("A-2"))
    assert rejected(job) == {2: "order_incomplete", 3: "bad_number", 4: "order_incomplete"}
    assert list(Order.objects.values_list("number", flat=True)) == ["A-2"]


def test_rows_that_contradict_each_other_are_listed(merchant: Merchant, tmp_path: Path):
    job = run(merchant, tmp_path, row(total="84.95"), row(total="84.95", currency="USD", shipping=""))
    assert rejected(job) == {2: "order_contradicts", 3: "order_contradicts"}


def test_rows_of_one_order_must_follow_each_other(merchant: Merchant, tmp_path: Path):
    job = run(merchant, tmp_path, row("A-1"), row("A-2"), row("A-1"))
    assert rejected(job) == {2: "order_incomplete", 4: "rows_apart"}


def test_the_same_over_a_chunk(merchant: Merchant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orders.importing.source.CHUNK", 2)
    job = run(merchant, tmp_path, row("A-1"), row("A-2"), row("A-3"), row("A-4"), row("A-1"))
    assert rejected(job) == {6: "rows_apart"}
    assert Order.objects.count() == 4


def test_a_newer_version_replaces_and_an_older_one_does_not(merchant: Merchant, tmp_path: Path):
    run(merchant, tmp_path, row("A-1", order_version=2), row("A-2", order_version=2))
    job = run(
        merchant,
        tmp_path,
        row("A-1", order_version=3, quantity=1, total="24.98"),
        row("A-2", order_version=1, quantity=1, total="24.98"),
    )
    assert dict(Order.objects.values_list("number", "total")) == {"A-1": 2498, "A-2": 4497}
    figures = tally(job)
    assert (figures["imported"], figures["unchanged"], figures["updated"]) == (1, 1, 1)
    assert Customer.objects.get(identities__value="a-1@example.org").revenue == 2498


def test_a_newer_version_that_cannot_be_is_listed(merchant: Merchant, tmp_path: Path):
    run(merchant, tmp_path, row("A-1", cancelled_at="2026-01-20T12:00:00Z"))
    job = run(merchant, tmp_path, row("A-1", order_version=2))
    assert rejected(job) == {2: "newer_version_refused"}
    assert tally(job) | {"imported": 0, "rejected": 1, "updated": 0} == tally(job)


def test_columns_that_are_not_read_are_named(merchant: Merchant, tmp_path: Path):
    job = run(merchant, tmp_path, row(promised_delivry_on="2026-01-25"))
    assert job.result["unread"] == ["promised_delivry_on"]


def test_nothing_is_announced_as_news(merchant: Merchant, tmp_path: Path):
    """Nobody gets a confirmation of an order of the past."""
    run(merchant, tmp_path, row())
    # What reaches people rests on single orders; these two tell only the customers' figures and the search of the shop.
    assert not Delivery.objects.exclude(event__in=["OrdersImported", "ProductsChanged"]).exists()


def test_an_imported_notice_carries_recommendations_to_its_address_only(merchant: Merchant, tmp_path: Path):
    run(merchant, tmp_path, row(notice_version="2026-01", notice_shown_at="2026-01-20T09:59:00Z"), row("A-2"))
    assert basis_of(merchant, "a-1@example.org") == Basis.EXISTING_CUSTOMER
    assert basis_of(merchant, "a-2@example.org") == Basis.NONE


def basis_of(merchant: Merchant, address: str) -> Basis:
    customer = Customer.objects.get(identities__value=address)
    return may_we(
        customer,
        merchant=merchant,
        purpose=Purpose.PRODUCT_RECOMMENDATIONS,
        channel=Channel.EMAIL,
        address=address,
    ).basis


@pytest.mark.parametrize(
    ("currency", "price", "shipping", "total", "minor"),
    [
        ("JPY", "1980", "500", "4460", (1980, 500, 4460)),
        ("JPY", "1980.00", "500.0", "4460.00", (1980, 500, 4460)),
        ("KWD", "1.985", "0.5", "4.470", (1985, 500, 4470)),
        ("EUR", "19.99", "4.99", "44.97", (1999, 499, 4497)),
    ],
)
def test_amounts_are_in_the_minor_units_of_the_shops_currency(
    db: None, tmp_path: Path, currency: str, price: str, shipping: str, total: str, minor: tuple[int, int, int]
):
    shop = MerchantFactory(currency=currency)
    job = run(shop, tmp_path, row(currency=currency, unit_price=price, shipping=shipping, total=total))
    assert job.state == Job.State.DONE, job.error
    order = Order.objects.get()
    assert (order.lines.get().unit_price, order.shipping, order.total) == minor
    assert order.customer
    assert order.customer.revenue == order.total
    assert Product.objects.get(merchant=shop).price == minor[0]


def test_a_total_that_is_off_is_told_in_the_currency_of_the_shop(db: None, tmp_path: Path):
    def told(currency: str, **amounts: str) -> tuple[dict[int, str], str]:
        job = run(MerchantFactory(currency=currency, language="en"), tmp_path, row(currency=currency, **amounts))
        return rejected(job), reasons(job)[2]

    codes, said = told("JPY", unit_price="1980", shipping="500", total="4461")
    assert codes == {2: "total_mismatch"}
    assert "4460 / 4461" in said
    codes, said = told("KWD", unit_price="1.985", shipping="0.500", total="4.471")
    assert codes == {2: "total_mismatch"}
    assert "4.470 / 4.471" in said
    codes, said = told("JPY", unit_price="19.80", shipping="500", total="4460")
    assert codes == {2: "bad_amount"}
