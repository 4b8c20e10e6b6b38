"""What customers will buy: BG/NBD for how often, Gamma-Gamma for how much. Pure: numpy and scipy, plain values.

Sources of the formulas:

- P. Fader, B. Hardie, K. Lee (2005): "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model,
  Marketing Science 24(2). Likelihood, equation (6); expected purchases, equation (10).
- P. Fader, B. Hardie (2008): Computing P(alive) Using the BG/NBD Model.
- P. Fader, B. Hardie (2013): The Gamma-Gamma Model of Monetary Value.

A customer is described by three numbers: ``x`` repeat purchases, the last of them ``recency`` after the first
purchase, ``age`` since the first purchase. All times are in one unit; we use weeks.

The story that the models tell. While a customer is alive, purchases come at random at a rate of their own; rates are
Gamma(r, alpha) distributed. After each purchase they leave for good with a probability of their own; these are
Beta(a, b) distributed. What they spend per purchase varies around a mean of their own, independent of how often.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1

Floats = NDArray[np.float64]
# Parameters are searched on a logarithmic scale within these bounds; at a bound the data do not hold the model.
LOWEST, HIGHEST = np.log(1e-3), np.log(1e4)


class NotFitted(Exception):  # noqa: N818  # it says what happened
    """The likelihood has no maximum inside the bounds: these data do not determine the model."""


@dataclass(frozen=True)
class Histories:
    """Customers as the models see them: arrays of one length; ``value`` is the mean of the repeat purchases."""

    x: Floats
    recency: Floats
    age: Floats
    value: Floats

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class BgNbd:
    """The fitted rates of purchase and of leaving."""

    r: float
    alpha: float
    a: float
    b: float

    def log_likelihood(self, x: Floats, recency: Floats, age: Floats) -> Floats:
        """Per customer, in log space throughout: no intermediate value over- or underflows.

        L = Γ(r+x) α^r / Γ(r) · { B(a, b+x)/B(a, b) · (α+T)^-(r+x)  +  [x > 0] B(a+1, b+x-1)/B(a, b) · (α+t)^-(r+x) }
        """
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
        alive = betaln(a, b + x) - (r + x) * np.log(alpha + age)
        repeats = np.maximum(x, 1)
        left = betaln(a + 1, b + repeats - 1) - (r + x) * np.log(alpha + recency)
        both = np.where(x > 0, np.logaddexp(alive, left), alive)
        return np.asarray(common + both, dtype=np.float64)

    def alive(self, x: Floats, recency: Floats, age: Floats) -> Floats:
        """The probability that each has not left; by the model everybody is alive until their first repeat purchase."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        repeats = np.maximum(x, 1)
        log_odds = np.log(a) - np.log(b + repeats - 1) + (r + x) * (np.log(alpha + age) - np.log(alpha + recency))
        return np.asarray(np.where(x > 0, 1 / (1 + np.exp(np.minimum(log_odds, 700.0))), 1.0), dtype=np.float64)

    def expected(self, within: float, x: Floats, recency: Floats, age: Floats) -> Floats:
        """Expected purchases of each in the next ``within``."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        # The closed form divides by a - 1; beside that pole it is continuous, so that a small step is harmless.
        a = a + 1e-6 if abs(a - 1) < 1e-6 else a
        c = a + b + x - 1
        z = within / (alpha + age + within)
        # By Euler's transformation of the 2F1 of equation (10): there a huge number would meet a tiny one.
        grown = c / (a - 1) * (1 - (1 - z) ** (a - 1) * hyp2f1(a - 1, c - r - x, c, z))
        return np.asarray(np.maximum(grown, 0) * self.alive(x, recency, age), dtype=np.float64)


@dataclass(frozen=True)
class GammaGamma:
    """How the mean value of a purchase varies between customers."""

    p: float
    q: float
    gamma: float

    def log_likelihood(self, x: Floats, value: Floats) -> Floats:
        """Of the mean ``value`` of ``x`` purchases, per customer."""
        p, q, gamma = self.p, self.q, self.gamma
        return np.asarray(
            gammaln(p * x + q)
            - gammaln(p * x)
            - gammaln(q)
            + q * np.log(gamma)
            + (p * x - 1) * np.log(value)
            + p * x * np.log(x)
            - (p * x + q) * np.log(gamma + value * x),
            dtype=np.float64,
        )

    @property
    def mean(self) -> float:
        """Of a purchase by somebody nothing is known of; infinite unless q > 1."""
        return self.p * self.gamma / (self.q - 1) if self.q > 1 else float("inf")

    def expected(self, x: Floats, value: Floats) -> Floats:
        """The mean value of each one's purchases: what was seen, drawn towards everybody's mean."""
        p, q, gamma = self.p, self.q, self.gamma
        return np.asarray(p * (gamma + x * value) / (p * x + q - 1), dtype=np.float64)


def fit_bg_nbd(histories: Histories) -> BgNbd:
    """The parameters of greatest likelihood. Raises NotFitted where the data do not determine them."""
    x, recency, age = histories.x, histories.recency, histories.age
    scale = float(max(age.max(), 1e-9)) / 10  # so that alpha is searched around one, whatever the unit
    recency, age = recency / scale, age / scale

    def loss(logs: Floats) -> float:
        return -float(BgNbd(*np.exp(logs)).log_likelihood(x, recency, age).mean())

    r, alpha, a, b = (
        float(value) for value in _best(loss, [(0.0, 0.0, 0.0, 0.0), (-1.0, 0.0, -0.5, 1.0), (0.5, 0.5, -2.0, 0.0)])
    )
    return BgNbd(r, alpha * scale, a, b)


def fit_gamma_gamma(histories: Histories) -> GammaGamma:
    """The parameters of greatest likelihood, from customers with a repeat purchase of some value."""
    seen = (histories.x > 0) & (histories.value > 0)
    x, value = histories.x[seen], histories.value[seen]
    if not len(x):
        raise NotFitted
    scale = float(value.mean())

    def loss(logs: Floats) -> float:
        return -float(GammaGamma(*np.exp(logs)).log_likelihood(x, value / scale).mean())

    p, q, gamma = (float(value) for value in _best(loss, [(1.0, 1.0, 1.0), (2.0, 1.5, 0.0)]))
    if q <= 1:
        raise NotFitted  # the mean of a purchase would be infinite
    return GammaGamma(p, q, gamma * scale)


def _best(loss: Any, starts: list[tuple[float, ...]]) -> Floats:
    """The best of several starts; raises NotFitted where none converges inside the bounds."""
    bounds = [(LOWEST, HIGHEST)] * len(starts[0])
    found = [minimize(loss, np.array(start), method="L-BFGS-B", bounds=bounds) for start in starts]
    usable = [result for result in found if np.isfinite(result.fun) and not _at_bound(result.x)]
    if not usable:
        raise NotFitted
    best = min(usable, key=lambda result: float(result.fun))
    return np.asarray(np.exp(best.x), dtype=np.float64)


def _at_bound(logs: Floats) -> bool:
    return bool(((logs < LOWEST + 1e-3) | (logs > HIGHEST - 1e-3)).any())


@dataclass(frozen=True)
class Shrunken:
    """The plain way for small shops: each one's own averages, drawn towards everybody's. It says nothing of leaving.

    A customer counts as if they had also behaved like the average one for ``patience`` of time and ``WEIGHT``
    purchases.
    """

    rate: float
    mean: float
    patience: float

    WEIGHT = 3.0

    def expected(self, within: float, x: Floats, age: Floats) -> Floats:
        own = (x + self.rate * self.patience) / (age + self.patience)
        return np.asarray(own * within, dtype=np.float64)

    def value(self, x: Floats, value: Floats) -> Floats:
        return np.asarray((x * value + self.WEIGHT * self.mean) / (x + self.WEIGHT), dtype=np.float64)


def shrink(histories: Histories, *, mean: float) -> Shrunken:
    """Averages of everybody; ``mean`` is that of all purchases, the first ones included."""
    time = float(histories.age.sum())
    rate = float(histories.x.sum()) / time if time > 0 else 0.0
    return Shrunken(rate, mean, float(np.median(histories.age)) if len(histories) else 0.0)
