"""Of two statements about a person the newer counts, in whatever order they come."""

from datetime import UTC, datetime, timedelta

from customers.rules.details import DETAILS, latest

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
EARLIER = AT - timedelta(days=1)
NOTHING = dict.fromkeys(DETAILS, "")


def given(name, stored, *, at=AT, known_at=None, since=None):
    """The last name after ``name`` was given at ``at`` to a profile that says ``stored``."""
    moments = {"last_name": known_at.isoformat()} if known_at else {}
    changed, noted = latest(NOTHING | {"last_name": stored}, {"last_name": name}, moments=moments, at=at, since=since)
    return changed.get("last_name", stored), noted


def test_what_was_stored_without_a_moment_gives_way_to_any_later_word():
    for name in ("Berg", "Zander"):  # before and after in the alphabet
        assert given(name, "Muster") == (name, {"last_name": AT.isoformat()})


def test_what_was_stored_without_a_moment_is_as_old_as_the_newest_order():
    assert given("Berg", "Muster", since=EARLIER)[0] == "Berg"
    assert given("Berg", "Muster", since=AT + timedelta(days=1)) == ("Muster", {})


def test_the_newer_of_two_moments_counts():
    assert given("Berg", "Muster", known_at=EARLIER)[0] == "Berg"
    assert given("Berg", "Muster", known_at=AT + timedelta(days=1)) == ("Muster", {})


def test_of_two_statements_at_one_moment_the_greater_counts_whichever_came_first():
    assert given("Berg", "Muster", known_at=AT)[0] == given("Muster", "Berg", known_at=AT)[0] == "Muster"


def test_an_empty_detail_says_nothing():
    assert given("", "Muster") == ("Muster", {})
