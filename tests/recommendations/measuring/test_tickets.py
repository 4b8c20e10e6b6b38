"""An answer's id carries the answer, for its own merchant, and nobody can make or read one."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engines.request import PLACEMENTS
from recommendations.measuring import tickets
from recommendations.measuring.tickets import PLACES, SOURCES, BadTicket, issue, new_id, read, source_code


def ticket(merchant_id: int = 1, **told: object) -> str:
    about: dict[str, object] = {
        "placement": "basket",
        "arm": "holdout",
        "customer_id": 77,
        "products": [5, 9, 2],
        "sources": [1, 2, 3],
    }
    return issue(merchant_id, new_id(), **(about | told))  # type: ignore[arg-type]


@given(
    products=st.lists(st.integers(1, 2**40), max_size=100),
    customer=st.none() | st.integers(1, 2**50),
    placement=st.sampled_from(PLACES),
    arm=st.sampled_from(tickets.ARMS),
    is_search=st.booleans(),
)
def test_a_ticket_says_what_was_answered(
    products: list[int], customer: int | None, placement: str, arm: str, is_search: bool
):
    sources = [number % len(SOURCES) for number in range(len(products))]
    answer = new_id()
    about = {"placement": placement, "arm": arm, "customer_id": customer, "products": products, "sources": sources}
    given_out = issue(3, answer, is_search=is_search, **about)  # type: ignore[arg-type]
    found = read(3, given_out)
    assert found.id == int.from_bytes(answer, signed=True)
    assert (found.placement, found.arm, found.customer_id) == (placement, arm, customer)
    assert (list(found.products), list(found.sources)) == (products, sources)
    assert abs(found.at - datetime.now(UTC)) < timedelta(seconds=5)
    assert len(given_out) <= tickets.MAX_TICKET


def test_a_ticket_of_another_merchant_is_no_ticket():
    with pytest.raises(BadTicket):
        read(2, ticket(1))


@pytest.mark.parametrize("broken", ["", "x", "ä" * 40, "a" * 95, "A" * 2000, "…"])
def test_what_is_no_ticket_is_refused(broken: str):
    with pytest.raises(BadTicket):
        read(1, broken)


@given(place=st.integers(0, 200), letter=st.sampled_from("AQgw_-09"))
def test_no_letter_of_a_ticket_can_be_changed(place: int, letter: str):
    good = ticket()
    place %= len(good) - 1  # the last letter holds spare bits
    changed = good[:place] + letter + good[place + 1 :]
    if changed != good:
        with pytest.raises(BadTicket):
            read(1, changed)


def test_a_ticket_of_a_search_says_so_in_the_open_and_cannot_be_made_another():
    found, recommended = ticket(is_search=True), ticket()
    assert (found.startswith("search-"), recommended.startswith("search-")) == (True, False)
    for turned in (found.removeprefix("search-"), f"search-{recommended}", f"search-{found}"):
        with pytest.raises(BadTicket):
            read(1, turned)


def test_nobody_reads_who_it_was_for():
    """The same answer for another person has about half of its bits turned, not the eight of a number in the open."""
    text = ticket(customer_id=123_456_789)
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert (123_456_789).to_bytes(8) not in raw
    assert b"holdout" not in raw


def test_every_placement_can_be_told():
    assert set(PLACEMENTS) <= set(PLACES)


def test_what_was_pinned_or_explored_was_ranked_by_nobody():
    assert SOURCES[source_code("als")] == "als"
    assert SOURCES[source_code("als", "pinned")] == "pinned"
    assert SOURCES[source_code("from the future")] == "other"


def test_events_are_taken_for_a_week():
    found = read(1, ticket())
    assert found.takes(found.at)
    assert found.takes(found.at + timedelta(days=6, hours=23))
    assert not found.takes(found.at + timedelta(days=8))
    assert not found.takes(found.at - timedelta(hours=1))
