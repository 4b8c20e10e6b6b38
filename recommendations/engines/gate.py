"""Whether a freshly trained model may go live. When not, the old one stays and staff see why.

Every check is kept with its figures, also those that passed, so that a screen can show what was looked at.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recommendations.engines.blend import Model
from recommendations.engines.comparing import Champion, Duel
from recommendations.engines.evaluation import Measured, gain_interval
from recommendations.engines.pipeline import recommend
from recommendations.engines.request import Request

# Fewer people than this measure nothing.
FEWEST_MEASURED = 25
# A model that answers slower than this would slow every page. CPU time of one answer; the interface adds to it.
P95_BUDGET_MS = 25.0
SAMPLED = 200
SEED = 20_261_125

Figures = dict[str, float | int | str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a model stays out: a stable code, and the figures behind it."""

    code: str
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. ``passed`` is None where there was too little to judge by."""

    code: str
    passed: bool | None
    figures: Figures = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "passed": self.passed, **self.figures}


@dataclass(frozen=True, slots=True)
class Live:
    """What the gate knows of the model that answers now; ``champion`` is None where its artefact cannot be read."""

    rows: int
    champion: Champion | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """All checks in order."""

    checks: list[Check]

    @property
    def refusal(self) -> Refusal | None:
        """The first check that failed; None when the model may go live."""
        failed = next((check for check in self.checks if check.passed is False), None)
        return Refusal(failed.code, failed.figures) if failed else None


def judge(
    model: Model, *, rows: int, live: Live | None, measured: dict[str, Measured], duel: Duel | None = None
) -> Verdict:
    """Looks at everything; ``measured`` is by method, ``duel`` how a stand-in does beside the live model."""
    finite = _finite(model)
    checks = [
        finite,
        _rows(rows, live),
        *(_beside(method, measured) for method in ("popularity", "history")),
        _beside_live(duel),
    ]
    if finite.passed:
        checks += _answers(model, live.champion.model if live and live.champion else None)
    return Verdict(checks)


def _finite(model: Model) -> Check:
    for name, array in model.arrays().items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return Check("not_finite", False, {"array": name})
    return Check("not_finite", True)


def _rows(rows: int, live: Live | None) -> Check:
    if live is None:
        return Check("rows_halved", None)
    return Check("rows_halved", rows >= live.rows / 2, {"rows": rows, "live_rows": live.rows})


def _beside(method: str, measured: dict[str, Measured]) -> Check:
    """Clearly worse is: even the upper end of the paired bootstrap's 95 % interval is below zero."""
    code = f"worse_than_{method}"
    if not {"blend", method} <= measured.keys() or len(measured["blend"].all_ndcg) < FEWEST_MEASURED:
        return Check(code, None)
    return _compared(code, *gain_interval(measured["blend"].all_ndcg, measured[method].all_ndcg))


def _beside_live(duel: Duel | None) -> Check:
    if duel is None or len(duel.challenger) < FEWEST_MEASURED:
        return Check("worse_than_live", None)
    check = _compared("worse_than_live", *gain_interval(duel.challenger, duel.champion))
    return Check(check.code, check.passed, {**check.figures, "customers": len(duel.challenger)})


def _compared(code: str, low: float, high: float) -> Check:
    return Check(code, high >= 0, {"low": round(low, 4), "high": round(high, 4)})


def _answers(model: Model, live: Model | None) -> Iterator[Check]:
    """What a sample of customers is shown: how many different products, beside the live model, and how fast."""
    sample = _sampled(model)
    if live is None:
        yield Check("coverage_collapsed", None)
    else:
        shown, live_shown = sample.shown, _sampled(live).shown
        figures: Figures = {"products": shown, "live_products": live_shown}
        yield Check("coverage_collapsed", shown >= live_shown / 2, figures)
    yield Check("too_slow", sample.p95 <= P95_BUDGET_MS, {"p95_ms": round(sample.p95, 2), "budget_ms": P95_BUDGET_MS})


@dataclass(frozen=True, slots=True)
class _Sample:
    """``shown``: how many different products; ``p95``: milliseconds that the slowest twentieth takes at least."""

    shown: int
    p95: float


def _sampled(model: Model) -> _Sample:
    """Time is that of this thread, so that whatever else the machine does is not counted."""
    shown: set[int] = set()
    taken: list[float] = []
    for customer in np.random.default_rng(SEED).integers(0, max(model.customers, 1), SAMPLED if model.products else 0):
        begin = time.thread_time()
        answer = recommend(model, Request(customer=int(customer) if model.customers else None))
        taken.append((time.thread_time() - begin) * 1000)
        shown.update(ranked.product for ranked in answer)
    return _Sample(len(shown), sorted(taken)[int(len(taken) * 0.95)] if taken else 0.0)
