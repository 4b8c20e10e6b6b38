from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.models import Product
from core.models import Job
from customers.models import ConsentRecord, Customer
from merchants.models import Merchant
from orders.models import Order, Refund, Shipment
from tests.factories import MerchantFactory
from tests.orders.importing import as_csv, import_text, rejected, tally

FORMAT = "shopify-csv"


def line(
    name: str = "#1001", title: str = "Cup", price: str = "10.00", quantity: int = 1, **values: Any
) -> dict[str, Any]:
    """A further row of an order: Shopify leaves the order's own columns empty."""
    return {
        "Name": name,
        "Email": "ada@example.org",
        "Created at": "2025-10-07 09:50:26 +0200",
        "Lineitem quantity": quantity,
        "Lineitem name": title,
        "Lineitem price": price,
        "Lineitem sku": title.upper(),
    } | values


def order(total: str, subtotal: str, **values: Any) -> dict[str, Any]:
    """The first row of an order."""
    return (
        line()
        | {
            "Financial Status": "paid",
            "Currency": "EUR",
            "Subtotal": subtotal,
            "Shipping": "0.00",
            "Taxes": "0.00",
            "Total": total,
            "Accepts Marketing": "yes",
            "Billing Name": "Ada King Lovelace",
            "Billing Country": "GB",
            "Shipping Country": "DE",
            "Payment Method": "Shopify Payments",
        }
        | values
    )


def run(merchant: Merchant, path: Path, *rows: dict[str, Any], **options: Any) -> Job:
    return import_text(merchant, path / "orders_export.csv", as_csv(rows), FORMAT, **options)


def test_an_order_of_several_rows(merchant: Merchant, tmp_path: Path):
    job = run(
        merchant,
        tmp_path,
        order(
            "34.90",
            "30.00",
            Shipping="4.90",
            Taxes="5.57",
            **{"Tax 1 Name": "MwSt 19%", "Fulfilled at": "2025-10-08 14:21:21 +0200"},
        ),
        line(title="Plate", price="20.00"),
        order("10.00", "10.00", Name="#1002"),
    )
    assert job.state == Job.State.DONE, job.error
    assert rejected(job) == {}
    stored = Order.objects.get(number="#1001")
    assert (stored.total, stored.shipping, stored.discount, stored.tax) == (3490, 490, 0, 557)
    assert stored.placed_at == datetime(2025, 10, 7, 7, 50, 26, tzinfo=UTC)
    assert (stored.email, stored.country, stored.payment_method) == ("ada@example.org", "DE", "Shopify Payments")
    lines = stored.lines.values_list("position", "product__sku", "title", "unit_price", "tax_rate")
    assert list(lines) == [(1, "CUP", "Cup", 1000, Decimal("0.19")), (2, "PLATE", "Plate", 2000, Decimal("0.19"))]
    assert (stored.state, Shipment.objects.get().order) == ("shipped", stored)
    customer = Customer.objects.get()
    assert (customer.first_name, customer.last_name, customer.orders_count) == ("Ada King", "Lovelace", 2)
    assert tally(job)["imported"] == 3


def test_accepting_marketing_without_proof_is_no_consent(merchant: Merchant, tmp_path: Path):
    run(merchant, tmp_path, order("10.00", "10.00"))
    assert not ConsentRecord.objects.exists()


def test_discounts_are_what_the_subtotal_lacks(merchant: Merchant, tmp_path: Path):
    run(
        merchant,
        tmp_path,
        order("25.00", "25.00", **{"Discount Code": "WELCOME10", "Discount Amount": "5.00"}),
        line(title="Plate", price="20.00"),
    )
    stored = Order.objects.get()
    assert (stored.total, stored.discount, stored.coupon_codes) == (2500, 500, ["WELCOME10"])


def test_a_discount_on_a_line(merchant: Merchant, tmp_path: Path):
    run(merchant, tmp_path, order("8.00", "8.00", **{"Lineitem discount": "2.00"}))
    stored = Order.objects.get()
    assert (stored.discount, stored.lines.get().discount) == (0, 200)


def test_free_shipping_by_a_code(merchant: Merchant, tmp_path: Path):
    run(merchant, tmp_path, order("10.00", "10.00", Shipping="4.90", **{"Discount Code": "FREESHIP"}))
    stored = Order.objects.get()
    assert (stored.total, stored.shipping, stored.discount) == (1000, 0, 0)


@pytest.mark.parametrize(
    ("rows", "total", "shipping", "tax"),
    [
        ([order("10.83", "10.00", Taxes="0.83")], 1083, 0, 83),
        ([order("16.66", "10.00", Taxes="1.66", Shipping="5.00")], 1666, 555, 166),
        ([order("29.23", "27.00", Taxes="2.23"), line(title="Plate", price="7.00", quantity=3)], 2923, 0, 223),
    ],
    ids=["one line", "with shipping", "with a discount"],
)
def test_prices_without_tax_become_gross(
    merchant: Merchant, tmp_path: Path, rows: list[dict[str, Any]], total: int, shipping: int, tax: int
):
    job = run(merchant, tmp_path, *rows)
    assert rejected(job) == {}
    stored = Order.objects.get()
    assert (stored.total, stored.shipping, stored.tax) == (total, shipping, tax)
    lines = list(stored.lines.all())
    assert sum(one.total for one in lines) + stored.shipping - stored.discount == stored.total
    assert all(one.discount >= 0 for one in lines)


def test_gross_and_net_orders_in_one_file(merchant: Merchant, tmp_path: Path):
    run(
        merchant,
        tmp_path,
        order("10.00", "10.00", Name="#1", Taxes="1.60"),
        order("10.83", "10.00", Name="#2", Taxes="0.83"),
        order("10.00", "10.00", Name="#3", Taxes="1.60"),
    )
    stored = Order.objects.order_by("number").values_list("number", "total", "lines__total", "lines__unit_price")
    assert list(stored) == [("#1", 1000, 1000, 1000), ("#2", 1083, 1083, 1083), ("#3", 1000, 1000, 1000)]


def test_refunds_are_spread_over_the_lines(merchant: Merchant, tmp_path: Path):
    run(
        merchant,
        tmp_path,
        order("30.00", "30.00", **{"Refunded Amount": "15.00", "Cancelled at": ""}),
        line(title="Plate", price="20.00"),
    )
    assert list(Order.objects.get().lines.values_list("refunded", flat=True)) == [500, 1000]
    assert Refund.objects.get().amount == 1500
    assert Customer.objects.get().revenue == 1500


def test_a_cancelled_order_does_not_count(merchant: Merchant, tmp_path: Path):
    run(merchant, tmp_path, order("10.00", "10.00", **{"Cancelled at": "2025-10-08 10:00:00 +0200"}))
    assert Order.objects.get().state == "cancelled"
    assert Customer.objects.get().orders_count == 0


def test_a_product_without_sku_is_known_by_its_title(merchant: Merchant, tmp_path: Path):
    run(merchant, tmp_path, order("10.00", "10.00", **{"Lineitem sku": ""}))
    assert Product.objects.get().sku == "Cup"


def test_a_guest_has_no_profile(merchant: Merchant, tmp_path: Path):
    run(merchant, tmp_path, order("10.00", "10.00", Email=""))
    assert Order.objects.get().customer is None


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"Total": "9.00"}, "total_mismatch"),
        ({"Subtotal": "11.00", "Total": "11.00"}, "total_mismatch"),
        ({"Currency": "USD"}, "currency_not_supported"),
        ({"Total": ""}, "missing_value"),
        ({"Refunded Amount": "10.01"}, "refund_exceeds_order"),
        ({"Lineitem quantity": "0"}, "bad_number"),
        ({"Lineitem name": ""}, "missing_value"),
        ({"Created at": "7 Oct 2025"}, "bad_time"),
    ],
)
def test_an_order_that_cannot_be_is_listed(merchant: Merchant, tmp_path: Path, values: dict[str, Any], code: str):
    job = run(merchant, tmp_path, order("10.00", "10.00", **values), order("10.00", "10.00", Name="#2"))
    assert rejected(job) == {2: code}
    assert list(Order.objects.values_list("number", flat=True)) == ["#2"]


def test_the_report_keeps_only_what_was_read(merchant: Merchant, tmp_path: Path):
    job = run(merchant, tmp_path, order("9.00", "10.00", **{"Billing Street": "Secret Lane 1", "Phone": "+49 30 1"}))
    kept = job.import_rejections.get().row
    assert kept["Total"] == "9.00"
    assert not {"Billing Street", "Phone"} & kept.keys()


@pytest.mark.parametrize(
    ("currency", "price", "tax", "total", "minor"),
    [("JPY", "1980", "180", "1980", (1980, 180)), ("KWD", "1.985", "0.095", "1.985", (1985, 95))],
)
def test_amounts_are_in_the_minor_units_of_the_shops_currency(
    db: None, tmp_path: Path, currency: str, price: str, tax: str, total: str, minor: tuple[int, int]
):
    shop = MerchantFactory(currency=currency)
    row = order(total, total, Currency=currency, Taxes=tax, **{"Lineitem price": price, "Refunded Amount": total})
    job = run(shop, tmp_path, row)
    assert job.state == Job.State.DONE, job.error
    assert rejected(job) == {}
    stored = Order.objects.get()
    assert (stored.total, stored.tax, stored.refunded) == (*minor, minor[0])
    assert stored.lines.get().unit_price == minor[0]
