"""When people buy: by month, weekday and hour, and what they want in which month. Pure."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Demand per month, January first; 1 is the mean.
CURVES = {
    "even": (1.0,) * 12,
    "summer": (0.4, 0.5, 0.8, 1.2, 1.6, 1.9, 1.8, 1.4, 0.9, 0.6, 0.5, 0.6),
    "winter": (1.4, 1.3, 0.9, 0.7, 0.5, 0.5, 0.5, 0.6, 0.9, 1.3, 1.7, 1.7),
    "autumn": (1.0, 0.9, 0.9, 0.8, 0.7, 0.7, 0.7, 0.9, 1.3, 1.5, 1.4, 1.2),
    "spring": (0.7, 0.9, 1.4, 1.7, 1.6, 1.2, 1.0, 0.9, 0.9, 0.7, 0.6, 0.7),
    "sowing": (0.8, 1.6, 2.4, 2.2, 1.5, 0.8, 0.6, 0.5, 0.6, 0.4, 0.3, 0.3),
    "christmas": (0.7, 0.7, 0.8, 0.8, 0.9, 0.8, 0.7, 0.8, 0.9, 1.1, 1.9, 2.4),
}
_SHOP = (0.95, 0.85, 0.95, 1.0, 1.08, 1.05, 0.95, 0.9, 0.95, 1.0, 1.3, 1.35)
_WEEKDAYS = (1.05, 1.0, 0.98, 1.0, 0.92, 0.9, 1.2)
_HOURS = (4, 2, 1, 1, 1, 2, 5, 12, 20, 26, 30, 32, 34, 32, 28, 28, 30, 34, 42, 55, 62, 52, 32, 14)
# The shop grows by a third a year.
_GROWTH = 0.33


def traffic(first: date, days: int) -> Floats:
    """(days,) how busy the shop is on each day from ``first`` on."""
    dates = [first + timedelta(days=day) for day in range(days)]
    return np.array([_SHOP[d.month - 1] * _WEEKDAYS[d.weekday()] * _special(d) for d in dates]) * _trend(days)


def _trend(days: int) -> Floats:
    return np.asarray((1 + _GROWTH) ** (np.arange(days) / 365))


def _special(day: date) -> float:
    """The reduced week at the end of November; the quiet days of Christmas."""
    if day.month == 11 and 22 <= day.day <= 29:
        return 1.7
    return 0.35 if day.month == 12 and 24 <= day.day <= 26 else 1.0


def at_open_hours(rng: np.random.Generator, days: Floats) -> Floats:
    """The same days at times when people buy: at noon and in the evening. Fractions are times of day."""
    weights = np.array(_HOURS, float)
    hour = rng.choice(24, size=len(days), p=weights / weights.sum())
    return np.asarray(np.floor(days) + (hour + rng.random(len(days))) / 24)


def demand(seasons: list[str]) -> Floats:
    """(12, len(seasons)) logarithms of the curves, one row per month."""
    return np.asarray(np.log([CURVES[season] for season in seasons]).T)
