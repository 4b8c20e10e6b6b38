"""Drawing one of several things by their shares, many thousand times. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

import numpy as np


class Lot:
    """A wheel of fortune over the keys of ``shares``, whose values need not add up to one."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        self.values, self.bounds = list(shares), list(accumulate(shares.values()))

    def draw(self, rng: np.random.Generator) -> str:
        point = rng.random() * self.bounds[-1]
        return next(value for value, bound in zip(self.values, self.bounds, strict=True) if point < bound)
