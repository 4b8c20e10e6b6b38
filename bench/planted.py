"""Visits to a made-up shop, with a structure that is known: what a recommender of sessions should find."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recommendations.engines.interface import Ints

UNTIL = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Planted:
    """A range in which every product has one that is looked at next.

    Products stand in groups of ``group``, a permuted circle each. A visit keeps to one group: with ``follows`` it goes
    on to the product's successor, with ``strays`` to any product of the group, else to any of the range, as popular
    as it is. ``turned_days`` ago every circle was turned round: what was next before is behind now.
    """

    products: int = 600
    group: int = 12
    sessions: int = 20_000
    days: float = 40.0
    follows: float = 0.6
    strays: float = 0.25
    turned_days: float | None = 10.0
    seed: int = 11

    def order(self) -> Ints:
        """The products along their circles: group g is ``order[g * group:(g + 1) * group]``."""
        return np.random.default_rng(self.seed).permutation(self.products).astype(np.int32)

    def successors(self, *, turned: bool = False) -> Ints:
        """Of each product the one that is looked at next; of the last groupless ones themselves."""
        order = self.order()
        whole = order[: self.products // self.group * self.group].reshape(-1, self.group)
        nexts = np.arange(self.products, dtype=np.int32)
        nexts[whole] = np.roll(whole, 1 if turned else -1, axis=1)
        return nexts

    def frame(self) -> pl.DataFrame:
        """The visits as events: session, product, occurred_at."""
        random = np.random.default_rng(self.seed + 1)
        lengths = np.minimum(1 + random.geometric(1 / 4, self.sessions), 30)
        ages = np.sort(random.uniform(0, self.days, self.sessions))[::-1]
        session = np.repeat(np.arange(self.sessions), lengths)
        step = np.arange(len(session)) - np.repeat(lengths.cumsum() - lengths, lengths)
        product = self._walk(random, lengths, ages, step)
        at = UNTIL.timestamp() - ages[session] * 86_400 + step * 45
        times = pl.from_epoch(pl.Series((at * 1e6).astype(np.int64)), time_unit="us")
        return pl.DataFrame({"session": session, "product": product, "occurred_at": times})

    def _walk(self, random: np.random.Generator, lengths: Ints, ages: NDArray[np.float64], step: Ints) -> Ints:
        """All visits at once, one click after the other."""
        order, nexts, before = self.order(), self.successors(), self.successors(turned=True)
        place = np.empty(self.products, np.int32)
        place[order] = np.arange(self.products)
        chance = 1 / np.arange(1, self.products + 1) ** 0.8
        chance /= chance.sum()
        product, firsts = np.empty(len(step), np.int32), lengths.cumsum() - lengths
        own = np.random.default_rng(self.seed + 2).permutation(self.products).astype(np.int32)
        product[firsts] = own[random.choice(self.products, len(lengths), p=chance)]
        group = place[product[firsts]] // self.group
        is_old = np.zeros(len(lengths), np.bool_) if self.turned_days is None else ages > self.turned_days
        for click in range(1, int(lengths.max())):
            on = np.flatnonzero(lengths > click)
            at = firsts[on] + click
            here = product[at - 1]
            following = np.where(is_old[on], before[here], nexts[here])
            straying = order[
                np.minimum(group[on] * self.group + random.integers(self.group, size=len(on)), self.products - 1)
            ]
            anywhere = own[random.choice(self.products, len(on), p=chance)]
            luck = random.random(len(on))
            product[at] = np.where(
                luck < self.follows, following, np.where(luck < self.follows + self.strays, straying, anywhere)
            )
        return product
