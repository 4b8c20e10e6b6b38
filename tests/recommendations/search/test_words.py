"""Texts as they are compared."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recommendations.search.words import distance, fold, indexed, key_of, slips, vocabulary, words_of


def test_case_accents_and_signs_make_no_difference():
    assert key_of("Crème brûlée, groß!") == key_of("CREME  BRULEE  GROSS") == "creme brulee gross"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("T-Shirt", ["t", "shirt", "tshirt"]),
        ("200ml", ["200ml", "200", "ml"]),
        ("84029/E", ["84029", "e", "84029e"]),
        ("— !", []),
    ],
)
def test_other_ways_to_write_a_word_are_indexed(text: str, words: list[str]):
    assert indexed(text) == words


def test_the_vocabulary_keeps_the_spelling_and_leaves_numbers_out():
    assert vocabulary("Stühle 200ml zu", "STÜHLE Tisch") == ["stühle", "tisch"]


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [
        ("zelt", "zelt", 0),
        ("zlet", "zelt", 1),
        ("zellt", "zelt", 1),
        ("zet", "zelt", 1),
        ("salt", "zelt", 2),
        ("", "ab", 2),
    ],
)
def test_distance_counts_slips(one: str, other: str, slips: int):
    assert distance(one, other) == distance(other, one) == slips


@given(st.text("abcäß", min_size=2, max_size=9))
def test_every_slip_is_one_letter_away(word: str):
    assert all(distance(word, slip) == 1 for slip in slips(word))


@given(st.text())
@example("𝕬")
def test_folding_again_changes_nothing(text: str):
    assert fold(fold(text)) == fold(text) or words_of(fold(text)) == words_of(text)
