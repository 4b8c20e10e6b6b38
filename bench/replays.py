"""What it costs to prove a draft: replayed on 50,000 past orders, and checked beside a thousand promotions.

``python -m bench replays``; needs PostgreSQL and Redis (``make bench-promotions`` brings them). Ten promotions are active
while the draft is replayed; the check reads a thousand from the database, with 2,000 products to make carts of.
"""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import django
from django.core.management import call_command

from bench.figures import Figure

if TYPE_CHECKING:
    from catalog.models import Product
    from customers.models import Customer
    from merchants.models import Merchant
    from promotions.models import Promotion

ORDERS, PEOPLE, PRODUCTS, CATEGORIES, LINES, DAYS = 50_000, 10_000, 2_000, 40, 3, 365
ACTIVE, CHECKED, BATCH, FEW = 10, 1_000, 5_000, 5_000


def run() -> list[Figure]:
    """Seconds, of the processor and by the clock, and megabytes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    # Models can be imported only now.
    from merchants.models import Merchant  # noqa: PLC0415
    from promotions.queries.checks import check_all  # noqa: PLC0415

    merchant = Merchant.objects.create(slug=f"bench-{time.time_ns()}", name="Bench")
    _stock(merchant)
    for number in range(ACTIVE):
        _launch(merchant, number)
    draft = _launch(merchant, CHECKED, active=False)
    few = _measured(lambda: _replay(draft, FEW))
    many = _measured(lambda: _replay(draft, ORDERS))
    held = {orders: _held(lambda orders=orders: _replay(draft, orders)) for orders in (FEW, 4 * FEW)}  # type: ignore[misc]
    for number in range(ACTIVE, CHECKED):
        _launch(merchant, number)
    check = _measured(lambda: check_all(merchant))
    return [
        Figure(f"replay on {ORDERS:,} orders, processor", many[0], "s", at_most=300),
        Figure(f"replay on {ORDERS:,} orders, by the clock", many[1], "s"),
        Figure(f"replay on {ORDERS:,} / {FEW:,} orders, processor", many[0] / few[0]),
        Figure(f"replay on {FEW:,} orders, memory", held[FEW], "MB"),
        Figure(f"replay on {4 * FEW:,} orders, memory", held[4 * FEW], "MB", at_most=2 * held[FEW]),
        Figure(f"check of {CHECKED:,} active promotions, processor", check[0], "s"),
        Figure(f"check of {CHECKED:,} active promotions, by the clock", check[1], "s"),
    ]


def _measured(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the processor and of the clock."""
    begin, clock = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - begin, time.perf_counter() - clock


def _held(work: Callable[[], object]) -> float:
    """Megabytes that were allocated at most."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return most


def _replay(draft: Promotion, wanted: int) -> None:
    from orders.models import Order  # noqa: PLC0415
    from promotions.models import Replay  # noqa: PLC0415
    from promotions.replaying.running import run_replay  # noqa: PLC0415

    version = draft.versions.get()
    newest = Order.objects.for_merchant(draft.merchant_id).latest("pk").pk
    replay = Replay.objects.create(
        merchant=draft.merchant, promotion=draft, version=version, wanted=wanted, newest_order=newest
    )
    run_replay(replay)
    if replay.report["orders"] != wanted or not replay.report["with_it"]:
        raise RuntimeError("The replay did not look at every order.")


def _launch(merchant: Merchant, number: int, *, active: bool = True) -> Promotion:
    """Of ten kinds in turn: on single categories, products and on the order, some for segments or with codes."""
    from promotions.actions.offers import (  # noqa: PLC0415
        PromotionData,
        VersionData,
        activate_promotion,
        create_promotion,
    )

    version = VersionData(definition=_definition(number))
    promotion = create_promotion(
        merchant, PromotionData(key=f"p-{number}", name=f"Promotion {number}", version=version)
    )
    return activate_promotion(promotion) if active else promotion


def _definition(number: int) -> dict[str, Any]:
    category = {"categories": [f"Category {number % CATEGORIES}"]}
    kinds: list[dict[str, Any]] = [
        {"benefit": {"percent": {"percent": "10"}}, "when": {"spend": {"at_least": 5_000}}},
        {"benefit": {"percent": {"percent": "15"}}, "target": category, "lane": "line"},
        {"benefit": {"amount": {"amount": 500}}, "when": {"code": [f"CODE-{number}"]}},
        {"benefit": {"percent": {"percent": "5"}}, "when": {"segment": ["lifecycle:active"]}, "target": category},
        {"benefit": {"group_deal": {"size": 3, "units": 1}}, "target": category, "lane": "line"},
        {"benefit": {"percent": {"percent": "8"}}, "target": {"products": [f"S-{number}"]}, "lane": "catalog"},
        {"benefit": {"tiered": {"by": "spend", "steps": [{"from": 9_000, "percent": "3"}]}}, "target": category},
        {"benefit": {"shipping_percent": {"percent": "100"}}, "when": {"spend": {"at_least": 3_500}}, "lane": "shipping"},
        {"benefit": {"amount_per_unit": {"amount": 100}}, "target": {"products": [f"S-{number}"]}, "lane": "line"},
        {"benefit": {"percent": {"percent": "12"}}, "when": {"order_number": {"number": 1}}, "target": category},
    ]  # fmt: skip
    return kinds[number % len(kinds)]


def _stock(merchant: Merchant) -> None:
    """A year of orders of three lines each, in bulk."""
    from catalog.models import Category, Product  # noqa: PLC0415
    from core.statistics import refresh_statistics  # noqa: PLC0415
    from customers.models import Customer  # noqa: PLC0415
    from orders.models import Order, OrderLine  # noqa: PLC0415

    names = [f"Category {number}" for number in range(CATEGORIES)]
    shelves = Category.objects.bulk_create([Category(merchant=merchant, path=name) for name in names])
    products = Product.objects.bulk_create(
        Product(
            merchant=merchant,
            sku=f"S-{number}",
            title=f"Product {number}",
            price=1_000 + number,
            cost=600,
            category=shelves[number % CATEGORIES],
        )
        for number in range(PRODUCTS)
    )
    people = Customer.objects.bulk_create((Customer(merchant=merchant) for _ in range(PEOPLE)), batch_size=BATCH)
    _sell(merchant, products, people)
    refresh_statistics([Product, Customer, Order, OrderLine])


def _sell(merchant: Merchant, products: list[Product], people: list[Customer]) -> None:
    from django.utils import timezone  # noqa: PLC0415

    from orders.models import Order, OrderLine  # noqa: PLC0415

    chance, now = Random(1), timezone.now()
    for first in range(0, ORDERS, BATCH):
        orders = Order.objects.bulk_create(
            Order(
                merchant=merchant,
                number=f"A-{number}",
                customer=chance.choice(people),
                placed_at=now - timedelta(days=DAYS * (1 - number / ORDERS)),
                currency=merchant.currency,
                shipping=495,
                total=6_000,
            )
            for number in range(first, first + BATCH)
        )
        OrderLine.objects.bulk_create(
            [
                OrderLine(
                    merchant=merchant,
                    order=order,
                    position=position,
                    product=product,
                    title=product.title,
                    quantity=1 + position,
                    unit_price=product.price,
                    total=(1 + position) * product.price,
                )
                for order in orders
                for position, product in enumerate(chance.sample(products, LINES))
            ],
            batch_size=BATCH,
        )
