"""What a decision costs through the API in a shop with a thousand promotions, and how fast codes are made.

``python -m bench redemptions``; needs PostgreSQL and Redis (``make bench-promotions`` brings them). The cart has ten
lines, a known customer and a coupon; one promotion in a hundred matches. Once over HTTP, by the web server of an installation at
a steady rate; once through the whole stack in this process, which tells what of it the processor takes; and that once
more in a shop with ten thousand.
"""

from __future__ import annotations

import json
import os
import time
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

import django
from django.core.management import call_command

from bench import load
from bench.figures import Figure

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from merchants.models import Merchant

PROMOTIONS, MANY, ROUNDS, CODES = 1_000, 10_000, 300, 200_000
RATE, SECONDS = 20.0, 15.0
EVALUATE = "/api/v1/promotions/evaluate"
CART: dict[str, Any] = {
    "lines": [{"sku": f"S-{number}", "quantity": 2, "unit_price": 1000 + 137 * number} for number in range(10)],
    "shopper": {"id": "ada"},
}


def run() -> list[Figure]:
    """Every figure of promotions in a shop."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    # Models can be imported only now.
    from bench import lock_waits  # noqa: PLC0415

    merchant, token, client = _shop()
    rate = _codes(merchant)
    _stock(merchant, PROMOTIONS)
    figures = [
        Figure("codes made", rate, "/s", at_least=50_000),
        *_over_http(token),
        *(few := _timed(client, "evaluate, 1,000 promotions", EVALUATE, CART)),
        *_timed(client, "reserve, 1,000 promotions", "/api/v1/reservations", {"cart": CART}),
    ]
    bigger, _token, client = _shop()
    _codes(bigger)
    _stock(bigger, MANY)
    many = _timed(client, "evaluate, 10,000 promotions", EVALUATE, CART)
    ratio = many[0].value / few[0].value
    return [
        *figures,
        *many,
        Figure("evaluate, 10,000 / 1,000 promotions, 1 % match (100 against 10)", ratio, at_most=2),
        *lock_waits.run(),
    ]


def _shop() -> tuple[Merchant, str, APIClient]:
    """A merchant, a key of theirs, and a storefront that uses it."""
    from rest_framework.test import APIClient  # noqa: PLC0415

    from merchants.actions import create_api_key  # noqa: PLC0415
    from merchants.models import Merchant  # noqa: PLC0415

    merchant = Merchant.objects.create(slug=f"bench-{time.time_ns()}", name="Bench")
    _key, token = create_api_key(merchant, kind="sk", name="bench")
    return merchant, token, APIClient(headers={"Authorization": f"Bearer {token}"}, SERVER_NAME="localhost")


def _over_http(token: str) -> list[Figure]:
    """Counted from the moment a request was due; every answer is a 200, or ``load`` raises."""
    asked = [load.post(EVALUATE, token, json.dumps(CART).encode())]
    with load.web_server("bench.settings") as port:
        load.throughput(port, asked, seconds=2)  # every worker loads and compiles
        taken = load.latencies(port, asked, rate=RATE, seconds=SECONDS)
    name = f"evaluate over HTTP at {RATE:g} req/s, 1,000 promotions"
    return [
        Figure(f"{name}, p50", median(taken), "ms"),
        Figure(f"{name}, p95", quantiles(taken, n=20)[-1], "ms", at_most=20),
    ]


def _codes(merchant: Merchant) -> float:
    from promotions.actions.coupons import BatchData, create_batch, fill_batch  # noqa: PLC0415

    batch = create_batch(merchant, BatchData(key="BENCH", name="Bench", count=CODES))
    begin = time.perf_counter()
    fill_batch(batch)
    return CODES / (time.perf_counter() - begin)


def _stock(merchant: Merchant, promotions: int) -> None:
    from customers.models import Customer, Identity  # noqa: PLC0415
    from promotions.actions.offers import note_active_set  # noqa: PLC0415
    from promotions.models import Coupon, Promotion, PromotionVersion  # noqa: PLC0415

    ada = Customer.objects.create(merchant=merchant, first_name="Ada")
    Identity.objects.create(merchant=merchant, customer=ada, kind="external_id", value="ada")
    coupon = Coupon.objects.for_merchant(merchant).order_by("pk").first()
    CART["codes"] = [coupon.code] if coupon else []
    made = Promotion.objects.bulk_create(
        Promotion(
            merchant=merchant, key=f"p-{number}", name=f"Offer {number}", uses_limit=10**9 if number % 2 else None
        )
        for number in range(promotions)
    )
    versions = PromotionVersion.objects.bulk_create(
        PromotionVersion(
            merchant=merchant,
            promotion=promotion,
            number=1,
            definition=_definition(promotion.key, promotion.pk, number),
        )
        for number, promotion in enumerate(made)
    )
    for promotion, version in zip(made, versions, strict=True):
        promotion.version, promotion.status = version, Promotion.Status.ACTIVE
    Promotion.objects.for_merchant(merchant).bulk_update(made, ["version", "status"], batch_size=500)
    note_active_set(merchant)


def _definition(key: str, age: int, number: int) -> dict[str, Any]:
    """Every hundredth is for a product of the cart, one of those for the coupon; the others for other products."""
    target = {"products": [f"S-{number // 100 % 10}" if number % 100 == 0 else f"Z-{number}"]}
    said = {"id": key, "version": 1, "age": age, "target": target, "benefit": {"percent": {"percent": "5"}}}
    return said | ({"when": {"code": ["@BENCH"]}} if number == 0 else {})


def _timed(client: APIClient, name: str, path: str, body: dict[str, Any]) -> list[Figure]:
    """Wall time and the process's own, which is all there is where other work shares the machine."""
    wall, own = [], []
    for number in range(ROUNDS + 20):
        begin, begin_own = time.perf_counter(), time.process_time()
        answer = client.post(path, body, format="json")
        assert answer.status_code in (200, 201), answer.content
        if number >= 20:  # the first ones load and compile
            wall.append((time.perf_counter() - begin) * 1000)
            own.append((time.process_time() - begin_own) * 1000)
    return [
        Figure(f"{name}, p50", median(wall), "ms"),
        Figure(f"{name}, p95", quantiles(wall, n=20)[-1], "ms"),
        Figure(f"{name}, processor time p50", median(own), "ms"),
    ]
