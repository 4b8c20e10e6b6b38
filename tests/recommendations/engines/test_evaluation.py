"""The figures of ranked lists, by hand."""

import numpy as np
import pytest
import scipy.sparse as sp

from recommendations.engines.evaluation import intervals
from recommendations.engines.evaluation.intervals import mean_interval
from recommendations.engines.evaluation.lists import Answers, Collector, Range, figures


def answers(*cases: tuple[int, list[int], list[int]], depth: int = 3) -> Answers:
    """From (unit, ranked, wanted)."""
    collector = Collector(depth)
    for unit, ranked, wanted in cases:
        collector.add(unit, np.array(ranked, np.int32), np.array(wanted, np.int32))
    return collector.answers()


# Five products; 0 is bought by all four people, 1 by two of them, 2 by the other two, 3 by one, 4 by nobody.
KNOWN = Range.of(
    sp.csr_array(np.array([[1, 1, 0, 0, 0], [2, 1, 0, 0, 0], [1, 0, 1, 1, 0], [1, 0, 1, 0, 0]], np.float32))
)


def test_hits_gains_recalls_and_ranks_by_hand():
    found = answers((1, [0, 1, 2], [1, 4]), (2, [3, 4], [3]), (3, [0], [2]))
    third = 1 / np.log2(3)
    assert found.hit_rates().tolist() == [1, 1, 0]
    assert found.gains().tolist() == pytest.approx([third / (1 + third), 1, 0], rel=1e-6)
    assert found.recalls().tolist() == [0.5, 1, 0]
    assert found.reciprocal_ranks().tolist() == [0.5, 1, 0]


def test_a_list_is_cut_at_its_depth_and_the_ideal_too():
    found = answers((1, [4, 3, 2, 1], [1, 2, 3, 4]), depth=2)
    assert found.ranked.tolist() == [[4, 3]]
    assert found.gains().tolist() == [1]
    assert found.recalls().tolist() == [0.5]


def test_what_is_beyond_accuracy_by_hand():
    found = figures(answers((1, [0, 1], [1]), (2, [1, 2], [4]), depth=2), KNOWN)
    assert found["coverage"].value == pytest.approx(3 / 5)
    shares = np.array([5, 3, 3, 3]) / 5
    assert found["novelty"].value == pytest.approx(-np.log2(shares).mean())
    # 0 and 1 share two of four and two buyers: cosine 2/√8; 1 and 2 share none.
    assert found["distance"].value == pytest.approx((1 - 2 / np.sqrt(8) + 1) / 2)
    # The two most popular are 0 and 1, so the hit on 1 was to be expected.
    assert found["serendipity"].value == 0
    assert figures(answers((1, [0, 2], [2]), depth=2), KNOWN)["serendipity"].value == 0.5


def test_popular_may_mean_recently_popular():
    recent = Range.of(KNOWN.buyers.T.tocsr(), np.array([0, 0, 0, 9, 0], np.float32))
    assert recent.popular[0] == 3


def test_nobody_asked_nothing_found():
    empty = answers()
    assert figures(empty, KNOWN) == {}
    assert not empty.says_anything
    assert not answers((1, [], [2])).says_anything


def test_what_belongs_to_one_person_is_drawn_together():
    """A thousand clicks of two people say little more than two people do."""
    values = np.repeat([0.0, 1.0], 500)
    alone, together = mean_interval(values, np.arange(1000)), mean_interval(values, np.repeat([1, 2], 500))
    assert alone == pytest.approx((0.47, 0.53), abs=0.01)
    assert together == (0.0, 1.0)


def test_an_interval_over_very_many_is_that_of_groups(monkeypatch: pytest.MonkeyPatch):
    values = np.random.default_rng(1).random(3000)
    exact = mean_interval(values, np.arange(3000))
    monkeypatch.setattr(intervals, "MOST_GROUPS", 500)
    assert mean_interval(values, np.arange(3000)) == pytest.approx(exact, abs=0.004)
