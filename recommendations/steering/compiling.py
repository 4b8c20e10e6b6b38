"""Rules become arrays: one steering for each, for the pipeline to join by person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from recommendations.engines.interface import Bools, Floats
from recommendations.engines.steering import EXCLUDED, OUT_OF_STOCK, PRICE_BAND, Rulebook, Steered, Steering
from recommendations.models import Placement, Rule
from recommendations.steering.shelf import Shelf

# (kind, value) → ascending ids of customers.
Members = Callable[[str, str], NDArray[np.int64]]


def compile_rules(rules: Iterable[Rule], shelf: Shelf, members: Members) -> Rulebook:
    """In the order of ``rules``: of two pins for a place the first stands."""
    by_placement: dict[str, list[Steered]] = defaultdict(list)
    for rule in rules:
        steering = compile_rule(rule, shelf)
        if steering is None:
            continue
        people = members(rule.segment_kind, rule.segment_value) if rule.segment_kind else None
        for placement in rule.placements or Placement.values:
            by_placement[placement].append(Steered(steering, people))
    return Rulebook({placement: tuple(steered) for placement, steered in by_placement.items()})


def compile_rule(rule: Rule, shelf: Shelf) -> Steering | None:
    """None: it concerns no product of the model."""
    return _COMPILERS[Rule.Action(rule.action)](rule, shelf)


def concerned(rule: Rule, shelf: Shelf) -> Bools:
    """The products that a rule names."""
    if rule.target == Rule.Target.PRODUCTS:
        return np.isin(shelf.ids, np.array(rule.product_ids, np.int64))
    if rule.target == Rule.Target.CATEGORY and rule.category_id:
        return shelf.below(rule.category_id)
    if rule.target == Rule.Target.PRICE:
        return _within(rule, shelf)
    if rule.target == Rule.Target.NEW:
        return shelf.age_days <= (rule.days or 0)
    return np.isfinite(shelf.margin) if rule.target == Rule.Target.MARGIN else np.zeros(len(shelf.ids), np.bool_)


def _within(rule: Rule, shelf: Shelf) -> Bools:
    low = shelf.price >= (rule.price_from or 0)
    return low if rule.price_to is None else low & (shelf.price <= rule.price_to)


def _pin(rule: Rule, shelf: Shelf) -> Steering | None:
    """The products in the order in which they were named, from the slot on."""
    places = {int(pk): place for place, pk in enumerate(shelf.ids)}
    pinned = [places[pk] for pk in rule.product_ids if pk in places]
    first = (rule.slot or 1) - 1
    return Steering(pinned=tuple((first + number, place) for number, place in enumerate(pinned))) if pinned else None


def _boost(rule: Rule, shelf: Shelf) -> Steering | None:
    mask, factor = concerned(rule, shelf), rule.factor or 1.0
    if not mask.any():
        return None
    if rule.target == Rule.Target.MARGIN:
        return Steering(factor=_by_margin(shelf.margin, factor))
    return Steering(factor=np.where(mask, np.float32(factor), np.float32(1)))


def _by_margin(margin: Floats, factor: float) -> Floats:
    """The best margin gets the whole factor, the worst none; so do products whose cost is unknown."""
    known = np.flatnonzero(np.isfinite(margin))
    rank = np.zeros(len(margin), np.float32)
    # Equal margins get equal factors, whatever their order on the shelf.
    _values, level = np.unique(margin[known], return_inverse=True)
    rank[known] = level / max(int(level.max(initial=0)), 1)
    boosted: Floats = np.power(np.float32(factor), rank, dtype=np.float32)
    return boosted


def _bury(rule: Rule, shelf: Shelf) -> Steering | None:
    mask = concerned(rule, shelf)
    return Steering(buried=mask) if mask.any() else None


def _exclude(rule: Rule, shelf: Shelf) -> Steering | None:
    mask = concerned(rule, shelf)
    return Steering(barred={EXCLUDED: mask}) if mask.any() else None


def _in_stock(rule: Rule, shelf: Shelf) -> Steering | None:
    mask = shelf.stock < (rule.least_stock or 1)
    return Steering(barred={OUT_OF_STOCK: mask}) if mask.any() else None


def _price_band(rule: Rule, shelf: Shelf) -> Steering | None:
    mask = ~_within(rule, shelf)
    return Steering(barred={PRICE_BAND: mask}) if mask.any() else None


def _category_cap(rule: Rule, shelf: Shelf) -> Steering | None:
    """Of the named category together, or of each by itself where none is named."""
    most = rule.most or 1
    if rule.category_id is None:
        return Steering(most_per_category=most)
    mask = shelf.below(rule.category_id)
    return Steering(caps=((mask, most),)) if mask.any() else None


_COMPILERS: dict[Rule.Action, Callable[[Rule, Shelf], Steering | None]] = {
    Rule.Action.PIN: _pin,
    Rule.Action.BOOST: _boost,
    Rule.Action.BURY: _bury,
    Rule.Action.EXCLUDE: _exclude,
    Rule.Action.IN_STOCK: _in_stock,
    Rule.Action.PRICE_BAND: _price_band,
    Rule.Action.CATEGORY_CAP: _category_cap,
}
