"""Which identities are one person? A function of what was seen together, whatever the order it came in. Pure.

Links are gone through in one fixed order: decisions of staff, then by how well the weaker of the two identities says
who somebody is, then by when they were first seen together. Each joins two groups unless that would break a rule; a
refused link stays known, for it may name a duplicate.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from customers.rules.identities import HARD, LIMITS, RANK, SHARED

Key = tuple[str, str]  # kind and normalised value of an identity

LIMIT, TAKEN, SEPARATED, BLOCKED = "limit", "taken", "separated", "blocked"


@dataclass(frozen=True)
class Link:
    """Two identities seen together first at this moment; ``first`` is of the higher priority."""

    first: Key
    second: Key
    at: datetime
    decided: bool = False  # by staff: outranks the limits

    @property
    def place(self) -> tuple[bool, int, datetime, int, Key, Key]:
        """Its place in the fixed order."""
        return (not self.decided, RANK[self.second[0]], self.at, RANK[self.first[0]], self.first, self.second)


@dataclass(frozen=True)
class Separation:
    """Two people, say staff: no identity of one side is ever with one of the other."""

    one: frozenset[Key]
    other: frozenset[Key]


@dataclass(frozen=True)
class Resolved:
    """Every key is in exactly one group; ``refusals`` says why a link joined nothing."""

    groups: list[frozenset[Key]]
    refusals: dict[Link, str]
    blocked: frozenset[Key]


def ordered(one: Key, other: Key) -> tuple[Key, Key]:
    """The two as a link names them: the one that says better who it is comes first."""
    first, second = sorted([one, other], key=lambda key: (RANK[key[0]], key))
    return first, second


def resolve(
    keys: Iterable[Key],
    links: Collection[Link],
    *,
    separations: Sequence[Separation] = (),
    blocked: Collection[Key] = (),
) -> Resolved:
    """Group the keys. ``blocked`` are those known to be shared by too many; more may be found."""
    everybodys = {*blocked, *_shared(links)}
    forest = _Forest([*keys, *(key for link in links for key in (link.first, link.second))], separations)
    refusals = {}
    for link in sorted(links, key=lambda link: link.place):
        is_blocked = not link.decided and (link.first in everybodys or link.second in everybodys)
        refusal = BLOCKED if is_blocked else forest.join(link)
        if refusal:
            refusals[link] = refusal
    return Resolved(forest.groups(), refusals, frozenset(everybodys))


def _shared(links: Iterable[Link]) -> set[Key]:
    """Identities that came with more others of one kind than any person has.

    Only others count that say as well who somebody is, or are hard: a person may have hundreds of visits.
    """
    others: dict[Key, Counter[str]] = defaultdict(Counter)
    for link in links:
        if not link.decided:
            others[link.second][link.first[0]] += 1
            if link.second[0] in HARD:
                others[link.first][link.second[0]] += 1
    return {key for key, counts in others.items() if any(count > SHARED[kind] for kind, count in counts.items())}


@dataclass
class _Group:
    """What a group holds, as far as the rules ask."""

    keys: list[Key]
    counts: Counter[str]
    best: int
    sides: set[tuple[int, int]] = field(default_factory=set)  # (number of the separation, side)

    def swallow(self, other: _Group) -> None:
        self.keys += other.keys
        self.counts += other.counts
        self.best = min(self.best, other.best)
        self.sides |= other.sides


class _Forest:
    """Groups that grow by joining two."""

    def __init__(self, keys: Iterable[Key], separations: Sequence[Separation]) -> None:
        self._groups = {key: _Group([key], Counter([key[0]]), RANK[key[0]]) for key in keys}
        for number, separation in enumerate(separations):
            for side, members in enumerate((separation.one, separation.other)):
                for key in members & self._groups.keys():
                    self._groups[key].sides.add((number, side))

    def join(self, link: Link) -> str:
        """Join the groups of both ends; the reason where that must not be, else an empty text."""
        first, second = self._groups[link.first], self._groups[link.second]
        if first is second:
            return ""
        refusal = _refusal(first, second, link)
        if not refusal:
            large, small = (first, second) if len(first.keys) >= len(second.keys) else (second, first)
            large.swallow(small)
            self._groups |= dict.fromkeys(small.keys, large)
        return refusal

    def groups(self) -> list[frozenset[Key]]:
        distinct = {id(group): group for group in self._groups.values()}
        return [frozenset(group.keys) for group in distinct.values()]


def _refusal(first: _Group, second: _Group, link: Link) -> str:
    if any((number, 1 - side) in second.sides for number, side in first.sides):
        return SEPARATED
    if link.decided:
        return ""
    kinds = first.counts.keys() & second.counts.keys()
    if any(first.counts[kind] + second.counts[kind] > LIMITS[kind] for kind in kinds):
        return LIMIT
    kind = link.second[0]
    is_somebodys = max(first.best, second.best) < RANK[kind]
    return TAKEN if kind not in HARD and is_somebodys else ""
