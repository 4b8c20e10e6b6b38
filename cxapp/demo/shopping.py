"""What people put into their baskets, and when: visits, choices by taste, companions, and things used up. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from cxapp.demo.people import Person
from cxapp.demo.products import Market
from cxapp.demo.seasons import Floats, at_open_hours, traffic

SIZES = (0.40, 0.27, 0.16, 0.09, 0.05, 0.03)  # of baskets with 1 to 6 products
TASTE, COMPANY, SEASON, WEARINESS, OWNED = 1.35, 1.1, 1.5, -1.2, -7.0
# A consumable is bought again within a week of running out, together with what runs out soon.
SOON = 9.0
# What is out of season is thought of again after so many days.
PAUSE = 30.0
MOST_UNITS = 6


@dataclass(frozen=True, slots=True)
class Basket:
    """``person`` is an index; ``day`` counts from the start of the records; goods are (product, units)."""

    person: int
    day: float
    goods: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Shopper:
    """One person while the months pass: what they like now, and when which consumable runs out."""

    person: Person
    wishes: Floats
    empty: list[tuple[float, int]] = field(default_factory=list)


class Shopping:
    """Everybody's purchases in the ``days`` from ``first`` on."""

    def __init__(self, market: Market, rng: np.random.Generator, first: date, days: float) -> None:
        self.market, self.rng, self.first, self.days = market, rng, first, days
        self.busy = np.concatenate([[0.0], np.cumsum(traffic(first, int(np.ceil(days))))])
        self.months = np.array([(first + timedelta(days=day)).month - 1 for day in range(int(np.ceil(days)) + 1)])

    def baskets(self, people: Sequence[Person], tick: Callable[[int], None]) -> Iterator[Basket]:
        """Person by person; ticks for each."""
        for index, person in enumerate(people):
            shopper = Shopper(person, self._wishes(person))
            yield from self._of(index, shopper)
            tick(1)

    def _wishes(self, person: Person) -> Floats:
        """(products,) how much this person would like each product, before season and company."""
        market = self.market
        wishes = TASTE * market.appeal @ person.tastes + market.fame - person.thrift * market.dearness
        other = {"f": "m", "m": "f"}[person.gender]
        return np.asarray(wishes - 2.5 * (market.gender == other))

    def _of(self, index: int, shopper: Shopper) -> Iterator[Basket]:
        """Visits and refills of one person, in the order of time."""
        planned = list(self._visits(shopper.person))
        heapq.heapify(planned)
        while planned or shopper.empty:
            visit = planned[0] if planned else np.inf
            refill = shopper.empty[0][0] if shopper.empty else np.inf
            day = min(visit, refill)
            if visit <= refill:
                heapq.heappop(planned)
            if day >= min(self.days, shopper.person.leaves):
                return
            if goods := self._goods(shopper, day, is_visit=visit <= refill):
                yield Basket(index, day, goods)

    def _visits(self, person: Person) -> Iterator[float]:
        """Days with the time of day as fraction; newcomers begin on the day on which they join."""
        if not person.pace:
            return
        begin, end = max(person.joined, 0.0), min(person.leaves, self.days)
        if person.joined >= 0:
            yield person.joined
        if person.is_guest:
            return
        at = np.interp([begin, end], np.arange(len(self.busy)), self.busy)
        # Who came before the records begin comes at least once more.
        count = self.rng.poisson(person.pace * (end - begin)) + (person.joined < 0)
        points = np.searchsorted(self.busy, self.rng.uniform(at[0], at[1], count), side="right").astype(np.float64) - 1
        yield from (float(day) for day in at_open_hours(self.rng, points) if begin < day < end)

    def _goods(self, shopper: Shopper, day: float, *, is_visit: bool) -> tuple[tuple[int, int], ...]:
        """What runs out, and on a visit what is wished for besides."""
        chosen = self._refills(shopper, day)
        size = int(self.rng.choice(6, p=SIZES)) + 1 if is_visit else 0
        wishes = shopper.wishes + SEASON * self.market.season[self.months[int(day)]]
        wishes[(self.market.on_sale_from > day) | (self.market.on_sale_until <= day)] = -np.inf
        while len(chosen) < size:
            chosen.append(self._pick(wishes, chosen))
        for product in chosen:
            self._remember(shopper, product, day)
        return tuple((product, self._units(product)) for product in chosen)

    def _refills(self, shopper: Shopper, day: float) -> list[int]:
        due: list[int] = []
        while shopper.empty and shopper.empty[0][0] <= day + SOON:
            _when, product = heapq.heappop(shopper.empty)
            if self.market.on_sale_until[product] <= day or product in due:
                continue
            if self.rng.random() < np.exp(self.market.season[self.months[int(day)], product]):
                due.append(product)
            else:  # nobody needs seeds in November
                heapq.heappush(shopper.empty, (day + PAUSE, product))
        return due[: len(SIZES)]

    def _pick(self, wishes: Floats, chosen: Sequence[int]) -> int:
        """One product by weight of its wish, drawn by Gumbel's trick; company pulls, nothing twice."""
        scores = wishes + self.rng.gumbel(size=len(wishes))
        if chosen:
            scores += COMPANY * self.market.companions[chosen].max(axis=0)
            scores[chosen] = -np.inf
        return int(scores.argmax())

    def _remember(self, shopper: Shopper, product: int, day: float) -> None:
        market = self.market
        if market.refill[product]:
            if self.rng.random() < 0.1 + 0.65 * shopper.person.habit:
                gap = market.refill[product] * float(self.rng.lognormal(0, 0.25))
                heapq.heappush(shopper.empty, (day + gap, product))
            shopper.wishes[product] += 0.5
        elif market.once[product]:
            shopper.wishes[market.leaf == market.leaf[product]] += WEARINESS
            shopper.wishes[market.model == market.model[product]] += OWNED
        else:
            shopper.wishes[product] += WEARINESS

    def _units(self, product: int) -> int:
        return min(1 + int(self.rng.poisson(self.market.quantity[product] - 1 + 0.05)), MOST_UNITS)
