"""Searching 20,000 products over HTTP, beside a view that does nothing.

``python -m bench search``; needs PostgreSQL and Redis (``make bench`` brings them).
"""

from __future__ import annotations

import os
import time
from statistics import median
from typing import TYPE_CHECKING

import django
from django.core.management import call_command

from bench import load
from bench.figures import Figure

if TYPE_CHECKING:
    from merchants.models import Merchant

ROUNDS, SECONDS = 3, 3.0
RATE, REPEATED = 50, 100


def run() -> list[Figure]:
    """Every figure of the search."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    # Models can be imported only now.
    from bench.search_shop import searched_shop  # noqa: PLC0415

    shop = searched_shop()
    figures = [Figure(f"indexing, {shop.products} products", shop.products / shop.indexing, "/s", at_least=1000)]
    figures += _alone(shop.merchant)
    with load.web_server("bench.settings") as port:
        return [*figures, *_over_http(port, shop.asked, load.get("/api/v1/no-op", shop.token))]


def _alone(merchant: Merchant) -> list[Figure]:
    """What a search costs this process, and PostgreSQL, without HTTP: found anew, and found a moment ago."""
    from recommendations.search import searching  # noqa: PLC0415

    figures = []
    for text in ("zelt", "jacke blau", "jacke"):
        for kept, name in ((0.0, "anew"), (60.0, "again")):
            searching.KEPT_SECONDS = kept
            searching.search(merchant, text)
            busy, begin = time.process_time(), time.perf_counter()
            for _ in range(REPEATED):
                searching.search(merchant, text)
            figures += [
                Figure(f"“{text}” {name}, CPU of the process", (time.process_time() - busy) / REPEATED * 1000, "ms"),
                Figure(f"“{text}” {name}, until answered", (time.perf_counter() - begin) / REPEATED * 1000, "ms"),
            ]
    return figures


def _over_http(port: int, asked: dict[str, list[bytes]], nothing: bytes) -> list[Figure]:
    """Latency of each kind of question at a steady rate, then how many of all kinds are answered at most."""
    kinds = asked | {"no-op view": [nothing]}
    for requests in kinds.values():  # warm every worker
        load.throughput(port, requests, seconds=1)
    figures = []
    for kind, requests in kinds.items():
        taken = load.latencies(port, requests, rate=RATE, seconds=8)
        bar = None if kind == "no-op view" else 30
        figures += [
            Figure(f"{kind} at {RATE} req/s, p50", taken[len(taken) // 2], "ms"),
            Figure(f"{kind} at {RATE} req/s, p95", taken[int(len(taken) * 0.95)], "ms", at_most=bar),
        ]
    mixed = [request for turn in zip(*asked.values(), strict=False) for request in turn]
    rounds = [
        (load.throughput(port, mixed, seconds=SECONDS), load.throughput(port, [nothing], seconds=SECONDS))
        for _ in range(ROUNDS)
    ]
    searching, floor = median(one for one, _other in rounds), median(other for _one, other in rounds)
    return [*figures, Figure("all kinds", searching, "req/s"), Figure("all kinds / no-op view", searching / floor)]
