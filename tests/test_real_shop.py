"""On a real shop's data: the main job (import, train, order over HTTP, confirmation over SMTP), and customers' figures."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import time_machine
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import AsyncMessage
from django.core.management import call_command
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from campaigns.tasks import send_due_messages
from core import events
from core.models import ImportRejection
from customers.actions.consent import record_objection
from customers.models import Customer
from customers.queries.kpis import customer_value
from merchants.actions import create_api_key
from merchants.models import Merchant
from orders.models import Order, OrderLine, ReturnLine
from tests.factories import MerchantFactory

DATA = Path(__file__).resolve().parents[2] / "shared/data/online_retail.parquet"
ROWS = 453_843
# Two customers of the data set with a long history.
BUYER, OBJECTOR = "14911", "12748"
# Everything in the data set is before this.
LATER = datetime(2011, 12, 20, 12, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"the real shop's orders are not at {DATA}")


class Mailbox(AsyncMessage):
    """What arrived, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[EmailMessage] = []

    async def handle_message(self, message: Any) -> None:
        self.mails.append(message_from_bytes(message.as_bytes(), policy=policy.default))  # type: ignore[arg-type]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port())
    server.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    yield box
    server.stop()


@pytest.fixture
def shop(transactional_db: None, settings: Settings, tmp_path: Path) -> Merchant:
    """The real shop, imported and trained by the commands that a merchant would use."""
    settings.MODELS_DIR = tmp_path / "models"
    merchant = MerchantFactory(slug="gifts", currency="GBP", country="GB", language="en", time_zone="Europe/London")
    call_command("import_orders", str(DATA), merchant="gifts", format="online-retail", verbosity=0)
    call_command("train", merchant="gifts", verbosity=0)
    return merchant


def post_order(server: LiveServer, key: str, number: str, customer: str, skus: list[str]) -> int:
    """``POST /api/v1/orders`` over a real connection; the answer's status."""
    order = {
        "number": number,
        "version": 1,
        "placed_at": "2026-11-20T10:00:00Z",
        "currency": "GBP",
        "customer": {"external_id": customer, "email": f"c{customer}@example.org", "first_name": "Ada", "locale": "en"},
        "marketing_notice": {"version": "2026-01", "shown_at": "2026-11-20T09:59:00Z"},
        "lines": [{"sku": sku, "quantity": 2, "unit_price": 250, "discount": 0, "tax_rate": "0.20"} for sku in skus],
        "shipping": 499,
        "discount": 0,
        "total": 500 * len(skus) + 499,
        "payment_method": "card",
    }
    request = urllib.request.Request(
        f"{server.url}/api/v1/orders",
        data=json.dumps(order).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return int(answer.status)


def do_the_workers_work() -> None:
    events.drain()
    send_due_messages()


def test_a_real_shops_order_is_confirmed_with_a_lawful_cross_sell_block(
    shop: Merchant, live_server: LiveServer, mailbox: Mailbox
) -> None:
    imported = OrderLine.objects.for_merchant(shop).count() + ReturnLine.objects.for_merchant(shop).count()
    rejected = ImportRejection.objects.for_merchant(shop).count()
    assert imported > 0.9 * ROWS
    assert 0 < rejected < 0.1 * ROWS
    assert not mailbox.mails, "history must not be confirmed"

    _row, key = create_api_key(shop, kind="sk", name="storefront")
    orders = Order.objects.for_merchant(shop)
    bought = orders.filter(customer__identities__value=BUYER).order_by("-placed_at")[0].lines.all()[:3]
    skus = [line.product.sku for line in bought]
    assert post_order(live_server, key, "A-1001", BUYER, skus) == 201
    do_the_workers_work()

    confirmation = mailbox.mails[-1]
    block = orders.get(number="A-1001").messages.get().blocks.get(kind="cross_sell")
    shown = [product["sku"] for product in block.content["products"]]
    assert block.shown
    assert 3 <= len(shown) <= 4
    assert not set(shown) & set(skus)
    html = confirmation.get_body(("html",)).get_content()
    text = confirmation.get_body(("plain",)).get_content()
    for product in block.content["products"]:
        assert product["title"] in text
    assert confirmation["To"] == f"c{BUYER}@example.org"
    assert confirmation["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "A-1001" in html

    objector = Customer.objects.for_merchant(shop).get(identities__value=OBJECTOR)
    record_objection(objector, source="letter")
    assert post_order(live_server, key, "A-1002", OBJECTOR, skus) == 201
    do_the_workers_work()

    plain = mailbox.mails[-1]
    withheld = orders.get(number="A-1002").messages.get().blocks.get(kind="cross_sell")
    assert plain["To"] == f"c{OBJECTOR}@example.org"
    assert plain["List-Unsubscribe"] is None
    assert not withheld.shown
    assert withheld.code == "objected"
    assert "A-1002" in plain.get_body(("plain",)).get_content()
    assert len(mailbox.mails) == 2


def plain_histories() -> pl.DataFrame:
    """What the raw file says of customers about whom it leaves no question, one row each.

    That is: only products with a price, no discounts and no fees; of every product that somebody sent back the price
    was always the same, and no unit came back that was not bought before.
    """
    rows = pl.read_parquet(DATA).with_columns(
        at=pl.col("InvoiceDate").dt.replace_time_zone("Europe/London"),
        cents=(pl.col("UnitPrice") * 100).round().cast(pl.Int64),
        sku=pl.col("StockCode").str.to_uppercase(),
        goes=pl.col("Quantity") < 0,
    )
    rows = rows.filter(pl.col("CustomerID").is_not_null()).sort("at", "goes")
    is_back = pl.col("InvoiceNo").str.starts_with("C") & pl.col("goes")
    is_sale = pl.col("InvoiceNo").str.contains("^[0-9]+$") & ~pl.col("goes")
    same = ["CustomerID", "sku"]
    is_plain = (
        (is_back | is_sale)
        & (pl.col("cents") > 0)
        & pl.col("sku").str.contains("^[0-9]{5}")
        & ((pl.col("goes").sum().over(same) == 0) | (pl.col("cents").n_unique().over(same) == 1))
        & (pl.col("Quantity").cum_sum().over(same) >= 0)
    )
    amount = pl.col("Quantity").abs() * pl.col("cents")
    sold = ~pl.col("goes")
    placed = pl.col("at").filter(sold)
    orders = pl.col("InvoiceNo").filter(sold).n_unique()
    return rows.group_by("CustomerID").agg(
        is_plain=is_plain.all(),
        orders=orders,
        revenue=amount.filter(sold).sum() - amount.filter(pl.col("goes")).sum(),
        bought=pl.col("Quantity").filter(sold).sum(),
        returned=-pl.col("Quantity").filter(pl.col("goes")).sum(),
        returned_value=amount.filter(pl.col("goes")).sum(),
        last=placed.max(),
        mean_gap=pl.when(orders > 1).then((placed.max() - placed.min()).dt.total_seconds() / 86400 / (orders - 1)),
    )


def a_dozen(histories: pl.DataFrame) -> pl.DataFrame:
    """Five who came back and sent most back, four who ordered most often and kept everything, three who ordered once."""
    plain = histories.filter("is_plain").sort("CustomerID")
    again, keeps = pl.col("orders") > 1, pl.col("returned") == 0
    back = plain.filter(again).sort("returned", descending=True, maintain_order=True).head(5)
    often = plain.filter(keeps).sort("orders", descending=True, maintain_order=True).head(4)
    return pl.concat([back, often, plain.filter(~again & keeps).head(3)])


@pytest.mark.django_db
def test_the_figures_of_a_dozen_customers_are_those_of_the_raw_file() -> None:
    shop = MerchantFactory(slug="gifts", currency="GBP", country="GB", language="en", time_zone="Europe/London")
    call_command("import_orders", str(DATA), merchant="gifts", format="online-retail", verbosity=0, stdout=StringIO())
    dozen = a_dozen(plain_histories())
    assert dozen["CustomerID"].n_unique() == 12
    assert (dozen["returned"] > 0).sum() == 5
    with time_machine.travel(LATER, tick=False):
        for raw in dozen.iter_rows(named=True):
            customer = Customer.objects.for_merchant(shop).get(identities__value=str(raw["CustomerID"]))
            found, orders, revenue = customer_value(customer), raw["orders"], raw["revenue"]
            assert (customer.orders_count, customer.revenue, found.average_order) == (
                orders,
                revenue,
                revenue // orders,
            )
            assert (found.kpis.units_bought, found.kpis.units_returned) == (raw["bought"], raw["returned"])
            assert found.returned_units_share == raw["returned"] / raw["bought"]
            assert found.returned_value_share == raw["returned_value"] / (revenue + raw["returned_value"])
            assert found.days_since_last_order == (LATER - raw["last"]).days
            assert found.kpis.mean_gap_days == pytest.approx(raw["mean_gap"])
    out = StringIO()
    call_command("rebuild_kpis", merchant="gifts", check=True, stdout=out)
    assert "Every figure agrees" in out.getvalue()
