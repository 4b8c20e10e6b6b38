"""A measured difference in words."""

from dataclasses import asdict

import pytest
from django.utils import translation

from core.comparing import Comparison, needed, of_all, per_person
from core.measuring.uplift import Uplift


def stored(difference: float, low: float, high: float, relative: float | None = None) -> dict[str, object]:
    found = Uplift(difference, low, high, relative, None, None)
    return asdict(found) | {"verdict": found.verdict}


@pytest.mark.parametrize(
    ("low", "high", "tone", "caveat"),
    [(10, 200, "success", ""), (-200, -10, "danger", ""), (-50, 200, "neutral", " It may be chance.")],
)
def test_the_words_say_no_more_than_the_interval(low: float, high: float, tone: str, caveat: str) -> None:
    middle = (low + high) / 2
    told = per_person(stored(middle, low, high), "EUR")
    assert (told.tone, told.detail.endswith(f"per person.{caveat}")) == (tone, True)


def test_amounts_above_nothing_have_a_plus_and_the_share_stands_beside_them() -> None:
    told = per_person(stored(105.4, 10, 200.6, 0.125), "EUR")
    assert told == Comparison("success", "+€1.05 (+12.5%)", "95 % certain: between +€0.10 and +€2.01 per person.")


def test_of_all_people_together_it_is_so_many_times_as_much() -> None:
    told = of_all(stored(-100, -150, -50), 200, "EUR")
    assert (told.text, told.detail) == ("\u2212€200.00", "95 % certain: between \u2212€300.00 and \u2212€100.00.")


def test_what_is_needed_is_said_in_the_readers_language() -> None:
    assert needed() == "At least 100 people and 30 buyers are needed on each side."
    with translation.override("de"):
        assert "100" in needed()
        assert needed() != "At least 100 people and 30 buyers are needed on each side."
