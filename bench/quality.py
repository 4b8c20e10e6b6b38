"""How good answers are on real orders: the design's acceptance protocol, with its bars.

``python -m bench quality`` needs no server. ALL counts what a person had bought before, NEW takes it out of list and
target. The blend is what a training on the time before the cut stores. An interval is that of the mean over customers
(or, of a gain, of the paired difference), by 1,000 bootstrap samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from bench import online_retail
from bench.figures import Figure
from recommendations.engines.evaluation import Measured, gain_interval
from recommendations.engines.evaluation.intervals import mean_interval
from recommendations.engines.interface import Floats

ALL_GAIN, NEW_GAIN, COVERAGE = 1.02, 1.15, 0.15


def run() -> list[Figure]:
    """Nothing without the sample data."""
    if not online_retail.PARQUET.exists():
        print(f"  skipped: there is no {online_retail.PARQUET}")
        return []
    found = online_retail.acceptance()
    late = online_retail.acceptance(online_retail.LATE_CUT)
    return [
        *figures(found),
        *(bar for blend in ("blend", "found") for bar in bars(found, blend)),
        *_later(late),
    ]


def _later(found: Mapping[str, Measured]) -> Iterator[Figure]:
    """One day that nothing was ever chosen by: few people, wide intervals, and so no bars."""
    for bar in bars(found, "blend"):
        yield Figure(f"{online_retail.LATE_CUT:%Y-%m-%d}, {len(found['blend'].all_ndcg)} people: {bar.name}", bar.value)


def figures(found: Mapping[str, Measured]) -> Iterator[Figure]:
    """Every method that has anything to say."""
    for method, measured in found.items():
        for kind, hits, gains, covered in _kinds(measured):
            if not gains.any():
                continue
            yield Figure(f"{method}, {kind} HR@10", float(hits.mean()))
            yield Figure(f"{method}, {kind} NDCG@10 {_interval(gains)}", float(gains.mean()))
            yield Figure(f"{method}, {kind} coverage", covered)


def _kinds(measured: Measured) -> Iterator[tuple[str, Floats, Floats, float]]:
    yield "ALL", measured.all_hits, measured.all_ndcg, measured.all_coverage
    yield "NEW", measured.new_hits, measured.new_ndcg, measured.new_coverage


def _interval(values: Floats) -> str:
    low, high = mean_interval(values, np.arange(len(values)))
    return f"({low:.3f} to {high:.3f})"


def bars(found: Mapping[str, Measured], blend: str) -> Iterator[Figure]:
    """The blend beside the best of all engines alone, of own history with recent popularity, and of popularity."""
    singles = {name: found[name] for name in online_retail.SINGLE}
    ours = found[blend]
    label = {"blend": "a training's blend", "found": "tuned from equal weights"}[blend]
    yield _gain(f"{label} / best single, ALL", ours.all_ndcg, {n: m.all_ndcg for n, m in singles.items()}, ALL_GAIN)
    yield _gain(f"{label} / best single, NEW", ours.new_ndcg, {n: m.new_ndcg for n, m in singles.items()}, NEW_GAIN)
    yield Figure(f"{label}, coverage of NEW", ours.new_coverage, at_least=COVERAGE)


def _gain(label: str, ours: Floats, singles: Mapping[str, Floats], at_least: float) -> Figure:
    name, best = max(singles.items(), key=lambda single: float(single[1].mean()))
    low, high = gain_interval(ours, best)
    return Figure(f"{label}: {name} ({low:+.4f} to {high:+.4f})", float(ours.mean() / best.mean()), at_least=at_least)
