"""Shops in the database, for everything above the engines."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
from django.utils import timezone

from catalog.models import Product
from customers.models import Customer, Event, Identity
from merchants.models import Merchant
from orders.models import Order, OrderLine

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
GROUPS, PER_GROUP = 4, 8


def sku(group: int, number: int) -> str:
    return f"G{group}-{number}"


def stocked_shop(merchant: Merchant, *, customers: int = 100, orders: int = 5, prefix: str = "c") -> list[Customer]:
    """A shop with 32 products in four groups; customer n likes group n % 4 and has the external id ``<prefix>-n``."""
    products = Product.objects.bulk_create(
        Product(merchant=merchant, sku=sku(group, number), title=f"Thing {group}-{number}", price=1000, stock=5)
        for group in range(GROUPS)
        for number in range(PER_GROUP)
    )
    people = Customer.objects.bulk_create(Customer(merchant=merchant, first_name="Ada") for _ in range(customers))
    Identity.objects.bulk_create(
        Identity(merchant=merchant, customer=person, kind="external_id", value=f"{prefix}-{number}")
        for number, person in enumerate(people)
    )
    _fill(merchant, people, products, orders)
    return people


def _fill(merchant: Merchant, people: list[Customer], products: list[Product], orders: int) -> None:
    random = np.random.default_rng(3)
    placed = Order.objects.bulk_create(
        Order(
            merchant=merchant,
            customer=person,
            number=f"H-{number}-{order}",
            placed_at=NOON - timedelta(days=float(random.uniform(0, 150))),
            received_at=NOON,
            currency="EUR",
            total=3000,
        )
        for number, person in enumerate(people)
        for order in range(orders)
    )
    OrderLine.objects.bulk_create(
        line(order, products[index // orders % GROUPS * PER_GROUP + int(chosen)], position)
        for index, order in enumerate(placed)
        for position, chosen in enumerate(random.choice(PER_GROUP, 3, replace=False))
    )


def line(order: Order, product: Product, position: int = 0) -> OrderLine:
    return OrderLine(
        merchant=order.merchant,
        order=order,
        position=position,
        product=product,
        title=product.title,
        quantity=1,
        unit_price=1000,
        total=1000,
    )


def buy(customer: Customer, *skus: str, at: datetime = NOON + timedelta(days=1)) -> Order:
    """A further order of a customer."""
    order = Order.objects.create(
        merchant=customer.merchant,
        customer=customer,
        number=f"N-{Order.objects.all_merchants().count()}",
        placed_at=at,
        received_at=at,
        currency="EUR",
        total=1000 * len(skus),
    )
    bought = Product.objects.for_merchant(customer.merchant).filter(sku__in=skus)
    OrderLine.objects.bulk_create(line(order, product, position) for position, product in enumerate(bought))
    return order


def track(
    merchant: Merchant,
    name: str,
    product: str | None,
    *,
    visitor: str = "visitor",
    customer_id: int | None = None,
    minutes_ago: float = 1,
    is_bot: bool = False,
    **properties: Any,
) -> Event:
    """A tracked event about one product."""
    at = timezone.now() - timedelta(minutes=minutes_ago)
    event: Event = Event.objects.create(
        merchant=merchant,
        kind=Event.Kind.TRACK,
        channel="web",
        name=name,
        occurred_at=at,
        received_at=at,
        anonymous_id=visitor,
        customer_id=customer_id,
        message_id=uuid4().hex,
        is_bot=is_bot,
        properties=properties if product is None else {"sku": product, **properties},
    )
    return event
