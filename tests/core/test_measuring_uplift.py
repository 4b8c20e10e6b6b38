"""What may be said of a difference, and what not."""

import numpy as np
import pytest

from core.measuring.uplift import LEAST_PEOPLE, Outcomes, uplift


def outcomes(amounts: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Outcomes:
    return Outcomes(len(amounts), int((amounts > 0).sum()), float(amounts.sum()), float((amounts**2).sum()))


def spending(random: np.random.Generator, people: int, rate: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Few buy, and amounts are lopsided, as in shops."""
    return np.where(random.random(people) < rate, random.lognormal(8, 0.8, people), 0.0)


def test_too_few_people_or_buyers_say_nothing():
    enough = Outcomes(people=1000, buyers=100, total=1e6, squares=2e9)
    assert uplift(enough, Outcomes(LEAST_PEOPLE - 1, 50, 1e5, 1e9)) is None
    assert uplift(enough, Outcomes(5000, 29, 1e5, 1e9)) is None
    assert uplift(Outcomes(), enough) is None
    assert uplift(enough, enough) is not None


def test_no_difference_is_unclear():
    same = Outcomes(people=1000, buyers=100, total=1e6, squares=2e9)
    found = uplift(same, same)
    assert found is not None
    assert found.difference == 0
    assert found.verdict == "unclear"
    assert found.relative == 0


@pytest.mark.parametrize(("treated", "verdict"), [(0.14, "gain"), (0.06, "loss")])
def test_a_large_difference_is_found(treated: float, verdict: str):
    random = np.random.default_rng(1)
    found = uplift(outcomes(spending(random, 9000, treated)), outcomes(spending(random, 3000, 0.1)))
    assert found is not None
    assert found.verdict == verdict


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """400 shops whose recommendations earn 20 % more: about 95 % of the intervals hold the true difference and ratio."""
    random = np.random.default_rng(7)
    mean = float(np.exp(8 + 0.8**2 / 2))
    held = held_relative = 0
    for _ in range(400):
        found = uplift(outcomes(spending(random, 4000, 0.12)), outcomes(spending(random, 1500, 0.10)))
        assert found is not None
        assert found.relative_low is not None
        assert found.relative_high is not None
        held += found.low <= 0.02 * mean <= found.high
        held_relative += found.relative_low <= 0.2 <= found.relative_high
    assert 0.92 <= held / 400 <= 0.98
    assert 0.91 <= held_relative / 400 <= 0.985


def test_a_holdout_that_spent_nothing_has_no_ratio():
    nothing = Outcomes(people=1000, buyers=40, total=0.0, squares=0.0)
    found = uplift(Outcomes(people=1000, buyers=100, total=1e6, squares=2e9), nothing)
    assert found is not None
    assert found.relative is None
    assert found.low > 0
