"""What is bought again, and when: so that nobody is shown what they just bought, and everybody what runs out.

Learnt per product, leaning on its category and that on the shop, where there is little to learn from:

* the **rate**: which share of a product's buyers bought it again,
* the **gap**: the median of days between two purchases of it by the same person,
* whether a category is **settled** by one purchase: hardly anybody who bought of it came back for more of it.

A tent is bought once and settles its category: its owner sees neither it nor other tents, but the pegs that lie in the
same baskets. Tea is bought again: it is hidden for a while and then due.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engines.interactions import NO_CATEGORY, Interactions
from recommendations.engines.interface import NO_PRODUCTS, Arrays, Bools, Context, Floats, Ints, Tick, no_tick
from recommendations.engines.recipe import USUAL, Recipe

# Buying again is judged on first purchases at least this old: a younger one had no time to repeat.
MATURE_DAYS = 60
PRIOR_PAIRS, PRIOR_RATE, TRUSTED_PAIRS = 20, 0.2, 200
# Bought again by fewer of its buyers: a tent, not tea. On Online Retail, whose buyers
# resell, .15 hides 8 % of the products and costs nothing; .2 hides 31 % and costs 1 % of NDCG@10.
DURABLE_BELOW = 0.15
# After this part of the usual gap it may be shown again. Where people buy so irregularly that one purchase in twenty
# came sooner, after what that one waited: there the gap says little about when it is too soon (on Online Retail, where
# gaps are about memoryless, waiting for .7 of the median would cost a fifth of NDCG@10).
SHOWN_AFTER, EARLY = 0.7, 0.05
FEWEST_GAPS, PRIOR_GAP = 8, 30.0
# Gaps of less than a day are an order in two parts.
SHORTEST_GAP = 1.0


@dataclass(frozen=True, slots=True)
class Repurchase:
    """Per product ``rate``, ``gap``, ``wait`` (days) and ``settled``; per customer what was bought, and its age.

    ``indptr``, ``products``, ``ages``: CSR over customers; an age is that of the last purchase, in days at the training.
    """

    name: ClassVar[str] = "repurchase"
    effort: ClassVar[int] = 1
    later_effort: ClassVar[int] = 1

    rate: Floats
    gap: Floats
    wait: Floats
    settled: Bools
    category: Ints
    indptr: NDArray[np.int64]
    products: Ints
    ages: Floats

    @classmethod
    def fit(
        cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None, recipe: Recipe = USUAL
    ) -> Self:
        pairs = _Pairs.of(interactions)
        gap, wait = _waits(pairs, interactions.category)
        tick()
        last = pairs.last()
        return cls(
            rate=repeat_rate(interactions),
            gap=gap,
            wait=wait,
            settled=_settled(interactions),
            category=interactions.category,
            indptr=np.searchsorted(pairs.customer[last], np.arange(interactions.shape[0] + 1)).astype(np.int64),
            products=pairs.product[last],
            ages=pairs.age[last],
        )

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(**{name: arrays[name] for name in cls.__slots__ if name in arrays})

    def arrays(self) -> Arrays:
        return {name: getattr(self, name) for name in self.__slots__}

    def grown(self, products: int) -> Self:
        """With further products, of which nobody knows yet whether they are bought again."""
        unknown = {"rate": PRIOR_RATE, "gap": PRIOR_GAP, "wait": SHOWN_AFTER * PRIOR_GAP, "settled": False}
        more = products - len(self.rate)
        parts: dict[str, Any] = {}
        for name, value in (unknown | {"category": NO_CATEGORY}).items():
            known = getattr(self, name)
            parts[name] = np.concatenate([known, np.full(more, value, known.dtype)])
        return replace(self, **parts)

    @property
    def repeatable(self) -> Bools:
        """(products,) bought again often enough to be offered again."""
        offered: Bools = self.rate >= DURABLE_BELOW
        return offered

    def of(self, customer: int | None) -> tuple[Ints, Floats]:
        """What a customer bought, and how many days before the training; empty for an unknown one."""
        if customer is None:
            return NO_PRODUCTS, self.ages[:0]
        row = slice(self.indptr[customer], self.indptr[customer + 1])
        return self.products[row], self.ages[row]

    def standing(self, customer: int | None, elapsed: float) -> tuple[Ints, Ints]:
        """What this person has and will hardly need twice; and what they buy again, but not yet."""
        products, ages = self.of(customer)
        is_durable = self.rate[products] < DURABLE_BELOW
        is_early = (ages + np.float32(elapsed) < self.wait[products]) & ~is_durable
        return products[is_durable], products[is_early]

    def settling(self, owned: Ints) -> dict[int, Ints]:
        """Those of ``owned`` that settle their category, by category."""
        settling = owned[self.settled[owned] & (self.rate[owned] < DURABLE_BELOW)]
        if not len(settling):
            return {}
        categories = self.category[settling]
        return {int(category): settling[categories == category] for category in np.unique(categories)}

    def scores(self, context: Context) -> Floats | None:
        """What is due: highest when the usual gap has passed, less long before and long after."""
        products, ages = self.of(context.customer)
        if not len(products):
            return None
        now = np.maximum(ages + np.float32(context.elapsed), SHORTEST_GAP)
        is_due = (now >= self.wait[products]) & (self.rate[products] >= DURABLE_BELOW)
        scores = np.zeros(len(self.rate), np.float32)
        scores[products] = self.rate[products] * np.exp(-np.abs(np.log(now / self.gap[products]))) * is_due
        return scores

    def because(self, context: Context, products: Ints) -> Ints:
        return products


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Purchases of known people, by customer, product and time, the newest first."""

    customer: Ints
    product: Ints
    age: Floats

    @classmethod
    def of(cls, interactions: Interactions) -> Self:
        known = interactions.where(interactions.customer >= 0)
        order = np.lexsort((known.age, known.product, known.customer))
        return cls(known.customer[order], known.product[order], known.age[order])

    def last(self) -> Bools:
        """(rows,) the newest of each customer and product."""
        changes: Bools = np.ones(len(self.age), np.bool_)
        changes[1:] = (self.customer[1:] != self.customer[:-1]) | (self.product[1:] != self.product[:-1])
        return changes

    def gaps(self) -> tuple[Ints, Floats]:
        """Product and days of every second and later purchase of the same."""
        days = np.diff(self.age)
        again = ~self.last()[1:] & (days >= SHORTEST_GAP)
        return self.product[1:][again], days[again]


def _waits(pairs: _Pairs, category: Ints) -> tuple[Floats, Floats]:
    """Median gap per product and how long to wait, from its own gaps, its category's, or the shop's: whoever has enough."""
    product, days = pairs.gaps()
    gap, wait = (np.full(len(category), value, np.float32) for value in _gap_and_wait(days))
    for groups in (category, np.arange(len(category), dtype=np.int32)):
        of_rows = groups[product]
        for group, (median, pause) in _by_group(of_rows, days).items():
            members = groups == group if groups is category else group
            gap[members], wait[members] = median, pause
    return gap, wait


def _by_group(groups: Ints, days: Floats) -> dict[int, tuple[float, float]]:
    """Of those groups that have enough gaps."""
    order = np.argsort(groups, kind="stable")
    edges = np.flatnonzero(np.diff(groups[order], prepend=-2, append=-2))
    found = {}
    for begin, end in pairwise(edges):
        group = int(groups[order[begin]])
        if end - begin >= FEWEST_GAPS and group != NO_CATEGORY:
            found[group] = _gap_and_wait(days[order[begin:end]])
    return found


def _gap_and_wait(days: Floats) -> tuple[float, float]:
    if len(days) < FEWEST_GAPS:
        return PRIOR_GAP, SHOWN_AFTER * PRIOR_GAP
    early, median = np.quantile(days, [EARLY, 0.5])
    return float(median), float(min(early, SHOWN_AFTER * median))


def repeat_rate(interactions: Interactions) -> Floats:
    """Per product the share of its buyers who bought it again, shrunk towards its category's rate; shape (products,)."""
    baskets = interactions.matrix()
    mature = interactions.older_than(MATURE_DAYS).matrix().sign().tocsr()
    again = mature.multiply(baskets > 1).tocsr()
    pairs, repeats = np.asarray(mature.sum(axis=0)).ravel(), np.asarray(again.sum(axis=0)).ravel()
    prior = repeats.sum() / pairs.sum() if pairs.sum() >= TRUSTED_PAIRS else PRIOR_RATE
    rate: Floats = _shrunk(repeats, pairs, _of_category(repeats, pairs, interactions.category, prior))
    return rate


def _of_category(repeats: Any, pairs: Any, category: Ints, prior: float) -> Any:
    """(products,) the rate of each product's category, the shop's where it has none."""
    size = int(category.max(initial=-1)) + 2  # the last place is nobody's category: −1 points there
    sums = [np.bincount(category % size, values, minlength=size) for values in (repeats, pairs)]
    rates = _shrunk(sums[0], sums[1], prior)
    rates[-1] = prior
    return rates[category]


def _shrunk(repeats: Any, pairs: Any, prior: Any) -> Any:
    return ((repeats + PRIOR_PAIRS * prior) / (pairs + PRIOR_PAIRS)).astype(np.float32)


def _settled(interactions: Interactions) -> Bools:
    """(products,) whether hardly anybody who bought of the product's category came back to it for anything."""
    category = interactions.category
    known = interactions.where((interactions.customer >= 0) & (category[interactions.product] != NO_CATEGORY))
    size = int(category.max(initial=-1)) + 2
    buyers, again = np.zeros(size), np.zeros(size)
    pair = known.customer.astype(np.int64) * size + category[known.product]
    order = np.lexsort((-known.age, pair))
    pair, age = pair[order], known.age[order]
    edges = np.flatnonzero(np.diff(pair, prepend=-1, append=-1))
    first, last = edges[:-1], edges[1:] - 1
    mature = age[first] > MATURE_DAYS
    of_category = pair[first] % size
    np.add.at(buyers, of_category[mature], 1)
    np.add.at(again, of_category[mature & (age[first] - age[last] >= SHORTEST_GAP)], 1)
    settled: Bools = (_shrunk(again, buyers, PRIOR_RATE) < DURABLE_BELOW)[category] & (category != NO_CATEGORY)
    return settled
