"""What a training costs by the size of the shop: CPU seconds and memory at 0.2, 2 and 20 million purchases.

``python -m bench training``; needs no server. Every size trains in a process of its own, so that its memory is its own,
on one thread, so that CPU time is what the machine spends on it whatever else it does. ``BENCH_MILLIONS=0.2,2`` chooses
the sizes.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime

import numpy as np

from bench.figures import Figure
from recommendations.engines.als import factorise
from recommendations.engines.interactions import Interactions
from recommendations.engines.recipe import USUAL
from recommendations.engines.training import train

MILLIONS = (0.2, 2.0, 20.0)
PER_CUSTOMER, PER_BASKET, DAYS = 20, 4, 730
GROUPS = 50
SEED = 20_261_125


class Quiet:
    """Nobody watches the training."""

    def step(self, text: str, *, total: int | None = None) -> None: ...

    def advance(self, count: int = 1) -> None: ...


def run() -> list[Figure]:
    """Figures of every size."""
    chosen = os.environ.get("BENCH_MILLIONS", "")
    return [
        figure
        for size in ([float(one) for one in chosen.split(",")] if chosen else MILLIONS)
        for figure in _figures(size)
    ]


def _figures(millions: float) -> list[Figure]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "bench.training", str(millions)],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    name = f"{millions:g} M purchases"
    return [
        Figure(f"{name}: training, CPU", found["cpu"], "s"),
        Figure(f"{name}: CPU per million", found["cpu"] / millions, "s"),
        Figure(f"{name}: most memory", found["memory"] / 1e6, "MB"),
        Figure(f"{name}: memory per million", found["memory"] / 1e6 / millions, "MB"),
        Figure(f"{name}: share of pure implicit fits", found["fits"] / found["cpu"]),
    ]


def generated(purchases: int) -> Interactions:
    """A shop whose products sell like a power law, and whose customers like some of fifty groups of them."""
    random = np.random.default_rng(SEED)
    products, customers = (20_000 if purchases >= 1_000_000 else 5_000), purchases // PER_CUSTOMER
    rank = (products * random.random(purchases) ** 3).astype(np.int32)
    customer = np.repeat(random.integers(0, customers, purchases // PER_BASKET, dtype=np.int32), PER_BASKET)
    # Three of four purchases are of the group that the customer likes.
    liked = rank // GROUPS * GROUPS + customer % GROUPS
    product = np.where(random.random(purchases) < 0.75, np.minimum(liked, products - 1), rank).astype(np.int32)
    basket = np.repeat(np.arange(purchases // PER_BASKET, dtype=np.int32), PER_BASKET)
    age = np.repeat(random.uniform(0, DAYS, purchases // PER_BASKET).astype(np.float32), PER_BASKET)
    return Interactions(
        product_ids=np.arange(1, products + 1),
        category=(np.arange(products) % GROUPS).astype(np.int32),
        product_age=np.full(products, DAYS, np.float32),
        customer_ids=np.arange(1, customers + 1),
        product=product,
        customer=customer,
        basket=basket,
        age=age,
        until=datetime(2026, 11, 25, tzinfo=UTC),
    )


def measured(millions: float) -> dict[str, float]:
    """One nightly training in this process, beside the fits of implicit's ALS that are in it: from scratch, and with a head start.

    The recipe is known, as it is in all but one night of 28; searching one has a budget of its own.
    """
    world = generated(int(millions * 1e6))
    begin = time.process_time()
    train(world, Quiet(), recipe=USUAL)
    cpu = time.process_time() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    matrix = world.matrix()
    begin = time.process_time()
    _customers, products = factorise(matrix)
    factorise(matrix, start=products)
    return {"cpu": cpu, "memory": memory, "fits": time.process_time() - begin}


if __name__ == "__main__":
    print(json.dumps(measured(float(sys.argv[1]))))
