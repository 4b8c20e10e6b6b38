"""Which identities are one person: a function of what was seen together, not of when we heard of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.rules.identities import LIMITS, PRIORITY, SHARED
from customers.rules.resolution import Key, Link, Separation, ordered, resolve

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def key(text: str) -> Key:
    """``e1`` is the e-mail address 1, ``x1`` a customer number, ``c1`` a card, ``p1`` a phone, ``a1`` a visit."""
    kinds = {"x": "external_id", "c": "loyalty_card", "e": "email", "p": "phone", "a": "anonymous_id"}
    return kinds[text[0]], text[1:]


def link(one: str, other: str, day: int = 0, *, decided: bool = False) -> Link:
    return Link(*ordered(key(one), key(other)), DAY + timedelta(days=day), decided)


def people(*links: Link, **options: object) -> list[list[str]]:
    """Groups of more than one, written as above."""
    resolved = resolve([], links, **options)  # type: ignore[arg-type]
    letters = {"external_id": "x", "loyalty_card": "c", "email": "e", "phone": "p", "anonymous_id": "a"}
    groups = [sorted(letters[kind] + value for kind, value in group) for group in resolved.groups]
    return sorted(group for group in groups if len(group) > 1)


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        # What is hard brings its profile along.
        ([link("x1", "e1"), link("e1", "c1")], [["c1", "e1", "x1"]]),
        ([link("c1", "e1"), link("c1", "e2")], [["c1", "e1", "e2"]]),
        # Two customer numbers are two people; the address stays with the first.
        ([link("x1", "e1", 1), link("x2", "e1", 2)], [["e1", "x1"]]),
        ([link("x1", "e1", 2), link("x2", "e1", 1)], [["e1", "x2"]]),
        # A household's telephone, a shared tablet: the first one's, and never a bridge.
        ([link("e1", "p1", 1), link("e2", "p1", 2)], [["e1", "p1"]]),
        ([link("x1", "a1", 1), link("x2", "a1", 2)], [["a1", "x1"]]),
        # Visits of a person who is known by a telephone number only.
        ([link("p1", "a1"), link("p1", "a2")], [["a1", "a2", "p1"]]),
        # An address says more than a visit: what it joins is joined first.
        ([link("e1", "a1", 1), link("x1", "a1", 2), link("x1", "e1", 3)], [["a1", "e1", "x1"]]),
        # Staff outrank limits.
        ([link("x1", "x2", decided=True), link("x2", "e1")], [["e1", "x1", "x2"]]),
    ],
)
def test_who_is_who(links: list[Link], expected: list[list[str]]) -> None:
    assert people(*links) == people(*reversed(links)) == expected


def test_a_refused_link_says_why() -> None:
    taken, limit = link("e2", "p1", 2), link("x2", "e1", 2)
    refusals = resolve([], [link("e1", "p1", 1), taken, link("x1", "e1", 1), limit]).refusals
    assert refusals == {taken: "taken", limit: "limit"}


def test_whom_staff_keep_apart_nothing_joins() -> None:
    apart = Separation(frozenset({key("x1"), key("e1")}), frozenset({key("c1")}))
    links = [link("x1", "e1"), link("e1", "c1"), link("c1", "e2", 1), link("x1", "e2", 2)]
    assert people(*links, separations=[apart]) == [["c1", "e2"], ["e1", "x1"]]


def test_one_bad_identifier_never_swallows_thousands() -> None:
    links = [link(f"e{number}", "c1", number) for number in range(SHARED["email"] + 1)]
    resolved = resolve([], links)
    assert resolved.blocked == {key("c1")}
    assert people(*links) == []
    assert max(map(len, resolve([], links[:-1]).groups)) == LIMITS["email"] + 1


def test_a_person_has_hundreds_of_visits() -> None:
    links = [link("x1", f"a{number}", number) for number in range(300)]
    assert resolve([], links).blocked == frozenset()
    assert len(people(*links)[0]) == 301


names = st.builds(lambda kind, value: (kind, str(value)), st.sampled_from(PRIORITY), st.integers(0, 2))
seen = st.builds(
    lambda pair, day, decided: Link(*ordered(*pair), DAY + timedelta(days=day), decided),
    st.tuples(names, names).filter(lambda pair: pair[0] != pair[1]),
    st.integers(0, 4),
    st.sampled_from([False, False, False, True]),
)
sides = st.builds(lambda one, other: Separation(one, other - one), st.frozensets(names), st.frozensets(names))


@given(
    st.lists(seen, unique_by=lambda link: (link.first, link.second, link.decided)),
    st.lists(sides, max_size=2),
    st.randoms(),
)
def test_order_makes_no_difference(links: list[Link], apart: list[Separation], random: object) -> None:
    shuffled = list(links)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    once, again = resolve([], links, separations=apart), resolve([], shuffled, separations=apart)
    assert set(once.groups) == set(again.groups)
    assert once.refusals == again.refusals


@given(st.lists(seen), st.lists(sides, max_size=2))
def test_every_group_keeps_the_rules(links: list[Link], apart: list[Separation]) -> None:
    groups = resolve([], links, separations=apart).groups
    keys = [key for group in groups for key in group]
    assert len(keys) == len(set(keys))
    for group in groups:
        assert not any(group & side.one and group & side.other for side in apart)
        if not any(link.decided for link in links):
            assert all(sum(kind == limited for kind, _value in group) <= LIMITS[limited] for limited in LIMITS)
