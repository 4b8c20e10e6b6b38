"""The bootstrap: figures of people drawn again and again from those who were measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommendations.engines.interface import Floats

RESAMPLES = 1_000
SEED = 20_261_120
# More units than this are put into as many groups at random, and groups are drawn: the same interval, at a bounded cost.
MOST_GROUPS = 2_000


def gain_interval(better: Floats, worse: Floats, confidence: float = 0.95) -> tuple[float, float]:
    """Paired bootstrap: the interval of the mean difference ``better`` − ``worse`` over the same customers."""
    return mean_interval(better - worse, np.arange(len(better)), confidence)


def mean_interval(
    values: NDArray[Any], unit: NDArray[np.integer[Any]], confidence: float = 0.95
) -> tuple[float, float]:
    """The interval of the mean of ``values``; what belongs to one ``unit`` (a customer, a session) is drawn together."""
    if not len(values):
        return 0.0, 0.0
    sums, counts = _per_group(values.astype(np.float64), unit)
    drawn = np.random.default_rng(SEED).integers(0, len(sums), (RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _per_group(values: NDArray[np.float64], unit: NDArray[np.integer[Any]]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Sum and number of the values of each unit, or of each group of units where there are very many."""
    found, group = np.unique(unit, return_inverse=True)
    groups = len(found)
    if groups > MOST_GROUPS:
        shuffled = np.random.default_rng(SEED).permutation(groups)
        group, groups = shuffled[group] % MOST_GROUPS, MOST_GROUPS
    return np.bincount(group, values, minlength=groups), np.bincount(group, minlength=groups)
