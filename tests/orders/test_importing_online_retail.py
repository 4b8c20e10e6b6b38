from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.db import connection
from django.db.models import F, Sum

from catalog.models import PriceChange, Product
from core.models import ImportRejection, Job
from customers.models import ConsentRecord, Customer, Identity
from merchants.models import Merchant
from orders.models import Order, OrderLine, Return
from tests.factories import MerchantFactory
from tests.orders.importing import ABSENT, REAL_FILE, as_csv, import_path, import_text, rejected, tally

FORMAT = "online-retail"


@pytest.fixture
def shop(db: None) -> Merchant:
    return MerchantFactory(slug="gifts", currency="GBP", country="GB", language="en", time_zone="Europe/London")


def invoice(
    number: str,
    sku: str,
    quantity: float,
    price: float,
    *,
    at: str = "2011-07-01 10:00:00",
    customer: str = "17850",
    title: str | None = None,
    country: str = "United Kingdom",
) -> dict[str, Any]:
    return {
        "InvoiceNo": number,
        "StockCode": sku,
        "Description": f"THING {sku.upper()}" if title is None else title,
        "Quantity": quantity,
        "InvoiceDate": at,
        "UnitPrice": price,
        "CustomerID": customer,
        "Country": country,
    }


def run(shop: Merchant, path: Path, *rows: dict[str, Any], **options: Any) -> Job:
    return import_text(shop, path / "retail.csv", as_csv(rows), FORMAT, **options)


def test_an_invoice_becomes_an_order(shop: Merchant, tmp_path: Path):
    job = run(
        shop,
        tmp_path,
        invoice("536365", "85123a", 6, 2.55, at="2010-12-01 08:26:00", title="WHITE  HANGING HEART"),
        invoice("536365", "85123A", 1, 2.95, at="2010-12-01 08:27:00", title="WHITE HANGING HEART"),
        invoice("536365", "POST", 2, 18.0, at="2010-12-01 08:26:00"),
    )
    assert job.state == Job.State.DONE
    order = Order.objects.get()
    assert (order.merchant, order.number, order.source, order.currency) == (shop, "536365", "import", "GBP")
    assert (order.total, order.shipping, order.discount, order.tax) == (1530 + 295 + 3600, 3600, 0, 0)
    assert (order.placed_at, order.state, order.country) == (datetime(2010, 12, 1, 8, 26, tzinfo=UTC), "shipped", "GB")
    lines = order.lines.values_list("position", "product__sku", "title", "quantity", "unit_price", "total")
    assert list(lines) == [
        (1, "85123A", "WHITE HANGING HEART", 6, 255, 1530),
        (2, "85123A", "WHITE HANGING HEART", 1, 295, 295),
    ]
    assert order.customer
    assert (order.customer.external_id, order.customer.country, order.customer.orders_count) == ("17850", "GB", 1)
    assert order.customer.revenue == order.total
    assert tally(job) | {"imported": 3, "rejected": 0, "orders": 1, "lines": 2, "products": 1} == tally(job)


def test_summer_time_is_british(shop: Merchant, tmp_path: Path):
    run(shop, tmp_path, invoice("1", "10001", 1, 1, at="7/1/2011 10:00"))
    assert Order.objects.get().placed_at == datetime(2011, 7, 1, 9, 0, tzinfo=UTC)


def test_guests_have_no_profile(shop: Merchant, tmp_path: Path):
    run(shop, tmp_path, invoice("1", "10001", 1, 1, customer=""))
    assert Order.objects.get().customer is None
    assert not Customer.objects.exists()


def test_no_notice_is_made_up(shop: Merchant, tmp_path: Path):
    run(shop, tmp_path, invoice("1", "10001", 1, 1))
    assert not ConsentRecord.objects.exists()


def test_what_the_books_hold_besides_sales_is_listed(shop: Merchant, tmp_path: Path):
    job = run(
        shop,
        tmp_path,
        invoice("1", "10001", 1, 5),  # line 2: a sale
        invoice("1", "M", 1, 5),
        invoice("1", "BANK CHARGES", 1, 15),
        invoice("1", "10002", 3, 0, title="?"),  # line 5: a gift with the sale
        invoice("2", "10003", 3, 0, title="found"),
        invoice("3", "10004", -9, 0, title="damaged"),
        invoice("A4", "B", 1, -11062.06),
        invoice("C5", "S", -1, 3),
        invoice("C6", "POST", -1, 18),
        invoice("7", "POST", 1, 18),
        invoice("C8", "10001", -1, 5, customer=""),
        invoice("X9", "10001", 1, 5),
        invoice("C10", "10001", 1, 5),
        invoice("1", "10001", 1, -5),
    )
    assert rejected(job) == {
        3: "manual_entry",
        4: "fee",
        6: "no_price",
        7: "stock_movement",
        8: "adjustment",
        9: "sample",
        10: "shipping_credit",
        11: "shipping_without_goods",
        12: "return_by_guest",
        13: "unknown_invoice",
        14: "return_without_units",
        15: "stock_movement",
    }
    assert list(OrderLine.objects.values_list("title", "total").order_by("position")) == [
        ("THING 10001", 500),
        ("10002", 0),
    ]
    assert tally(job)["imported"] == 2


def test_unreadable_values_are_listed(shop: Merchant, tmp_path: Path):
    good = invoice("1", "10001", 1, 5)
    job = run(
        shop,
        tmp_path,
        good,
        good | {"Quantity": "many"},
        good | {"UnitPrice": "1e400"},
        good | {"InvoiceDate": "2011-02-30 10:00:00"},
        good | {"InvoiceNo": ""},
        good | {"StockCode": "a\0b"},
        good | {"Quantity": "9999999999999999999999"},
        good | {"InvoiceDate": "2999-01-01 10:00:00"},
        good | {"StockCode": "x" * 65},
    )
    assert rejected(job) == {
        3: "bad_number",
        4: "bad_amount",
        5: "bad_time",
        6: "missing_value",
        7: "control_character",
        8: "bad_number",
        9: "in_future",
        10: "too_long",
    }
    assert OrderLine.objects.count() == 1
    assert ImportRejection.objects.get(line=7).row["StockCode"] == "a�b"


def test_a_discount_comes_off_the_order_of_the_hours_before(shop: Merchant, tmp_path: Path):
    job = run(
        shop,
        tmp_path,
        invoice("1", "10001", 10, 10.0, at="2011-07-01 10:00:00"),
        invoice("2", "10001", 10, 2.0, at="2011-07-01 11:00:00"),
        invoice("3", "10001", 10, 10.0, at="2011-07-01 11:30:00", customer="other"),
        invoice("C4", "D", -1, 2.0, at="2011-07-01 12:00:00"),
        invoice("C5", "D", -1, 19.0, at="2011-07-01 13:00:00"),  # more than is left of order 2
        invoice("C6", "D", -1, 2.0, at="2011-07-03 12:00:00"),  # long after
    )
    assert dict(Order.objects.values_list("number", "discount")) == {"1": 0, "2": 200, "3": 0}
    assert Order.objects.get(number="2").total == 1800
    assert rejected(job) == {6: "discount_without_order", 7: "discount_without_order"}


def test_returns_find_their_sales(shop: Merchant, tmp_path: Path):
    job = run(
        shop,
        tmp_path,
        invoice("1", "10001", 5, 1.00, at="2011-07-01 10:00:00"),
        invoice("2", "10001", 5, 1.00, at="2011-07-02 10:00:00"),
        invoice("3", "10001", 5, 1.00, at="2011-07-02 10:00:00", customer="other"),  # could be taken wrongly
        invoice("C4", "10001", -6, 1.00, at="2011-07-03 10:00:00"),
        invoice("C5", "10001", -6, 1.00, at="2011-07-04 10:00:00"),
        invoice("C6", "10001", -1, 1.00, at="2011-07-05 10:00:00"),
        invoice("7", "10001", 5, 1.00, at="2011-07-06 10:00:00"),
    )
    returned = OrderLine.objects.values_list("order__number", "returned", "refunded").order_by("order__number")
    assert list(returned) == [("1", 5, 500), ("2", 5, 500), ("3", 0, 0), ("7", 0, 0)]
    assert rejected(job) == {6: "return_partly_matched", 7: "return_without_sale"}
    assert ImportRejection.objects.get(line=6).reason.endswith("4 / 6.")
    parcels = Return.objects.values_list("reference", "order__number", "lines__quantity", "payment__amount")
    assert set(parcels) == {("C4", "2", 5, 500), ("C4", "1", 1, 100), ("C5", "1", 4, 400)}
    customer = Customer.objects.get(identities__value="17850")
    assert (customer.orders_count, customer.revenue) == (3, 500)
    assert tally(job)["imported"] == 5
    assert tally(job)["returns"] == 2


def test_a_refund_never_exceeds_what_a_discounted_line_cost(shop: Merchant, tmp_path: Path):
    run(
        shop,
        tmp_path,
        invoice("1", "10001", 10, 1.00, at="2011-07-01 10:00:00"),
        invoice("1", "10002", 10, 1.00, at="2011-07-01 10:00:00"),
        invoice("C2", "D", -1, 2.00, at="2011-07-01 11:00:00"),
        invoice("C3", "10001", -10, 1.00, at="2011-07-03 10:00:00"),
    )
    assert Order.objects.get().refunded == 900


def test_products_take_the_title_and_price_of_their_sales(shop: Merchant, tmp_path: Path):
    run(
        shop,
        tmp_path,
        invoice("1", "10001", 1, 9.99, at="2011-01-01 10:00:00", title="OLD NAME"),
        invoice("2", "10001", 1, 2.00, at="2011-07-01 10:00:00", title="RED LAMP"),
        invoice("3", "10001", 1, 2.00, at="2011-07-02 10:00:00", title="RED LAMP"),
        invoice("4", "10001", 1, 3.00, at="2011-07-03 10:00:00", title="RED LAMP"),
        invoice("5", "10002", 1, 4.00, at="2011-01-03 10:00:00", title="GONE BY NOW"),
    )
    lamp, gone = Product.objects.order_by("sku")
    assert (lamp.title, lamp.price, lamp.active, lamp.source) == ("RED LAMP", 200, True, "catalog")
    assert (gone.title, gone.price, gone.active, gone.source) == ("GONE BY NOW", 400, False, "catalog")
    assert PriceChange.objects.filter(product=lamp).values_list("price", flat=True).get() == 200


def test_a_product_of_the_catalogue_stays_as_it_is(shop: Merchant, tmp_path: Path):
    Product.objects.create(merchant=shop, sku="10001", title="Mine", price=77, active=False)
    run(shop, tmp_path, invoice("1", "10001", 1, 9.99))
    product = Product.objects.get()
    assert (product.title, product.price, product.active) == ("Mine", 77, False)


def test_regions_that_are_no_country_have_no_code(shop: Merchant, tmp_path: Path):
    run(
        shop,
        tmp_path,
        invoice("1", "10001", 1, 1, country="EIRE", customer="1"),
        invoice("2", "10001", 1, 1, country="Channel Islands", customer="2"),
    )
    assert list(Order.objects.order_by("number").values_list("country", flat=True)) == ["IE", ""]


@pytest.fixture(scope="module")
def imported(django_db_setup: None, django_db_blocker: Any) -> Any:
    """The real file, imported once for the tests below, and taken away again."""
    if not REAL_FILE.exists():
        pytest.skip(ABSENT)
    with django_db_blocker.unblock():
        shop = MerchantFactory(slug="online-retail", currency="GBP", language="en", time_zone="Europe/London")
        yield import_path(shop, REAL_FILE, FORMAT)
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE merchants_merchant CASCADE")


@pytest.mark.django_db
def test_every_row_of_the_real_file_is_accounted_for(imported: Job):
    """Rows that became something plus rows that are listed make up the file; the books add up to the penny."""
    figures = tally(imported)
    assert figures["rows"] == 453_843
    assert figures["imported"] + figures["rejected"] == 453_843
    assert figures["unchanged"] == 0

    listed = ImportRejection.objects.for_merchant(imported.merchant).filter(job=imported)
    assert Counter(listed.values_list("code", flat=True)) == figures["reasons"]
    lines = list(listed.values_list("line", flat=True))
    assert len(set(lines)) == len(lines) == figures["rejected"]

    raw = pl.read_parquet(REAL_FILE).with_row_index("line", offset=1)
    accepted = raw.filter(~pl.col("line").is_in(lines))
    pence = (pl.col("Quantity") * (pl.col("UnitPrice") * 100).round().cast(pl.Int64)).sum()
    is_credit = pl.col("InvoiceNo").str.starts_with("C")
    orders = Order.objects.for_merchant(imported.merchant)
    # Discounts are booked as credits, but belong to orders.
    is_sale = ~is_credit | (pl.col("StockCode") == "D")
    assert orders.aggregate(sum=Sum("total"))["sum"] == accepted.filter(is_sale).select(pence).item()
    assert orders.count() == accepted.filter(~is_credit)["InvoiceNo"].n_unique() == figures["orders"]

    whole = accepted.filter(~is_sale)["Quantity"].sum()
    partly = listed.filter(code="return_partly_matched").values_list("reason", flat=True)
    found = sum(int(reason.split(": ")[1].split(" / ")[0]) for reason in partly)
    returned = OrderLine.objects.for_merchant(imported.merchant).aggregate(sum=Sum("returned"))["sum"]
    assert returned == found - whole


@pytest.mark.django_db
def test_the_real_file_leaves_a_consistent_shop(imported: Job):
    shop = imported.merchant
    orders = Order.objects.for_merchant(shop)
    sums = orders.annotate(goods=Sum("lines__total")).exclude(total=F("goods") + F("shipping") - F("discount"))
    assert not sums.exists()
    customers = Customer.objects.for_merchant(shop)
    assert customers.count() == Identity.objects.for_merchant(shop).count()
    assert customers.aggregate(sum=Sum("orders_count"))["sum"] == orders.exclude(customer=None).count()
    assert not Product.objects.for_merchant(shop).filter(source=Product.Source.CATALOG, price=0).exists()
    heart = Product.objects.for_merchant(shop).get(sku="85123A")
    assert (heart.title, heart.active) == ("WHITE HANGING HEART T-LIGHT HOLDER", True)
