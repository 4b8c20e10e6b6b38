"""Training against the bare ALS fit, and the API against a view that does nothing.

``python -m bench recommendations``; needs PostgreSQL and Redis (``make bench`` brings them) and the sample data.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from random import Random
from statistics import median

import django
import numpy as np
from django.core.management import call_command

from bench import load, online_retail
from bench.figures import Figure
from recommendations.engines import pipeline
from recommendations.engines.als import factorise
from recommendations.engines.blend import Model
from recommendations.engines.request import Request
from recommendations.engines.training import train

ROUNDS = 3
SECONDS = 3.0


class Quiet:
    """Nobody watches the training."""

    def step(self, text: str, *, total: int | None = None) -> None: ...

    def advance(self, count: int = 1) -> None: ...

    def note(self, text: str, **values: object) -> None: ...

    def warn(self, text: str, **values: object) -> None: ...


def run() -> list[Figure]:
    """Every figure of recommendations; none without the sample data."""
    if not online_retail.PARQUET.exists():
        print(f"  skipped: there is no {online_retail.PARQUET}")
        return []
    return [*quality(), *training(), *answering(), *serving()]


def quality() -> list[Figure]:
    """The acceptance protocol at 2011-10-11; ALL counts repeats, NEW does not."""
    return [
        Figure(f"{method}, {name}@10", value)
        for method, measured in online_retail.acceptance().items()
        for name, value in measured.figures().items()
    ]


def training() -> list[Figure]:
    """A whole training (measure, learn, judge) beside the ALS fit it contains, on the same matrix."""
    world = online_retail.interactions()
    matrix = world.without_bots().matrix()
    bare = _fastest(lambda: factorise(matrix))
    whole = _fastest(lambda: train(world, Quiet()))
    return [
        Figure("bare ALS fit", bare, "s"),
        Figure("training without reading", whole, "s"),
        Figure("training / bare ALS fit", whole / bare, "", at_most=4),
    ]


def _fastest(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def answering() -> list[Figure]:
    """The model alone, for a known customer at home: milliseconds without HTTP, Redis or SQL."""
    world = online_retail.interactions()
    model, random = Model.fit(world), Random(1)
    eligible = np.ones(world.shape[1], np.bool_)
    taken = []
    for _ in range(2000):
        request = Request(customer=random.randrange(world.shape[0]), eligible=eligible)
        begin = time.perf_counter()
        pipeline.recommend(model, request)
        taken.append((time.perf_counter() - begin) * 1000)
    return [Figure(f"model alone, {world.shape[1]} products, p50", median(taken), "ms")]


def serving() -> list[Figure]:
    """The API over HTTP, beside views that do nothing on the same server."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    # Models can be imported only now.
    from bench.retail_shop import trained_shop  # noqa: PLC0415

    shop = trained_shop(Quiet())
    with load.web_server("bench.settings") as port:
        return _over_http(port, shop.requests, shop.token)


def _over_http(port: int, asked: list[bytes], token: str) -> list[Figure]:
    kinds = {
        "recommendations": asked,
        "no-op view": [load.get("/api/v1/no-op", token)],
        "no-op view without a key": [load.get("/api/v1/bare", token)],
    }
    for requests in kinds.values():  # warm every worker
        load.throughput(port, requests, seconds=1)
    # In turns, so that a disturbance of the machine hits all of them.
    rounds = [
        {kind: load.throughput(port, requests, seconds=SECONDS) for kind, requests in kinds.items()}
        for _ in range(ROUNDS)
    ]
    rates = {kind: median(turn[kind] for turn in rounds) for kind in kinds}
    taken = load.latencies(port, asked, rate=50, seconds=10)
    return [
        *(Figure(kind, rate, "req/s") for kind, rate in rates.items()),
        Figure("recommendations / no-op view", rates["recommendations"] / rates["no-op view"], "", at_least=0.4),
        Figure("recommendations at 50 req/s, p50", taken[len(taken) // 2], "ms"),
        Figure("recommendations at 50 req/s, p95", taken[int(len(taken) * 0.95)], "ms", at_most=15),
    ]
