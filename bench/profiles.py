"""The customer's page, the list and the till's question, in a shop of 200,000 customers and two million events.

``python -m bench profiles``; needs PostgreSQL and Redis (``make bench`` brings them). Pages are asked for as a colleague's
browser does, the look-up as a till does, over HTTP from the server of the Procfile.
"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import django
from django.core.management import call_command
from django.utils import timezone

from bench import load
from bench.figures import Figure

if TYPE_CHECKING:
    from bench.crowd import Crowd

# What a person waits for, and what a sales person with a customer in front of them does.
PAGE, TILL = 300.0, 50.0
# One transaction, in which nobody else may write to the person's rows.
MOST_ERASURE = 60.0
PAGES_PER_SECOND, LOOKUPS_PER_SECOND, SECONDS = 5.0, 20.0, 12.0


def run() -> list[Figure]:
    """Every figure of profiles."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)  # pages name their assets by content
    # Models can be imported only now.
    from bench import crowd  # noqa: PLC0415
    from bench.asking import extra_queries  # noqa: PLC0415

    begin = time.perf_counter()
    shop = crowd.create()
    made = time.perf_counter() - begin
    with load.web_server("bench.settings") as port:
        figures = [figure for name, paths in _pages(shop).items() for figure in _timed(port, shop, name, paths)]
        figures += _lookups(port, shop)
    small = crowd.create(customers=1, orders=0, events=1)
    return [
        Figure("making 200,000 customers and 2,000,000 events", made, "s", at_most=180),
        *figures,
        *(Figure(name, extra, "", at_most=most) for name, extra, most in extra_queries(small, shop)),
        _erasure(shop),
    ]


def _pages(shop: Crowd) -> dict[str, list[str]]:
    """What staff open, each in several forms: no page is the same twice in a row."""
    random = Random(1)
    people = [f"customers/{shop.customer(random.randrange(1, 200_000))}/" for _ in range(200)]
    busiest = f"customers/{shop.busiest}/"
    numbers = [random.randrange(200_000) for _ in range(100)]
    return {
        "profile page": people,
        "profile page, 100,000 events": [busiest, f"{busiest}?kind=activity", f"{busiest}?kind=orders"],
        "timeline, far back": [f"{busiest}timeline?{_before(weeks)}" for weeks in (3, 6, 9)],
        "list, first page": ["customers/"],
        "list, search by address": [f"customers/?q=person{number}@" for number in numbers],
        "list, search by name": [f"customers/?q={name}" for name in ("ada+muster1", "grace", "lindgr", "zzz", "konrad+stein96")],
        "list, sorted": [f"customers/?sort={sort}" for sort in ("-revenue", "revenue", "newest", "-predicted", "last_order")],
        "list, filtered": [
            f"customers/?{query}"
            for query in ("country=CH", "lifecycle=defecting", "bought=no", "bought=again&country=FR", "lifecycle=lead&sort=-predicted")
        ],
    }  # fmt: skip


def _before(weeks: int) -> str:
    return urlencode({"before": (timezone.now() - timedelta(weeks=weeks)).isoformat(), "shown": 0})


def _timed(port: int, shop: Crowd, name: str, paths: list[str]) -> list[Figure]:
    requests = [load.page(f"/m/{shop.merchant.slug}/{path}", shop.cookie) for path in paths]
    load.throughput(port, requests, seconds=2, connections=2)  # warm every worker
    taken = load.latencies(port, requests, rate=PAGES_PER_SECOND, seconds=SECONDS)
    return _figures(name, taken, PAGE)


def _lookups(port: int, shop: Crowd) -> list[Figure]:
    random = Random(2)
    asked = []
    for _ in range(500):
        number = random.randrange(66_000) * 3
        asked.append(random.choice([f"email=person{number}@crowd.example", f"phone=%2B4930{10_000_000 + number}", f"card=card-{number}"]))  # fmt: skip
    requests = [load.get(f"/api/v1/customers/lookup?{query}", shop.token) for query in asked]
    load.throughput(port, requests, seconds=2, connections=2)
    return _figures(
        "look-up at the till", load.latencies(port, requests, rate=LOOKUPS_PER_SECOND, seconds=SECONDS), TILL
    )


def _erasure(shop: Crowd) -> Figure:
    """The customer with a hundred thousand events leaves, in one transaction, as the job does it."""
    # Models can be imported only now.
    from customers.actions.privacy import open_request  # noqa: PLC0415
    from customers.actions.privacy.erasure import erase_customer  # noqa: PLC0415
    from customers.models import Customer  # noqa: PLC0415

    customer = Customer.objects.for_merchant(shop.merchant).get(pk=shop.busiest)
    asked = open_request(
        shop.merchant, kind="erasure", channel="email", customer=customer, identity_evidence="the bench"
    )
    begin = time.perf_counter()
    erase_customer(customer, request=asked, staff=None)
    return Figure("erasure of a person with 100,000 events", time.perf_counter() - begin, "s", at_most=MOST_ERASURE)


def _figures(name: str, taken: list[float], bar: float) -> list[Figure]:
    return [
        Figure(f"{name}, p50", taken[len(taken) // 2], "ms"),
        Figure(f"{name}, p95", taken[int(len(taken) * 0.95)], "ms", at_most=bar),
    ]
