"""Who is held back is a person, for good."""

from hypothesis import given
from hypothesis import strategies as st

from core.measuring.holdout import HOLDOUT, OPEN, TREATED, arm, person_key


@given(person=st.text(min_size=1, max_size=40), percent=st.integers(1, 50))
def test_a_person_stays_where_they_are(person: str, percent: int):
    first = arm(1, "home", percent, person)
    assert {arm(1, "home", percent, person) for _ in range(3)} == {first}
    if first == HOLDOUT:
        assert arm(1, "home", 50, person) == HOLDOUT  # a larger share keeps them


def test_about_the_share_is_held_back():
    held = sum(arm(1, "home", 10, f"c{number}") == HOLDOUT for number in range(20_000))
    assert 1850 < held < 2150


def test_placements_and_merchants_draw_on_their_own():
    people = [f"c{number}" for number in range(20_000)]
    home = {person for person in people if arm(1, "home", 20, person) == HOLDOUT}
    basket = {person for person in people if arm(1, "basket", 20, person) == HOLDOUT}
    elsewhere = {person for person in people if arm(2, "home", 20, person) == HOLDOUT}
    for other in (basket, elsewhere):
        assert 0.17 < len(home & other) / len(home) < 0.23


def test_nobody_in_particular_takes_no_part():
    assert arm(1, "home", 50, "") == OPEN
    assert arm(1, "home", 0, "c1") == OPEN
    assert {arm(1, "home", 50, f"c{number}") for number in range(100)} == {HOLDOUT, TREATED}


def test_a_profile_comes_before_its_numbers_and_visits():
    assert person_key(customer_id=5, external_key=6, anonymous_id="v") == "c5"
    assert person_key(external_key=6, anonymous_id="v") == "k6"
    assert person_key(anonymous_id="v") == "vv"
    assert person_key() == ""
