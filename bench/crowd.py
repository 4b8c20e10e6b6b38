"""A shop with 200,000 customers, 300,000 orders and two million events: what the profile bench looks at.

Every table is filled from one row that Django made, in one statement, so that a new column needs nothing here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from customers.models import Customer, CustomerKpis, Event, Identity
from merchants.actions import create_api_key
from merchants.models import Membership, Merchant, Role, Scope, Staff
from orders.models import Order

CUSTOMERS, ORDERS, EVENTS = 200_000, 300_000, 1_900_000
EVENTS_OF_ONE = 100_000
FIRST = ["Ada", "Grace", "Katherine", "Mary", "Emmy", "Lise", "Sofia", "Hedwig", "Ida", "Clara", "Alan", "Konrad"]
LAST = ["Muster", "Berg", "Cole", "Lindgrün", "Anders", "Sommer", "Winter", "Vogel", "Kaiser", "Blum", "Falk", "Stein"]
COUNTRIES = ["DE", "DE", "DE", "DE", "DE", "AT", "AT", "CH", "NL", "FR"]


@dataclass(frozen=True)
class Crowd:
    """The shop, a colleague who is logged in, a key for the till, and customers to look at."""

    merchant: Merchant
    cookie: str
    token: str
    first_customer: int
    busiest: int

    def customer(self, number: int) -> int:
        """The id of the customer with this number, from 0."""
        return self.first_customer + number


def create(*, customers: int = CUSTOMERS, orders: int = ORDERS, events: int = EVENTS) -> Crowd:
    """A new shop of that size; the first customer has a hundred thousand events of their own."""
    merchant = Merchant.objects.create(slug=f"crowd-{secrets.token_hex(4)}", name="Crowd", currency="EUR", country="DE")
    staff = Staff.objects.create(email=f"{merchant.slug}@shop.example")
    Membership.objects.create(merchant=merchant, staff=staff, role=Role.OWNER)
    browser = Client()
    browser.force_login(staff)
    _key, token = create_api_key(merchant, kind="sk", name="till", scopes=[Scope.CUSTOMERS_LOOKUP])
    _run("SET statement_timeout = 0")
    first = _people(merchant, customers)
    _orders(merchant, first, customers, orders)
    _kpis(merchant)
    _events(merchant, first, customers, events)
    _run("VACUUM ANALYZE")
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    return Crowd(merchant, f"{settings.SESSION_COOKIE_NAME}={session}", token, first, first)


def _people(merchant: Merchant, number: int) -> int:
    """Customers with an address each, every other with a number, every third with a card and a telephone."""
    model = Customer.objects.create(merchant=merchant, locale="de")
    first = model.pk + 1
    columns = {
        "first_name": _one_of(FIRST, "n"),
        "last_name": f"{_one_of(LAST, 'n / 7')} || n % 97",
        "country": _one_of(COUNTRIES, "n"),
        "created_at": "now() - n * interval '3 minutes'",
    }
    numbers = f"generate_series(0, {number - 1}) n"
    _multiply(model, numbers, columns)
    identity = Identity.objects.create(merchant=merchant, customer=model, kind=Identity.Kind.EMAIL, value="model")
    for kind, value, every in (
        (Identity.Kind.EMAIL, "'person' || n || '@crowd.example'", 1),
        (Identity.Kind.EXTERNAL_ID, "'C-' || n", 2),
        (Identity.Kind.LOYALTY_CARD, "'card-' || n", 3),
        (Identity.Kind.PHONE, "'+4930' || 10000000 + n", 3),
    ):
        columns = {"customer_id": f"{first} + n", "kind": f"'{kind.value}'", "value": value}
        _multiply(identity, numbers, columns, where=f"n % {every} = 0")
    model.delete()
    return first


def _orders(merchant: Merchant, first: int, customers: int, number: int) -> None:
    """Three of four customers ordered."""
    model = Order.objects.create(
        merchant=merchant, number="model", placed_at=timezone.now(), currency="EUR", source=Order.Source.IMPORT, total=0
    )
    columns = {
        "customer_id": f"{first} + n::bigint * 7919 % {max(1, customers * 3 // 4)}",
        "number": "'A-' || n",
        "placed_at": "now() - n * interval '2 minutes' - interval '3 days'",
        "total": "500 + n % 20000",
        "state": "CASE WHEN n % 50 = 0 THEN 'placed' ELSE 'delivered' END",
    }
    _multiply(model, f"generate_series(1, {number}) n", columns)
    model.delete()
    _run(
        "UPDATE customers_customer c SET orders_count = o.number, revenue = o.total, first_order_at = o.first,"
        " last_order_at = o.last FROM (SELECT customer_id, count(*) number, sum(total) total, min(placed_at) first,"
        f" max(placed_at) last FROM orders_order WHERE merchant_id = {merchant.pk} GROUP BY customer_id) o"
        " WHERE c.id = o.customer_id"
    )


def _kpis(merchant: Merchant) -> None:
    nobody = Customer.objects.create(merchant=merchant)
    model = CustomerKpis.objects.create(merchant=merchant, customer=nobody)
    columns = {
        "customer_id": "c.id",
        "lifecycle": "CASE WHEN c.orders_count = 0 THEN 'lead' WHEN c.id % 9 = 0 THEN 'defecting' ELSE 'active' END",
        "predicted_value": "CASE WHEN c.orders_count > 0 THEN c.revenue / 2 + c.id % 1000 END",
    }
    where = f"c.merchant_id = {merchant.pk} AND c.id <> {nobody.pk}"
    _multiply(model, "customers_customer c", columns, where=where)
    nobody.delete()


def _events(merchant: Merchant, first: int, customers: int, number: int) -> None:
    """Of the last ten months; the first customer's are all of the last ten weeks."""
    now = timezone.now()
    model = Event(
        merchant=merchant,
        kind=Event.Kind.TRACK,
        channel="web",
        name="model",
        message_id="model",
        occurred_at=now,
        received_at=now,
        properties={"sku": "P-1", "name": "Tent", "price": 199.9, "currency": "EUR"},
        context={"page": {"path": "/tents/1", "title": "Tents"}, "userAgent": "Mozilla/5.0"},
    )
    model.save(force_insert=True)
    pause = timedelta(days=300) / max(1, number)
    columns = {
        "message_id": "'m-' || n",
        "kind": "CASE WHEN n % 4 = 0 THEN 'page' ELSE 'track' END",
        "name": _one_of(["Product Viewed", "Product Added", "Products Searched", "Cart Viewed"], "n"),
        "customer_id": f"{first + 1} + n::bigint * 7919 % {max(1, customers - 1)}",
        "occurred_at": f"now() - n * interval '{int(pause.total_seconds() * 1000)} milliseconds'",
    }
    _multiply(model, f"generate_series(1, {number}) n", columns)
    own = {"customer_id": str(first), "occurred_at": "now() - n * interval '1 minute'"}
    _multiply(model, f"generate_series(1, {EVENTS_OF_ONE}) n", columns | own)
    Event.objects.for_merchant(merchant).filter(message_id="model").delete()


def _one_of(values: list[str], index: str) -> str:
    """SQL for the value whose turn it is."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"(ARRAY[{listed}])[1 + ({index}) % {len(values)}]"


def _multiply(model: Model, source: str, columns: dict[str, str], *, where: str = "true") -> None:
    """One row per row of ``source``, like ``model`` but for ``columns``, which say how each is made."""
    fields = [field for field in model._meta.concrete_fields if not field.generated and not field.primary_key]
    names = [str(field.column) for field in fields]
    made, table = ", ".join(columns.get(name, f"p.{name}") for name in names), model._meta.db_table
    _run(
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {made} FROM {source} CROSS JOIN {table} p"
        f" WHERE p.id = {model.pk} AND {where}"
    )


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
