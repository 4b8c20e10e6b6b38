"""How much more the treated spent per person than those held back, and how sure that is. Pure.

The interval is the normal one for two means of unequal variance (Welch), on people and not on requests: of one person
every amount counts into one outcome. Its relative form is by the delta method. Below ``LEAST_PEOPLE`` in an arm, or
``LEAST_BUYERS`` among them, sums of orders are too lopsided for either: then nothing is said but that it is too early.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

LEAST_PEOPLE, LEAST_BUYERS = 100, 30
Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What the people of one arm came to: how many, how many of them bought, the sum of an amount and of its squares."""

    people: int = 0
    buyers: int = 0
    total: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float:
        return self.total / self.people if self.people else 0.0

    @property
    def variance_of_mean(self) -> float:
        """Of the mean of the arm."""
        if self.people < 2:
            return 0.0
        spread = max(self.squares - self.total * self.total / self.people, 0.0) / (self.people - 1)
        return spread / self.people

    @property
    def is_enough(self) -> bool:
        return self.people >= LEAST_PEOPLE and self.buyers >= LEAST_BUYERS


@dataclass(frozen=True, slots=True)
class Uplift:
    """A difference per person with its 95 % interval, and the same in relation to those held back."""

    difference: float
    low: float
    high: float
    relative: float | None
    relative_low: float | None
    relative_high: float | None

    @property
    def verdict(self) -> str:
        """``gain`` or ``loss`` where the interval leaves zero out, else ``unclear``."""
        if self.low > 0:
            return "gain"
        return "loss" if self.high < 0 else "unclear"


def uplift(treated: Outcomes, holdout: Outcomes) -> Uplift | None:
    """None: too few yet to say anything."""
    if not (treated.is_enough and holdout.is_enough):
        return None
    difference = treated.mean - holdout.mean
    margin = Z95 * sqrt(treated.variance_of_mean + holdout.variance_of_mean)
    relative, spread = _relative(treated, holdout)
    return Uplift(
        difference,
        difference - margin,
        difference + margin,
        relative,
        None if relative is None else relative - spread,
        None if relative is None else relative + spread,
    )


def _relative(treated: Outcomes, holdout: Outcomes) -> tuple[float | None, float]:
    """Treated over holdout, less one, and half the width of its interval; None where the holdout spent nothing."""
    if holdout.mean <= 0:
        return None, 0.0
    ratio = treated.mean / holdout.mean
    variance = (treated.variance_of_mean + ratio * ratio * holdout.variance_of_mean) / holdout.mean**2
    return ratio - 1, Z95 * sqrt(variance)
