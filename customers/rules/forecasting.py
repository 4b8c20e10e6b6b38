"""From purchase days to what customers are expected to buy, and how far off such a forecast would have been. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customers.rules.clv import Floats, Histories, NotFitted, fit_bg_nbd, fit_gamma_gamma, shrink

Ints = NDArray[np.int64]
YEAR, WEEK = 365, 7
# Customers who came back at least once, below which no model is fitted.
ENOUGH_REPEATERS = 100
# Days of the back-test: half a year, or a third of the records; shorter ones tell nothing.
LONGEST_TEST, SHORTEST_TEST = 182, 28


@dataclass(frozen=True)
class Purchases:
    """Who bought on which day, for how much: one row per customer and day, in any order. Days count from anywhere."""

    who: Ints
    day: Ints
    value: Floats

    def until(self, day: int) -> Purchases:
        """Those of ``day`` and before."""
        return self._where(self.day <= day)

    def after(self, day: int) -> Purchases:
        return self._where(self.day > day)

    def _where(self, chosen: NDArray[np.bool_]) -> Purchases:
        return Purchases(self.who[chosen], self.day[chosen], self.value[chosen])

    def counted(self, customers: Ints) -> Floats:
        """Purchase days of each of these customers (ascending ids)."""
        return self._sum(customers, np.ones(len(self.who)))

    def valued(self, customers: Ints) -> Floats:
        """What each of these customers paid."""
        return self._sum(customers, self.value)

    def _sum(self, customers: Ints, weights: Floats) -> Floats:
        at = np.searchsorted(customers, self.who)
        known = (at < len(customers)) & (customers[np.minimum(at, len(customers) - 1)] == self.who)
        return np.bincount(at[known], weights[known], minlength=len(customers)).astype(np.float64)


@dataclass(frozen=True)
class Forecast:
    """What each customer (ascending ids) is expected to buy; ``alive`` is None where the method cannot tell."""

    customers: Ints
    orders: Floats
    value: Floats
    alive: Floats | None
    method: str  # "bg_nbd" or "average"
    parameters: dict[str, float]
    repeaters: int


def summarise(purchases: Purchases, *, today: int) -> tuple[Ints, Histories]:
    """The customers, by id, and the three numbers of each (in weeks) with the mean value of repeat purchases."""
    customers, at = np.unique(purchases.who, return_inverse=True)
    first = np.full(len(customers), np.iinfo(np.int64).max)
    last = np.full(len(customers), np.iinfo(np.int64).min)
    np.minimum.at(first, at, purchases.day)
    np.maximum.at(last, at, purchases.day)
    x = np.asarray(np.bincount(at, minlength=len(customers)) - 1.0, dtype=np.float64)
    is_repeat = purchases.day > first[at]
    spent = np.bincount(at[is_repeat], purchases.value[is_repeat], minlength=len(customers))
    mean = np.asarray(np.divide(spent, x, out=np.zeros(len(customers)), where=x > 0), dtype=np.float64)
    weeks = np.maximum(today - first, 0) / WEEK
    recency = np.asarray((last - first) / WEEK, dtype=np.float64)
    return customers, Histories(x, recency, weeks.astype(np.float64), np.asarray(np.maximum(mean, 0), dtype=np.float64))


def forecast(purchases: Purchases, *, today: int, days: int = YEAR) -> Forecast:
    """Expected purchase days and their value within ``days`` after ``today``."""
    customers, histories = summarise(purchases, today=today)
    repeaters = int((histories.x > 0).sum())
    if repeaters >= ENOUGH_REPEATERS:
        try:
            return _modelled(customers, histories, days, repeaters)
        except NotFitted:
            pass
    return _averaged(customers, histories, purchases, days, repeaters)


def _modelled(customers: Ints, histories: Histories, days: int, repeaters: int) -> Forecast:
    coming, spending = fit_bg_nbd(histories), fit_gamma_gamma(histories)
    x, recency, age = histories.x, histories.recency, histories.age
    orders = coming.expected(days / WEEK, x, recency, age)
    parameters = {"r": coming.r, "alpha": coming.alpha, "a": coming.a, "b": coming.b}
    parameters |= {"p": spending.p, "q": spending.q, "gamma": spending.gamma}
    return Forecast(
        customers,
        orders,
        orders * spending.expected(x, histories.value),
        coming.alive(x, recency, age),
        "bg_nbd",
        parameters,
        repeaters,
    )


def _averaged(customers: Ints, histories: Histories, purchases: Purchases, days: int, repeaters: int) -> Forecast:
    mean = float(purchases.value.mean()) if len(purchases.value) else 0.0
    plain = shrink(histories, mean=mean)
    orders = plain.expected(days / WEEK, histories.x, histories.age) if plain.patience else np.zeros(len(customers))
    value = orders * plain.value(histories.x, histories.value)
    parameters = {"rate": plain.rate, "mean": plain.mean, "patience": plain.patience}
    return Forecast(customers, orders, value, None, "average", parameters, repeaters)


def back_test(purchases: Purchases, *, today: int) -> dict[str, Any] | None:
    """Forecast the newest days from all before them, and compare with what then happened.

    Beside it stands the simplest forecast of all: everybody does the same as in the period before. None where the
    records are too short. Errors are mean absolute errors per customer.
    """
    if not len(purchases.day):
        return None
    # Records that end long ago, as imported ones may, are tested where they end.
    today = min(today, int(purchases.day.max()))
    days = min(LONGEST_TEST, (today - int(purchases.day.min())) // 3)
    if days < SHORTEST_TEST:
        return None
    cut = today - days
    before, then = purchases.until(cut), purchases.after(cut)
    if not len(before.who):
        return None
    made = forecast(before, today=cut, days=days)
    who = made.customers
    last = before.after(cut - days)
    orders = _compared(made.orders, last.counted(who), then.counted(who))
    value = _compared(made.value, last.valued(who), then.valued(who))
    return {"days": days, "customers": len(who), "method": made.method, "orders": orders, "value": value}


def _compared(predicted: Floats, repeated: Floats, actual: Floats) -> dict[str, float]:
    return {
        "predicted": float(predicted.sum()),
        "repeated": float(repeated.sum()),
        "actual": float(actual.sum()),
        "predicted_error": float(np.abs(predicted - actual).mean()),
        "repeated_error": float(np.abs(repeated - actual).mean()),
    }
