"""How fast an answer is at 20,000 products, beside the bare floors; and while a model is trained and swapped.

Part of ``python -m bench recommendations``. Floors: what implicit takes to recommend to one user, what Redis takes for
one pipeline of as many commands, what a view takes that does nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from bench import load
from bench.big_world import world
from bench.figures import Figure

if TYPE_CHECKING:
    from bench.big_shop import BigShop

ROOT = Path(__file__).resolve().parents[1]
ROUNDS, SECONDS, ASKED = 3, 3.0, 1_000
SLOWEST_P95 = 15.0
# What an answer about a customer and a visitor asks Redis.
COMMANDS = 8


def run() -> list[Figure]:
    """Every figure; Django is set up, the database migrated."""
    from bench.big_shop import BigShop  # noqa: PLC0415 - models can be imported only now

    shop = BigShop.create()
    with threadpool_limits(1, "blas"):  # as in a web process
        figures = [*floors(), *without_http(shop)]
    with load.web_server("bench.settings") as port:
        figures += over_http(port, shop)
    return figures


def floors() -> list[Figure]:
    """What cannot be beaten: the libraries alone."""
    from core.redis import redis_client  # noqa: PLC0415 - as above

    def ask_redis() -> None:
        pipeline = redis_client().pipeline(transaction=False)
        for number in range(COMMANDS):
            pipeline.lrange(f"bench:{number}", 0, -1)
        pipeline.execute()

    return [
        Figure("implicit recommends to one user, 20,000 products, p50", _p50(_implicit()), "ms"),
        Figure(f"Redis pipeline of {COMMANDS} commands, p50", _p50(ask_redis), "ms"),
    ]


def _implicit() -> Callable[[], object]:
    """A bare ``recommend`` of a fitted ALS model, as a training process would call it."""
    from implicit.cpu.als import AlternatingLeastSquares  # noqa: PLC0415 - no web process may load it

    matrix = sp.csr_matrix(world().matrix())
    model = AlternatingLeastSquares(factors=64, iterations=1, random_state=1, num_threads=1)
    model.fit(matrix, show_progress=False)
    rows = np.random.default_rng(1).integers(0, matrix.shape[0], ASKED)
    turn = iter(np.tile(rows, 3))

    def ask() -> object:
        row = int(next(turn))
        return model.recommend(row, matrix[row], N=8)

    return ask


def without_http(shop: BigShop) -> list[Figure]:
    """The whole way of an answer but HTTP: who it is, one round trip to Redis, all engines, all stages."""
    from bench.big_shop import VISITORS  # noqa: PLC0415 - as above
    from recommendations.serving import recommend  # noqa: PLC0415

    turn = count()

    def ask() -> object:
        who = next(turn) % VISITORS
        return recommend(
            merchant_id=shop.merchant.pk, placement="home", external_id=f"c-{who}", anonymous_id=f"v-{who}"
        )

    assert len(recommend(merchant_id=shop.merchant.pk, placement="home", external_id="c-1").items) == 8
    return [
        Figure("answer without HTTP, 20,000 products, p50", _p50(ask), "ms", at_most=2),
        Figure("answer without HTTP, 20,000 products, CPU", _cpu(ask), "ms"),
    ]


def _cpu(work: Callable[[], object]) -> float:
    """Milliseconds of this thread: what is left when others use the machine, too."""
    begin = time.thread_time()
    for _ in range(ASKED):
        work()
    return (time.thread_time() - begin) / ASKED * 1000


def _p50(work: Callable[[], object]) -> float:
    """Milliseconds, after a warm-up."""
    taken = []
    for number in range(ASKED + 50):
        begin = time.perf_counter()
        work()
        if number >= 50:
            taken.append((time.perf_counter() - begin) * 1000)
    return median(taken)


def over_http(port: int, shop: BigShop) -> list[Figure]:
    """The API beside views that do nothing; then at a steady rate; then while a model is trained and swapped."""
    asked = [load.get(f"/api/v1/recommendations?{question}", shop.token) for question in shop.questions()]
    kinds = {
        "recommendations": asked,
        "no-op view": [load.get("/api/v1/no-op", shop.token)],
        "no-op view without a key": [load.get("/api/v1/bare", shop.token)],
    }
    for requests in kinds.values():  # warm every worker
        load.throughput(port, requests, seconds=1)
    # In turns, so that a disturbance of the machine hits all of them.
    rounds = [
        {kind: load.throughput(port, requests, seconds=SECONDS) for kind, requests in kinds.items()}
        for _ in range(ROUNDS)
    ]
    rates = {kind: median(turn[kind] for turn in rounds) for kind in kinds}
    return [
        *(Figure(kind, rate, "req/s") for kind, rate in rates.items()),
        Figure("recommendations / no-op view", rates["recommendations"] / rates["no-op view"], "", at_least=0.45),
        *_steady(port, asked),
        *_disturbed(port, asked, shop),
    ]


def _steady(port: int, asked: list[bytes]) -> list[Figure]:
    taken = load.latencies(port, asked, rate=50, seconds=10)
    return [
        Figure("recommendations at 50 req/s, p50", _quantile(taken, 0.5), "ms"),
        Figure("recommendations at 50 req/s, p95", _quantile(taken, 0.95), "ms", at_most=SLOWEST_P95),
    ]


def _disturbed(port: int, asked: list[bytes], shop: BigShop) -> list[Figure]:
    """Every answer is a 200, or ``load`` raises."""
    with _training(), _swaps(shop) as swapped:
        taken = load.latencies(port, asked, rate=50, seconds=15)
    assert swapped, "no model was swapped meanwhile"
    return [
        Figure("… while training and swapping, p50", _quantile(taken, 0.5), "ms"),
        Figure("… while training and swapping, p99", _quantile(taken, 0.99), "ms", at_most=3 * SLOWEST_P95),
    ]


def _quantile(taken: list[float], share: float) -> float:
    return taken[min(int(len(taken) * share), len(taken) - 1)]


@contextmanager
def _training() -> Iterator[None]:
    """Fits models one after the other in a process of its own, as the Procfile's trainer runs."""
    work = "from bench.answering import fit_for_ever; fit_for_ever()"
    limits = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = ["nice", "-n", "10", sys.executable, "-c", work]
    trainer = subprocess.Popen(command, cwd=ROOT, env=os.environ | limits)
    try:
        time.sleep(3)  # until it computes
        assert trainer.poll() is None, "the training ended"
        yield
    finally:
        trainer.terminate()
        trainer.wait(timeout=20)


def fit_for_ever() -> None:
    """What a trainer is busy with."""
    from recommendations.engines.blend import Model  # noqa: PLC0415 - in its own process

    while True:
        Model.fit(world(rows=1_000_000))


@contextmanager
def _swaps(shop: BigShop) -> Iterator[list[str]]:
    """Publishes the model under a new name a few times, from a thread of its own."""
    from django.db import connection  # noqa: PLC0415 - as above

    published: list[str] = []
    stop = threading.Event()

    def swap() -> None:
        while not stop.wait(4):
            published.append(shop.publish().version)
        connection.close()

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield published
    finally:
        stop.set()
        thread.join()
