"""Session neighbours at the size of a big shop, and how much of a planted structure each of the family recovers.

``python -m bench sessions``; needs neither servers nor sample data. Times are CPU times of one core.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from statistics import quantiles

import numpy as np

from bench.figures import Figure
from bench.planted import UNTIL, Planted
from recommendations.engines.interface import Context, Ints
from recommendations.engines.sessions.columns import Sessions
from recommendations.engines.sessions.engine import START, SessionKnn
from recommendations.engines.sessions.index import Index
from recommendations.engines.sessions.knn import VARIANTS, Current, SessionNeighbours

BIG = Planted(products=20_000, sessions=300_000)
SMALL = Planted()
LOOKS = (1, 3, 10)
ASKED = 1_000
# As many as a storefront shows.
SHOWN = 8


def run() -> list[Figure]:
    """Every figure of session neighbours."""
    return [*learning_and_answering(), *recovery()]


def learning_and_answering() -> list[Figure]:
    """How long 20,000 products and 300,000 sessions take to learn and to ask."""
    events, ids = BIG.frame(), np.arange(BIG.products, dtype=np.int64)
    begin = time.process_time()
    sessions = Sessions.from_frame(events, ids, UNTIL)
    engine = SessionKnn(SessionNeighbours(Index.of(sessions), START))
    took = time.process_time() - begin
    size = sum(array.nbytes for array in engine.arrays().values()) / 1e6
    figures = [
        Figure(f"learning from {len(sessions):,} looks", took, "s"),
        Figure("  per million looks", took / len(sessions) * 1e6, "s"),
        Figure("artefact", size, "MB"),
    ]
    for looks in LOOKS:
        visits = _visits(sessions, looks)
        half, most = _percentiles(engine.scores, visits)
        why, _most = _percentiles(lambda visit: engine.because(visit, np.arange(SHOWN, dtype=np.int32)), visits)
        figures += [
            Figure(f"scores after {looks} looks, p50", half, "ms", at_most=1),
            Figure(f"scores after {looks} looks, p95", most, "ms", at_most=2),
            Figure(f"reasons of {SHOWN} after {looks} looks, p50", why, "ms"),
        ]
    return figures


def _visits(sessions: Sessions, looks: int) -> list[Context]:
    """Visits that begin as the newest sessions do; popular products are asked about most."""
    long = np.flatnonzero(np.bincount(sessions.session) >= looks)[-ASKED:]
    firsts = np.searchsorted(sessions.session, long)
    parts: Iterable[Ints] = (sessions.product[first : first + looks] for first in firsts)
    return [Context(session=part, session_weights=np.ones(looks, np.float32)) for part in parts]


def _percentiles(answer: Callable[[Context], object], visits: list[Context]) -> tuple[float, float]:
    """Median and 95th percentile, in milliseconds."""
    taken = []
    for visit in visits:
        begin = time.process_time()
        answer(visit)
        taken.append((time.process_time() - begin) * 1000)
    ranks = quantiles(taken, n=20)
    return ranks[9], ranks[18]


def recovery() -> list[Figure]:
    """For how many products the one planted as next is ranked first; its parents are there to be beaten."""
    index = Index.of(Sessions.from_frame(SMALL.frame(), np.arange(SMALL.products, dtype=np.int64), UNTIL))
    return [
        Figure(
            f"successors recovered by {name}",
            recovered(SessionNeighbours(index, variant), SMALL),
            at_least=0.95 if name == "v-stan" else None,
        )
        for name, variant in VARIANTS.items()
    ]


def recovered(knn: SessionNeighbours, planted: Planted) -> float:
    """The share of products whose successor is ranked first after a look at the product before and at itself."""
    nexts, before = planted.successors(), planted.successors(turned=True)
    right = 0
    for product in range(planted.products):
        seen = np.array([before[product], product], np.int32)
        scores = knn.scores(Current.of(seen))
        if scores is not None:
            scores[seen] = 0
            right += int(scores.argmax() == nexts[product])
    return right / planted.products
