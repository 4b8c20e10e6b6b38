"""Which decays suit a shop: searched on its newest sessions, which the neighbours do not contain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from recommendations.engines.interface import Floats, Ints, Tick, no_tick
from recommendations.engines.sessions.columns import Sessions
from recommendations.engines.sessions.index import Index
from recommendations.engines.sessions.knn import FLAT, Current, SessionNeighbours, Variant

# One after the other, twice: what suits a decay depends on the others.
GRID: Mapping[str, Sequence[float]] = {
    "again": (1.0, 0.5, 0.25, 0.1, 0.0),
    "position": (0.5, 1.0, 2.0, 4.0, FLAT),
    "match": (0.5, 1.0, 2.0, 4.0, FLAT),
    "closeness": (0.7, 1.5, 3.0, 6.0, FLAT),
    "recency_days": (2.5, 5.0, 10.0, 30.0, 100.0, FLAT),
    "rarity": (0.0, 0.3, 1.0, 3.0),
}
ROUNDS = 2
# The newest so many sessions are predicted, of so many clicks at most: some seconds in all.
HELD_SHARE, MOST_HELD, MOST_CASES, FEWEST_CASES = 0.1, 2_000, 750, 100
DEPTH = 20
# So many standard errors.
CERTAIN = 3.0
SEED = 20_261_125

Case = tuple[Ints, int]


def trials(among: Sequence[str]) -> int:
    """How often :func:`tuned` ticks, where there is anything to search on."""
    return ROUNDS * sum(len(GRID[name]) for name in among)


def tuned(sessions: Sessions, start: Variant, *, among: Sequence[str] = tuple(GRID), tick: Tick = no_tick) -> Variant:
    """The best variant found from ``start`` by changing what is ``among`` the grid; ``start`` where little is known.

    A variant that shows nothing ``again`` is asked only for products that the session has not seen.
    """
    past, cases = _held_out(sessions, only_new=start.again == 0 and "again" not in among)
    if len(cases) < FEWEST_CASES:
        return start
    index = Index.of(past)
    found = {start: gains(SessionNeighbours(index, start), cases)}
    best = start
    for name in [name for _round in range(ROUNDS) for name in GRID if name in among]:
        for value in GRID[name]:
            changed: dict[str, Any] = {name: value}
            tried = replace(best, **changed)
            if tried not in found:
                found[tried] = gains(SessionNeighbours(index, tried), cases)
            tick()
            if _is_better(found[tried], found[best]):
                best = tried
    return best


def _is_better(gains: Floats, others: Floats) -> bool:
    """By more than chance would explain: of sixty tries some are always lucky."""
    difference = gains - others
    return bool(difference.mean() > CERTAIN * difference.std() / np.sqrt(len(difference)))


def gains(knn: SessionNeighbours, cases: Sequence[Case]) -> Floats:
    """NDCG@20 of each case: with one product wanted, 1 / log2(its place + 1), 0 beyond the list."""
    return np.array([_gain(knn, clicks, wanted) for clicks, wanted in cases], np.float32)


def _gain(knn: SessionNeighbours, clicks: Ints, wanted: int) -> float:
    scores = knn.scores(Current.of(clicks))
    if scores is None or scores[wanted] <= 0:
        return 0.0
    # Among equals, the earlier product comes first.
    place = int((scores > scores[wanted]).sum()) + int((scores[:wanted] == scores[wanted]).sum())
    return float(1 / np.log2(place + 2)) if place < DEPTH else 0.0


def _held_out(sessions: Sessions, *, only_new: bool) -> tuple[Sessions, list[Case]]:
    """The older sessions, and a seeded sample of the next clicks of the newest ones."""
    held = min(int(sessions.count * HELD_SHARE), MOST_HELD)
    first = sessions.count - held
    past, late = sessions.where(sessions.session < first), sessions.where(sessions.session >= first)
    cases = list(_cases(late, only_new=only_new))
    if len(cases) > MOST_CASES:
        chosen = np.random.default_rng(SEED).choice(len(cases), MOST_CASES, replace=False)
        cases = [cases[row] for row in chosen]
    return past, cases


def _cases(sessions: Sessions, *, only_new: bool) -> Iterator[Case]:
    edges = np.flatnonzero(np.diff(sessions.session, prepend=-1, append=-1))
    for begin, end in pairwise(edges):
        for click in range(begin + 1, end):
            clicks, wanted = sessions.product[begin:click], int(sessions.product[click])
            if not (only_new and wanted in clicks):
                yield clicks, wanted
