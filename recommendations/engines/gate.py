"""Whether a freshly trained model may go live. When not, the old one stays and staff see why."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from recommendations.engines.blend import Model
from recommendations.engines.evaluation import Measured, gain_interval

# Fewer people than this measure nothing.
FEWEST_MEASURED = 25


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a model stays out: a stable code, and the figures behind it."""

    code: str
    figures: dict[str, float | str] = field(default_factory=dict)


def judge(model: Model, *, rows: int, live_rows: int | None, measured: dict[str, Measured]) -> Refusal | None:
    """The first reason to refuse ``model``, None when it may go live.

    ``live_rows``: what the live model was trained on, None without one; ``measured`` by method.
    """
    return _not_finite(model) or _lost_rows(rows, live_rows) or _worse_than_popularity(measured)


def _not_finite(model: Model) -> Refusal | None:
    for name, array in model.arrays().items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return Refusal("not_finite", {"array": name})
    return None


def _lost_rows(rows: int, live_rows: int | None) -> Refusal | None:
    if live_rows is not None and rows < live_rows / 2:
        return Refusal("rows_halved", {"rows": rows, "live_rows": live_rows})
    return None


def _worse_than_popularity(measured: dict[str, Measured]) -> Refusal | None:
    """Clearly worse: even the upper end of the paired bootstrap's 95 % interval is below zero."""
    if "blend" not in measured or len(measured["blend"].all_ndcg) < FEWEST_MEASURED:
        return None
    low, high = gain_interval(measured["blend"].all_ndcg, measured["popularity"].all_ndcg)
    return Refusal("worse_than_popularity", {"low": round(low, 4), "high": round(high, 4)}) if high < 0 else None
