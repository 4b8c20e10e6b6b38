"""Events of visitors as sessions: what belongs together, in which order, as of when."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from recommendations.engines.interactions import Interactions
from recommendations.engines.sessions.columns import CART, ORDER, VIEW, Sessions
from recommendations.engines.sessions.visit import visit
from tests.recommendations.worlds import NOON, frame, products

IDS = np.array([10, 20, 30, 40], np.int64)


def events(rows: list[tuple[int, int, float, str]]) -> pl.DataFrame:
    """From (visitor, product, minutes before noon, kind)."""
    return pl.DataFrame(
        {
            "visitor": [row[0] for row in rows],
            "product": [row[1] for row in rows],
            "occurred_at": [(NOON - timedelta(minutes=row[2])).replace(tzinfo=None) for row in rows],
            "kind": [row[3] for row in rows],
        },
        schema={"visitor": pl.Int64, "product": pl.Int64, "occurred_at": pl.Datetime("us"), "kind": pl.String},
    )


def by_session(sessions: Sessions) -> list[list[int]]:
    """The products of each session."""
    return [sessions.product[sessions.session == number].tolist() for number in range(sessions.count)]


def test_a_session_ends_after_half_an_hour_without_anything_and_with_the_visitor():
    sessions = Sessions.from_frame(
        events(
            [
                (1, 30, 25, "view"),
                (2, 40, 50, "view"),
                (1, 10, 100, "view"),
                (1, 20, 71, "view"),
                (1, 20, 40.9, "cart"),
                (2, 10, 19, "order"),
            ]
        ),
        IDS,
        NOON,
    )
    assert by_session(sessions) == [[0, 1], [3], [1, 2], [0]]
    assert sessions.kind.tolist() == [VIEW, VIEW, VIEW, CART, VIEW, ORDER]
    assert sessions.visitor.tolist() == [1, 1, 2, 1, 1, 2]
    assert (sessions.age * 24 * 60).tolist() == pytest.approx([100, 71, 50, 40.9, 25, 19], abs=0.01)


def test_what_cannot_be_placed_is_left_out():
    told = events(
        [(1, 10, 5, "view"), (1, 99, 4, "view"), (1, 20, -1, "view"), (1, 30, 3, "hovered"), (1, 40, 2, "view")]
    )
    assert by_session(Sessions.from_frame(told, IDS, NOON)) == [[0, 3]]


def test_sessions_that_are_given_are_not_cut():
    told = events([(1, 10, 300, "view"), (1, 20, 5, "view"), (1, 30, 4, "view")])
    told = told.with_columns(session=pl.Series([7, 7, 8])).drop("visitor", "kind")
    assert by_session(Sessions.from_frame(told, IDS, NOON)) == [[0, 1], [2]]


def test_the_world_of_earlier_knows_only_the_beginning_of_what_went_on_then():
    day = 24 * 60
    told = events([(1, 10, 3 * day, "view"), (2, 20, day + 10, "view"), (2, 30, day - 10, "view"), (3, 40, 5, "view")])
    world = Interactions.from_frames(frame([(1, 10, 1, 2.0)]), products([10, 20, 30, 40]), NOON, told)
    assert world.sessions
    assert by_session(world.sessions) == [[0], [1, 2], [3]]
    past = world.older_than(1).sessions
    assert past
    assert by_session(past) == [[0], [1]]
    assert past.age.tolist() == pytest.approx([2, 10 / day], abs=1e-4)


def test_a_shop_that_tracks_nothing_has_no_sessions():
    purchases, goods = frame([(1, 10, 1, 2.0)]), products([10])
    assert Interactions.from_frames(purchases, goods, NOON).sessions is None
    assert Interactions.from_frames(purchases, goods, NOON, events([])).sessions is None
    assert Interactions.from_frames(purchases, goods, NOON).older_than(1).sessions is None


def test_no_event_of_the_range_is_no_session():
    sessions = Sessions.from_frame(events([(1, 99, 5, "view")]), IDS, datetime(2026, 11, 20, 12, tzinfo=UTC))
    assert (len(sessions), sessions.count) == (0, 0)


def test_a_visit_is_what_was_done_lately_the_newest_last():
    session, weights = visit(
        [(3, "viewed", 0), (1, "added", 60), (4, "removed", 90), (2, "viewed", 2 * 3600), (5, "viewed", 24 * 3600)]
    )
    assert session == [2, 1, 3]
    assert weights == pytest.approx([0.5, 2, 1], rel=0.02)
