"""BG/NBD and Gamma-Gamma: published values, numerical integration, and parameters found again in simulated data."""

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.special import beta as beta_function
from scipy.stats import gamma as gamma_distribution

from customers.rules.clv import BgNbd, Floats, GammaGamma, Histories, NotFitted, fit_bg_nbd, fit_gamma_gamma, shrink

# The estimates that Fader, Hardie and Lee (2005) publish for the CDNOW cohort; the data themselves are not needed here.
CDNOW = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
CDNOW_SPENDING = GammaGamma(p=6.25, q=3.74, gamma=15.44)


def one(value: float) -> Floats:
    return np.array([value])


def simulate(model: BgNbd, people: int, rng: np.random.Generator) -> Histories:
    """Customers who live as the model tells it, seen for 39 to 78 weeks."""
    rates = rng.gamma(model.r, 1 / model.alpha, people)
    leaving = rng.beta(model.a, model.b, people)
    age = rng.uniform(39, 78, people)
    x, recency = np.zeros(people), np.zeros(people)
    for i in range(people):
        at = rng.exponential(1 / rates[i])
        while at <= age[i]:
            x[i], recency[i] = x[i] + 1, at
            if rng.random() < leaving[i]:
                break
            at += rng.exponential(1 / rates[i])
    return Histories(x, recency, age, np.zeros(people))


def test_the_published_example_is_met() -> None:
    # Fader and Hardie work it out for customer 0001 of CDNOW: x = 2, t = 30.43, T = 38.86, the next 39 weeks.
    expected = CDNOW.expected(39, one(2), one(30.43), one(38.86))
    assert expected[0] == pytest.approx(1.226, abs=5e-4)


@pytest.mark.parametrize(("x", "recency", "age"), [(0, 0.0, 20.0), (1, 5.0, 20.0), (4, 18.0, 20.0)])
def test_the_likelihood_is_the_integral_over_rates_and_leaving(x: int, recency: float, age: float) -> None:
    """Equation (3) of the paper, integrated numerically over its two mixing distributions."""
    model = BgNbd(r=1.5, alpha=6.0, a=1.5, b=2.5)

    def of_one(p: float, rate: float) -> float:
        alive = (1 - p) ** x * rate**x * np.exp(-rate * age)
        left = p * (1 - p) ** (x - 1) * rate**x * np.exp(-rate * recency) if x else 0.0
        density = p ** (model.a - 1) * (1 - p) ** (model.b - 1) / beta_function(model.a, model.b)
        return float((alive + left) * density * gamma_distribution.pdf(rate, model.r, scale=1 / model.alpha))

    integral, _error = dblquad(of_one, 1e-9, 6, 0, 1)
    found = model.log_likelihood(one(x), one(recency), one(age))[0]
    assert found == pytest.approx(np.log(integral), rel=1e-3)


def test_the_likelihood_of_nothing_bought_again_by_hand() -> None:
    # x = 0: L = (alpha / (alpha + T))^r, whatever a and b.
    found = CDNOW.log_likelihood(one(0), one(0), one(38.86))[0]
    assert found == pytest.approx(0.243 * np.log(4.414 / (4.414 + 38.86)))


def test_gamma_gamma_is_the_integral_over_means() -> None:
    """The mean of x purchases is Gamma(p x, x v) distributed given v, and v is Gamma(q, gamma) distributed."""
    p, q, gamma, x, mean = 2.0, 3.0, 15.0, 3, 12.0

    def of_one(v: float) -> float:
        given_v = gamma_distribution.pdf(mean, p * x, scale=1 / (x * v))
        return float(given_v * gamma_distribution.pdf(v, q, scale=1 / gamma))

    integral, _error = quad(of_one, 0, 5)
    found = GammaGamma(p, q, gamma).log_likelihood(one(x), one(mean))[0]
    assert found == pytest.approx(np.log(integral), rel=1e-6)


def test_what_somebody_spends_is_drawn_towards_the_mean() -> None:
    mean = CDNOW_SPENDING.mean
    assert mean == pytest.approx(35.22, abs=0.01)
    low, high = CDNOW_SPENDING.expected(np.array([1.0, 1.0]), np.array([10.0, 100.0]))
    assert 10 < low < mean < high < 100
    assert CDNOW_SPENDING.expected(one(200), one(100.0))[0] == pytest.approx(100, rel=0.02)
    assert CDNOW_SPENDING.expected(one(0), one(0.0))[0] == pytest.approx(mean)


def test_parameters_are_found_again_in_simulated_lives() -> None:
    truth = BgNbd(r=0.6, alpha=6.0, a=0.9, b=3.0)
    histories = simulate(truth, 7_000, np.random.default_rng(20_261))
    found = fit_bg_nbd(histories)
    assert found.r == pytest.approx(truth.r, rel=0.1)
    assert found.alpha == pytest.approx(truth.alpha, rel=0.12)
    assert found.a / (found.a + found.b) == pytest.approx(truth.a / (truth.a + truth.b), rel=0.15)
    seen = [histories.x, histories.recency, histories.age]
    assert found.log_likelihood(*seen).sum() >= truth.log_likelihood(*seen).sum()


def test_parameters_of_spending_are_found_again() -> None:
    rng = np.random.default_rng(7)
    truth = GammaGamma(p=4.0, q=4.0, gamma=2000.0)
    x = rng.integers(1, 8, 8000).astype(np.float64)
    v = rng.gamma(truth.q, 1 / truth.gamma, 8000)
    mean = rng.gamma(truth.p * x, 1 / (x * v))
    found = fit_gamma_gamma(Histories(x, x, x, mean))
    assert (found.p, found.q) == (pytest.approx(4.0, rel=0.1), pytest.approx(4.0, rel=0.1))
    assert found.mean == pytest.approx(truth.mean, rel=0.05)


def test_long_histories_neither_overflow_nor_go_negative() -> None:
    x = np.array([0.0, 1.0, 50.0, 700.0, 3000.0])
    recency, age = np.array([0.0, 1.0, 200.0, 519.0, 519.9]), np.full(5, 520.0)
    assert np.isfinite(CDNOW.log_likelihood(x, recency, age)).all()
    alive, expected = CDNOW.alive(x, recency, age), CDNOW.expected(52, x, recency, age)
    assert ((alive >= 0) & (alive <= 1)).all()
    assert (np.isfinite(expected) & (expected >= 0)).all()


def test_the_pole_of_the_closed_form_is_stepped_over() -> None:
    beside = [BgNbd(0.5, 5.0, a, 2.0).expected(52, one(3), one(40), one(50))[0] for a in (0.9999, 1.0, 1.0001)]
    assert beside[0] == pytest.approx(beside[1], rel=1e-3) == beside[2]


def test_who_was_silent_for_long_is_hardly_alive_and_a_newcomer_is() -> None:
    recent, silent = CDNOW.alive(np.array([6.0, 6.0]), np.array([38.0, 10.0]), np.array([39.0, 39.0]))
    assert recent > 0.85
    assert silent < 0.05
    assert CDNOW.alive(one(0), one(0), one(39))[0] == 1


def test_data_without_repeats_fit_nothing() -> None:
    nobody = np.zeros(50)
    with pytest.raises(NotFitted):
        fit_gamma_gamma(Histories(nobody, nobody, np.full(50, 30.0), nobody))
    with pytest.raises(NotFitted):
        fit_bg_nbd(Histories(nobody, nobody, np.full(50, 30.0), nobody))


def test_the_plain_way_draws_the_few_towards_everybody() -> None:
    x, age = np.array([0.0, 10.0]), np.array([50.0, 50.0])
    plain = shrink(Histories(x, x, age, np.array([0.0, 80.0])), mean=40.0)
    none, many = plain.expected(50, x, age)
    assert 0 < none < 5 < many < 10  # everybody's rate is 5 in 50 weeks
    assert plain.value(one(1), one(80.0))[0] == pytest.approx((80 + 3 * 40) / 4)
