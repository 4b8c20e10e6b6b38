"""What two decisions on every past cart come to: one without the promotion, one with it. Pure, of bounded memory.

Kept are sums, one number per person and day, and the few orders that show the difference best.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from promotions.pricing.cart import Cart
from promotions.pricing.definitions import ALWAYS, AllOf, AnyOf, Code, Condition, Period, Promotion
from promotions.pricing.engine import Decision
from promotions.pricing.money import without_tax

EXAMPLES = 10
MOST_DISPLACED = 10


def as_if_active(promotion: Promotion, *, assumes_code: bool) -> Promotion:
    """The promotion without what its schedule asks, and without its code where everybody is taken to have it."""
    return replace(promotion, condition=_lifted(promotion.condition, assumes_code))


def _lifted(condition: Condition, assumes_code: bool) -> Condition:
    if isinstance(condition, Period) or (assumes_code and isinstance(condition, Code)):
        return ALWAYS
    if isinstance(condition, AllOf | AnyOf):
        return replace(condition, of=tuple(_lifted(part, assumes_code) for part in condition.of))
    return condition


def asks_for_code(condition: Condition) -> bool:
    """Whether some way to meet it needs a code."""
    if isinstance(condition, AllOf | AnyOf):
        return any(map(asks_for_code, condition.of))
    return isinstance(condition, Code)


@dataclass(frozen=True, slots=True)
class Example:
    """An order whose price changes; ``displaced``: what applied without the promotion, and not with it."""

    order_id: int
    before: int
    after: int
    displaced: tuple[str, ...] = ()


@dataclass
class Tally:
    """Sums over all carts seen so far; amounts are minor units, margins without tax."""

    key: str
    orders: int = 0
    with_it: int = 0
    taken: int = 0
    points: int = 0
    paid: int = 0
    before: int = 0
    after: int = 0
    margin_before: int = 0
    margin_after: int = 0
    net: int = 0
    covered: int = 0
    uses: Counter[str] = field(default_factory=Counter)
    people: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    days: defaultdict[date, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    displaced: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    _best: list[tuple[int, int, Example]] = field(default_factory=list)
    _worst: list[tuple[int, int, Example]] = field(default_factory=list)

    def see(
        self,
        order_id: int,
        person: str,
        paid: int,
        costs: Sequence[int | None],
        *,
        before: Decision,
        after: Decision,
    ) -> None:
        """One more cart; ``after`` is ``before`` itself where the promotion could not have applied."""
        self.orders += 1
        self.paid += paid
        self.before += before.total
        self.after += after.total
        known = margin(before.cart, before.ledger.remaining, costs)
        self.net, self.covered = self.net + known.net, self.covered + known.covered
        self.margin_before += known.margin
        changed = after is not before
        self.margin_after += margin(after.cart, after.ledger.remaining, costs).margin if changed else known.margin
        day = self.days[before.cart.at.date()]
        if not changed:
            return
        saved = before.total - after.total
        if saved:
            self.people[person] += saved
        if mine := next((entry for entry in after.applications if entry.promotion.id == self.key), None):
            self.uses[person] += 1
            self.with_it += 1
            self.taken += mine.taking.amount
            self.points += mine.taking.points
            day[0], day[1] = day[0] + 1, day[1] + mine.taking.amount
        self._compare(order_id, before, after)

    def _compare(self, order_id: int, before: Decision, after: Decision) -> None:
        """What others take less than before; and the orders that show it best."""
        now = {entry.promotion.id: entry.taking.amount for entry in after.applications}
        gone = []
        for entry in before.applications:
            name, lost = entry.promotion.id, entry.taking.amount - now.get(entry.promotion.id, 0)
            if name not in now:
                gone.append(name)
            if name not in now or lost:
                count = self.displaced[name]
                count[0], count[1] = count[0] + 1, count[1] + lost
        saved = before.total - after.total
        example = Example(order_id, before.total, after.total, tuple(gone))
        if saved > 0:
            _keep(self._best, saved, example)
        elif saved < 0:
            _keep(self._worst, -saved, example)

    def report(self) -> dict[str, Any]:
        """As it is stored."""
        won = [amount for amount in self.people.values() if amount > 0]
        lost = [-amount for amount in self.people.values() if amount < 0]
        days = sorted(self.days)
        return {
            "orders": self.orders,
            "with_it": self.with_it,
            "customers": len(self.uses),
            "taken": self.taken,
            "points": self.points,
            "paid": self.paid,
            "revenue": {"before": self.before, "after": self.after},
            "margin": {"before": self.margin_before, "after": self.margin_after},
            "net": self.net,
            "covered": self.covered,
            "winners": {"people": len(won), "amount": sum(won)},
            "losers": {"people": len(lost), "amount": sum(lost)},
            "displaced": [
                {"promotion": name, "orders": orders, "amount": amount}
                for name, (orders, amount) in sorted(self.displaced.items(), key=lambda item: (-item[1][0], item[0]))
            ][:MOST_DISPLACED],
            "days": [[day.isoformat(), *self.days[day]] for day in days],
            "best": _examples(self._best),
            "worst": _examples(self._worst),
        }


def _keep(heap: list[tuple[int, int, Example]], weight: int, example: Example) -> None:
    """Those of the greatest weight; of alike ones the newer order."""
    entry = (weight, example.order_id, example)
    if len(heap) < EXAMPLES:
        heapq.heappush(heap, entry)
    else:
        heapq.heappushpop(heap, entry)


def _examples(heap: list[tuple[int, int, Example]]) -> list[dict[str, Any]]:
    return [
        {"order": one.order_id, "before": one.before, "after": one.after, "displaced": list(one.displaced)}
        for _weight, _order, one in sorted(heap, key=lambda entry: entry[:2], reverse=True)
    ]


@dataclass(frozen=True, slots=True)
class Margin:
    """Of the lines whose costs are known: ``margin`` and their net revenue ``covered``; ``net``: of all lines."""

    margin: int
    net: int
    covered: int


def margin(cart: Cart, remaining: Sequence[int], costs: Sequence[int | None]) -> Margin:
    """What is left of the goods without tax, less what they cost; fees and parcels are the same with and without."""
    earned = net = covered = 0
    for line, left, cost in zip(cart.lines, remaining, costs, strict=True):
        without = without_tax(left, line.tax_rate) if cart.prices_include_tax else left
        net += without
        if cost is not None:
            covered += without
            earned += without - cost * line.quantity
    return Margin(earned, net, covered)
