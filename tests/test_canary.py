"""A person with an unlikely name goes through every door and is erased: no trace of them is left anywhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from campaigns.models import Message
from campaigns.sending import send_due
from core import events
from core.jobs import run
from core.models import Delivery
from core.redis import redis_client
from customers.actions.consent import record_consent
from customers.actions.privacy import open_request
from customers.actions.privacy.erasure import request_erasure
from customers.actions.privacy.requests import check_identity
from customers.models import Customer, Event, Identity, Note, Task
from insights.queries.figures import figures_by_day, last_days, total
from merchants.actions import record_audit
from merchants.models import Membership, Merchant
from orders.models import Order
from recommendations import loading, recent
from recommendations.actions import train_models
from recommendations.queries import customer_key
from tests.campaigns.conftest import Mailbox
from tests.campaigns.conftest import mailbox as mailbox  # a fixture
from tests.campaigns.conftest import smtp_server as smtp_server  # a fixture
from tests.orders.importing import as_csv, import_text, rejected
from tests.orders.samples import order_json
from tests.orders.test_importing_cxapp_csv import row
from tests.recommendations.shops import stocked_shop
from tests.recommendations.worlds import Quiet
from tests.storefront import Storefront, storefront

FIRST, LAST = "Xanthippe", "Quastenflosser"
EMAIL, PHONE, NUMBER, STREET = (
    "xanthippe.quastenflosser@canary.example",
    "+4915199999977",
    "kanarienvogel-4711",
    "Leuchtgarnelenweg 77",
)
VISITOR = "kanarien-besucher-0815"
CANARIES = [VISITOR, FIRST, LAST, EMAIL, PHONE, PHONE[1:], NUMBER, STREET]


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MODELS_DIR = tmp_path / "models"
    recent._rests_until = 0.0
    loading.forget()
    yield
    loading.forget()
    redis_client().flushdb()


# --- where a trace could be


def traces_in_tables() -> set[tuple[str, str]]:
    """(table, column) of every text, JSON, array or bytes column of the schema that holds a canary."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " JOIN information_schema.tables USING (table_schema, table_name)"
            " WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
            " AND data_type IN ('text', 'character varying', 'jsonb', 'json', 'ARRAY', 'bytea', 'inet')"
        )
        for table, column, kind in cursor.fetchall():
            text = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            cursor.execute(f'SELECT 1 FROM "{table}" WHERE {text} ILIKE ANY(%s) LIMIT 1', [_patterns()])
            if cursor.fetchone():
                found.add((table, column))
    return found


def _patterns() -> list[str]:
    return [f"%{word}%" for word in CANARIES]


def holds_canary(content: bytes) -> bool:
    return any(word.lower().encode() in content.lower() for word in CANARIES)


def traces_in_redis() -> set[str]:
    client = redis_client()
    readers: dict[bytes, Any] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"zset": lambda key: client.zrange(key, 0, -1),
        b"set": client.smembers,
        b"list": lambda key: client.lrange(key, 0, -1),
    }
    found = set()
    for key in client.scan_iter():
        value = readers[client.type(key)](key)
        if holds_canary(key + repr(value).encode()):
            found.add(key.decode())
    return found


def traces_in_files() -> set[str]:
    roots = [Path(settings.VAR_DIR), Path(settings.MODELS_DIR), Path(default_storage.location)]
    files = {path for root in roots if root.exists() for path in root.rglob("*") if path.is_file()}
    return {path.name for path in files if holds_canary(path.name.encode() + path.read_bytes())}


# --- the doors


@pytest.fixture
def canary(
    api: Storefront,
    membership: Membership,
    smtp_server: Mailbox,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> Customer:
    """A customer who came through every door there is."""
    caplog.set_level(logging.DEBUG)
    merchant = membership.merchant
    stocked_shop(merchant, customers=60, orders=4)
    customer = order(api)
    import_with_a_rejected_row(merchant, tmp_path)
    confirm(smtp_server)
    stay_in_touch(customer, membership)
    customer.refresh_from_db()
    return customer


def order(api: Storefront) -> Customer:
    person = {
        "external_id": NUMBER,
        "email": EMAIL,
        "phone": PHONE,
        "first_name": FIRST,
        "last_name": LAST,
        "locale": "de",
        "country": "DE",
    }
    placed = (timezone.now() - timedelta(days=20)).isoformat()
    notice = {"version": "2026-01", "shown_at": placed}
    body = order_json(placed_at=placed, customer=person, marketing_notice=notice, promised_delivery_on=None)
    answer = api.post("/api/v1/orders", body, HTTP_IDEMPOTENCY_KEY="canary-1")
    assert answer.status_code == 201, answer.json()
    parcel = {
        "reference": "P-1",
        "shipped_at": placed,
        "carrier": "DHL",
        "tracking_number": "00340434",
        "tracking_url": f"https://track.example/?to={EMAIL}",
    }
    api.post("/api/v1/orders/A-1001/shipments", parcel)
    events.drain()
    return Identity.objects.get(value=EMAIL).customer


def import_with_a_rejected_row(merchant: Merchant, folder: Path) -> None:
    spoilt = row(
        "B-1", placed_at="yesterday", customer_id=NUMBER, email=EMAIL, first_name=FIRST, last_name=LAST, title=STREET
    )
    job = import_text(merchant, folder / "orders.csv", as_csv([spoilt]), "cxapp-csv")
    assert rejected(job)


def confirm(mailbox: Mailbox) -> None:
    send_due()
    assert EMAIL in mailbox.messages[0]["To"]


def stay_in_touch(customer: Customer, membership: Membership) -> None:
    """What the other doors write, each by the function that stands behind it."""
    train_models(membership.merchant, progress=Quiet())
    look_around(membership.merchant)
    Note.objects.create(merchant=customer.merchant, customer=customer, text=f"{FIRST} lives in {STREET}")
    Task.objects.create(merchant=customer.merchant, customer=customer, title=f"Call {PHONE}")
    record_consent(
        customer, purpose="newsletter", channel="email", text_version="1", source="page", evidence={"name": FIRST},
        address=EMAIL, staff=membership.staff,
    )  # fmt: skip
    record_audit(customer.merchant, "customer.edited", staff=membership.staff, subject=customer, changes={"to": LAST})
    Delivery.objects.create(
        merchant=customer.merchant, event="X", handler="y", payload={}, error=f"Key (value)=({EMAIL}) exists"
    )
    recent.remember(customer.merchant_id, [customer.pk, customer_key(NUMBER)], [1, 2], at=timezone.now())


def look_around(merchant: Merchant) -> None:
    """Visits before and after the login, with all that a careless shop may send along."""
    key = storefront(merchant, kind="pk")
    traits = {"email": EMAIL, "first_name": FIRST, "last_name": LAST, "phone": PHONE, "street": STREET}
    product = {"product_id": "84029E", "sku": "84029E", "price": 19.99, "gift_note": f"for {FIRST} {LAST}"}
    calls: list[dict[str, Any]] = [
        {"type": "track", "event": "Product Viewed", "properties": product},
        {"type": "page", "name": f"Hello {FIRST}", "properties": {"url": f"https://shop.example/?mail={EMAIL}"}},
        {"type": "identify", "userId": NUMBER, "traits": traits},
        {"type": "track", "event": "Product Added", "userId": NUMBER, "properties": product},
    ]
    batch = [call | {"messageId": f"canary-{place}", "anonymousId": VISITOR} for place, call in enumerate(calls)]
    assert key.post("/api/v1/batch", {"batch": batch, "context": {"ip": "192.0.2.77"}}).status_code < 300
    assert storefront(merchant).get(f"/api/v1/customers/lookup?email={EMAIL}").status_code == 200


def erase(customer: Customer, membership: Membership) -> None:
    request = open_request(
        membership.merchant, kind="erasure", channel="email", customer=customer, contact=EMAIL,
        statement=f"Please forget {FIRST} {LAST}, {STREET}", staff=membership.staff,
    )  # fmt: skip
    check_identity(request, customer=customer, evidence=f"wrote from {EMAIL}", staff=membership.staff)
    job = run(request_erasure(request, staff=membership.staff))
    assert job.state == "done", job.error


# --- the promise


def test_the_scan_sees_the_person_before_the_erasure(canary: Customer) -> None:
    tables = {table for table, _column in traces_in_tables()}
    assert any(table.startswith("customers_event_") for table in tables)
    assert traces_in_redis()
    assert {
        "customers_customer", "customers_identity", "customers_consentrecord", "orders_order", "orders_shipment",
        "core_importrejection", "campaigns_message",
    } <= tables  # fmt: skip


def test_an_erased_person_leaves_no_trace(
    canary: Customer, membership: Membership, caplog: pytest.LogCaptureFixture
) -> None:
    erase(canary, membership)
    events.drain()
    assert traces_in_tables() == set()
    assert traces_in_redis() == set()
    assert traces_in_files() == set()
    assert not holds_canary(caplog.text.encode())
    added = Event.objects.for_merchant(membership.merchant).get(name="Product Added")
    assert added.properties == {"product_id": "84029E", "sku": "84029E", "price": 19.99}


def test_the_books_and_the_figures_stay(canary: Customer, membership: Membership) -> None:
    merchant = membership.merchant

    def figures() -> tuple[Any, ...]:
        month = total(figures_by_day(merchant, last_days(merchant, 31)))
        orders = Order.objects.for_merchant(merchant).order_by("number")
        books = list(orders.values_list("number", "placed_at", "total", "tax", "refunded", "country", "state"))
        people = Customer.objects.for_merchant(merchant)
        sums = [sum(row) for row in zip(*people.values_list("orders_count", "revenue"), strict=True)]
        return month, books, sums

    before = figures()
    erase(canary, membership)
    assert figures() == before
    left = Customer.objects.get(pk=canary.pk)
    assert (left.first_name, left.last_name, left.locale) == ("", "", "")
    assert left.erased_at is not None
    assert not Order.objects.for_merchant(merchant).filter(customer=left).exists()
    assert Message.objects.for_merchant(merchant).get(order__number="A-1001").state == "sent"


def test_nothing_leads_from_a_model_to_the_erased_person(
    canary: Customer, membership: Membership, django_capture_on_commit_callbacks: Any
) -> None:
    merchant = membership.merchant
    loading.forget()
    before = loading.current(merchant.pk)
    assert before is not None
    assert before.customer_of_key(customer_key(NUMBER)) == canary.pk
    assert before.customer_position(canary.pk) is not None
    others = [customer for customer in before.customers.tolist() if customer != canary.pk]
    positions = {customer: before.customer_position(customer) for customer in others}
    with django_capture_on_commit_callbacks(execute=True):
        erase(canary, membership)
    loading.forget()
    after = loading.current(merchant.pk)
    assert after is not None
    assert after.version != before.version
    assert after.customer_position(canary.pk) is None
    assert after.customer_of_key(customer_key(NUMBER)) is None
    assert {customer: after.customer_position(customer) for customer in others} == positions
    assert recent.recall(merchant.pk, timezone.now() - timedelta(days=30), key=customer_key(NUMBER)).bought == []
