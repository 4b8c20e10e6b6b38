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
from recommendations.engines.interactions import Interactions
from recommendations.engines.recipe import USUAL
from recommendations.engines.recipes import SECONDS, found
from recommendations.engines.training import WINDOW_DAYS, Unwatched, train

ROUNDS = 3
LEARNING, WHOLE = 4.0, 12.0


class Quiet(Unwatched):
    """Nobody watches the training."""

    def note(self, text: str, **values: object) -> None: ...

    def warn(self, text: str, **values: object) -> None: ...


class Stopwatch(Unwatched):
    """How much CPU time each step of a training took; the last one is open."""

    def __init__(self) -> None:
        self.taken: dict[str, float] = {}
        self._step, self._since = "", 0.0

    def step(self, text: str, *, total: int | None = None) -> None:
        now = time.process_time()
        self.taken[self._step] = now - self._since
        self._step, self._since = text, now


def run() -> list[Figure]:
    """Every figure of recommendations; none without the sample data."""
    if not online_retail.PARQUET.exists():
        print(f"  skipped: there is no {online_retail.PARQUET}")
        return []
    return [*quality.run(), *training(), *serving()]


def training() -> list[Figure]:
    """Beside a bare ALS fit on the same matrix, in CPU time: what the machine spends, whatever else it does.

    Learning everything (ten engines, ALS with a head start) has had the bar 4 since it was two engines. A training learns twice,
    once without the newest weeks, and asks some 3,000 questions there: that has a bar of its own. The search for a
    recipe, once in four weeks, has its budget.
    """
    world = online_retail.interactions()
    matrix = world.without_bots().matrix()
    bare = _cheapest(lambda: factorise(matrix))
    nights = [_night(world) for _ in range(ROUNDS)]
    learning, whole = (min(values) for values in zip(*nights, strict=True))
    search = _cheapest(lambda: found(world.without_bots(), WINDOW_DAYS), rounds=1)
    return [
        Figure("bare ALS fit, CPU", bare, "s"),
        Figure("learning everything, CPU", learning, "s"),
        Figure("learning everything / bare ALS fit", learning / bare, at_most=LEARNING),
        Figure("training without reading, CPU", whole, "s"),
        Figure("training / bare ALS fit", whole / bare, at_most=WHOLE),
        Figure("search for a recipe, CPU", search, "s", at_most=SECONDS),
    ]


def _night(world: Interactions) -> tuple[float, float]:
    """CPU seconds of the step that learns from everything, and of a whole training with a recipe that is known."""
    watch = Stopwatch()
    begin = time.process_time()
    train(world, watch, recipe=USUAL)
    return watch.taken["learn"], time.process_time() - begin


def _cheapest(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    taken = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return min(taken)


def serving() -> list[Figure]:
    """Answers at 20,000 products, without and over HTTP, beside what cannot be beaten."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    return answering.run()
