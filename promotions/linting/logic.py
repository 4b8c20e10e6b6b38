"""Can a condition ever be met? Its ways are written out (any of all of), and each is looked at for what cannot be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from promotions.linting.world import World
from promotions.pricing.definitions import (
    AllOf,
    AnyOf,
    Code,
    Condition,
    Known,
    Not,
    OneOf,
    OrderNumber,
    Period,
    Selector,
    Threshold,
    Weekly,
)

# A condition of more ways than this is not judged.
MOST_WAYS = 64
# Of these a cart has one value, of the others any number.
SINGLE = ("customer", "channel", "payment_method", "country", "shipping_method")
# How parts of a selector are called in ``World.known``.
PARTS = ("products", "categories", "brands", "tags")


@dataclass(frozen=True)
class Literal:
    """A plain condition that has to be met, or (``wanted`` False) must not be."""

    condition: Condition
    wanted: bool = True


Way = tuple[Literal, ...]


class TooMany(Exception):  # noqa: N818  # no error: not judged
    pass


def ways_of(condition: Condition) -> list[Way] | None:
    """Every way to meet it; None where there are too many to look at."""
    try:
        return _ways(condition, wanted=True)
    except TooMany:
        return None


def _ways(condition: Condition, *, wanted: bool) -> list[Way]:
    if isinstance(condition, Not):
        return _ways(condition.of, wanted=not wanted)
    if not isinstance(condition, AllOf | AnyOf):
        return [(Literal(condition, wanted),)]
    parts = [_ways(part, wanted=wanted) for part in condition.of]
    if isinstance(condition, AllOf) == wanted:
        return _together(parts)
    found = [way for part in parts for way in part]
    if len(found) > MOST_WAYS:
        raise TooMany
    return found


def _together(parts: Sequence[list[Way]]) -> list[Way]:
    count = 1
    for part in parts:
        count *= len(part)
        if count > MOST_WAYS:
            raise TooMany
    return [tuple(literal for way in chosen for literal in way) for chosen in product(*parts)]


@dataclass(frozen=True)
class Flaw:
    """Why a way cannot be: ``code`` names the sentence, ``names`` what it is about (a trait as ``trait:city``)."""

    code: str
    names: tuple[str, ...] = ()


def flaw(way: Way, world: World) -> Flaw | None:
    """The first reason why nobody can go this way; None where somebody may."""
    return next((found for rule in _RULES for found in rule(way, world)), None)


def _of(way: Way, kind: type[Any], *, wanted: bool = True) -> Iterator[Any]:
    return (one.condition for one in way if isinstance(one.condition, kind) and one.wanted == wanted)


def _facts(way: Way, world: World) -> Iterator[Flaw]:
    """Of one fact nothing is left that it could be."""
    asked: dict[str, list[frozenset[str]]] = defaultdict(list)
    for condition in _of(way, OneOf):
        asked[condition.fact].append(condition.values)
    barred: dict[str, set[str]] = defaultdict(set)
    for condition in _of(way, OneOf, wanted=False):
        barred[condition.fact] |= condition.values
    for fact, groups in asked.items():
        left = [frozenset.intersection(*groups)] if fact in SINGLE else groups
        if any(not group - barred[fact] for group in left):
            yield Flaw("contradiction", (fact,))


def _codes(way: Way, world: World) -> Iterator[Flaw]:
    barred = {code for condition in _of(way, Code, wanted=False) for code in condition.codes}
    batches = {f"@{batch.key}": batch for batch in world.batches}
    for condition in _of(way, Code):
        left = condition.codes - barred
        if not left:
            yield Flaw("contradiction", ("code",))
        elif all(code.startswith("@") and code not in batches for code in left):
            yield Flaw("batch_unknown", tuple(sorted(code[1:] for code in left)))
        elif all(code.startswith("@") and (code not in batches or batches[code].over) for code in left):
            yield Flaw("codes_over", tuple(sorted(code[1:] for code in left)))


def _order_numbers(way: Way, world: World) -> Iterator[Flaw]:
    exact = {condition.number for condition in _of(way, OrderNumber) if not condition.every}
    each = [condition.number for condition in _of(way, OrderNumber) if condition.every]
    barred = {condition.number for condition in _of(way, OrderNumber, wanted=False) if not condition.every}
    if len(exact) > 1 or exact & barred or any(number % one for number in exact for one in each):
        yield Flaw("contradiction", ("order_number",))


def _known(way: Way, world: World) -> Iterator[Flaw]:
    """Bounds that leave nothing, or values that none of the others allows."""
    by_name: dict[tuple[str, str], list[Known]] = defaultdict(list)
    for condition in _of(way, Known):
        by_name[condition.source, condition.name].append(condition)
    for (source, name), asked in by_name.items():
        low = max((one.at_least for one in asked if one.at_least is not None), default=None)
        high = min((one.at_most for one in asked if one.at_most is not None), default=None)
        listed = [one.values for one in asked if one.values is not None]
        is_empty = bool(listed) and not frozenset.intersection(*listed)
        if is_empty or (low is not None and high is not None and low > high):
            yield Flaw("contradiction", (f"{source}:{name}",))


def _times(way: Way, world: World) -> Iterator[Flaw]:
    starts = [condition.start for condition in _of(way, Period) if condition.start is not None]
    ends = [condition.end for condition in _of(way, Period) if condition.end is not None]
    if starts and ends and max(starts) >= min(ends):
        yield Flaw("contradiction", ("period",))
    elif ends and min(ends) <= world.at:
        yield Flaw("over")
    weekly = [condition for condition in _of(way, Weekly) if condition.end is None or condition.end > condition.start]
    if weekly and not frozenset.intersection(*(condition.weekdays for condition in weekly)):
        yield Flaw("contradiction", ("weekly",))


def _thresholds(way: Way, world: World) -> Iterator[Flaw]:
    """At least so much, and less than that; or of products that there are not."""
    barred = {(condition.measure, condition.of): condition.at_least for condition in _of(way, Threshold, wanted=False)}
    for condition in _of(way, Threshold):
        below = barred.get((condition.measure, condition.of))
        if below is not None and condition.at_least >= below:
            yield Flaw("contradiction", (condition.measure,))
        if condition.at_least and (missing := nothing_fits(condition.of, world)):
            yield Flaw("products_unknown", missing)


def _segments(way: Way, world: World) -> Iterator[Flaw]:
    for condition in _of(way, OneOf):
        if condition.fact == "segment" and condition.values.isdisjoint(world.known["segments"]):
            yield Flaw("segment_unknown", tuple(sorted(condition.values)))


_RULES: list[Callable[[Way, World], Iterable[Flaw]]] = [
    _facts,
    _codes,
    _order_numbers,
    _known,
    _times,
    _thresholds,
    _segments,
]


def nothing_fits(selector: Selector, world: World) -> tuple[str, ...]:
    """The names by which the selector asks for what there is not; empty where something could fit."""
    for part in PARTS:
        asked = frozenset(getattr(selector, part))
        if asked and asked.isdisjoint(world.known[part]):
            return tuple(sorted(asked))
    return ()


def unknown_names(selector: Selector, world: World) -> list[str]:
    """Every name in the selector that there is not, also in what it excludes."""
    found = [name for part in PARTS for name in sorted(getattr(selector, part)) if name not in world.known[part]]
    return found + (unknown_names(selector.excluded, world) if selector.excluded else [])
