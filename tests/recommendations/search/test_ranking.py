"""How far a person's taste may move what a text found."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommendations.search.ranking import MOST_PLACES, personal_order, text_order

scores = st.lists(st.tuples(st.floats(0, 1, width=32), st.floats(0, 1, width=32)), max_size=40)


@given(scores, st.integers(0, 5))
def test_nothing_is_lost_and_nothing_moves_far(pairs: list[tuple[float, float]], fixed: int):
    texts = sorted((text for text, _taste in pairs), reverse=True)
    order = personal_order(texts, np.array([taste for _text, taste in pairs], np.float32), fixed=fixed)
    assert sorted(order) == list(range(len(pairs)))
    assert all(abs(was - now) <= MOST_PLACES for now, was in enumerate(order))
    assert order[:fixed] == list(range(len(pairs)))[:fixed]


def test_taste_decides_between_texts_that_fit_equally_well():
    assert personal_order([1.0, 1.0, 1.0], np.array([0, 0.2, 1], np.float32)) == [2, 1, 0]


def test_taste_does_not_overrule_a_much_better_text():
    assert personal_order([1.0, 0.5], np.array([0, 1], np.float32)) == [0, 1]


def test_a_favourite_far_below_comes_up_by_a_few_places_only():
    taste = np.zeros(20, np.float32)
    taste[19] = 1
    order = personal_order([1.0] * 20, taste)
    assert order.index(19) == 19 - MOST_PLACES


def test_exact_matches_come_first_then_text_then_what_people_buy():
    popular = np.array([0, 0.5, 1, 0.1], np.float32)
    assert text_order([0, 0, 0, 2], [1.0, 0.8, 0.8, 0.1], popular) == [3, 0, 2, 1]
