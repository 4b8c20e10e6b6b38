"""Training against the bare ALS fit, and the API against a view that does nothing.

``python -m bench recommendations``; needs PostgreSQL and Redis (``make bench`` brings them) and the sample data.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import django
from django.core.management import call_command

from bench import answering, online_retail, quality
from bench.figures import Figure
from recommendations.engines.als import factorise
from recommendations.engines.training import train

ROUNDS = 3


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
    return [*quality.run(), *training(), *serving()]


def training() -> list[Figure]:
    """A whole training (measure, learn, judge) beside the ALS fit it contains, on the same matrix."""
    world = online_retail.interactions()
    matrix = world.without_bots().matrix()
    bare = _fastest(lambda: factorise(matrix))
    whole = _fastest(lambda: train(world, Quiet()))
    return [
        Figure("bare ALS fit", bare, "s"),
        Figure("training without reading", whole, "s"),
        Figure("training / bare ALS fit", whole / bare),
    ]


def _fastest(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def serving() -> list[Figure]:
    """Answers at 20,000 products, without and over HTTP, beside what cannot be beaten."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    return answering.run()
