"""The findings: promotions that can never apply, that bar or pile on each other, that sell below cost; idle codes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations, permutations

from promotions.linting.carts import Tailor, Wish
from promotions.linting.logic import Flaw, Way, flaw, nothing_fits, unknown_names, ways_of
from promotions.linting.world import Checked, Entry, Example, ExampleLine, Finding, Goods, Severity, World
from promotions.pricing.definitions import (
    EVERYTHING,
    AllOf,
    Amount,
    AmountPerUnit,
    Benefit,
    BuyGet,
    Combination,
    Condition,
    FixedPrice,
    Gift,
    Percent,
    Points,
    Promotion,
    Selector,
    ShippingPercent,
    ShippingPrice,
    Threshold,
)
from promotions.pricing.engine import Decision, codes_of, evaluate
from promotions.pricing.index import Index
from promotions.pricing.money import without_tax

# So many promotions are looked at on all carts together: what a check costs at most.
MOST_LOOKED_AT = 20_000
# Of those that could take the same unit so many are put on one cart.
MOST_TOGETHER = 12
MOST_COMPARED = 100_000
_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def check(entries: Sequence[Entry], world: World, *, about: str = "") -> Checked:
    """Everything there is to say; ``about``: only what concerns this promotion, which is taken to decide."""
    asked = [entry for entry in entries if not about or entry.promotion.id == about]
    findings = [finding for entry in asked for finding in _alone(entry, world)]
    deciding = [entry for entry in entries if entry.decides or entry.promotion.id == about]
    findings += _shadowed(deciding, about)
    dead = {finding.promotions[0] for finding in findings if finding.severity == Severity.ERROR}
    carts = _Carts([entry for entry in deciding if entry.promotion.id not in dead], world)
    findings += carts.look(about)
    if not about:
        findings += _idle_batches(entries, world)
    return Checked(sorted(findings, key=lambda one: (_RANK[one.severity], one.code, one.promotions)), carts.is_cut)


# --- each by itself --------------------------------------------------------------------------------------------------


def _alone(entry: Entry, world: World) -> Iterator[Finding]:
    promotion = entry.promotion
    ways = ways_of(promotion.condition)
    reason = _dead_end(ways, world) or _nothing_to_give(promotion, world)
    if reason is not None:
        yield Finding(reason.code, _severity(reason), (promotion.id,), {"names": list(reason.names)})
    elif entry.decides and entry.ends_at is not None and entry.ends_at <= world.at:
        yield Finding("ended", Severity.WARNING, (promotion.id,))
    elif entry.decides and entry.used_up:
        yield Finding(f"used_up_{entry.used_up}", Severity.WARNING, (promotion.id,))
    if reason is None and (names := _unknown(promotion, ways or [], world)):
        yield Finding("names_unknown", Severity.WARNING, (promotion.id,), {"names": names})


def _severity(reason: Flaw) -> Severity:
    """What was true once and is over is no mistake."""
    return Severity.WARNING if reason.code in ("over", "codes_over") else Severity.ERROR


def _dead_end(ways: list[Way] | None, world: World) -> Flaw | None:
    """Why no way leads to it; None where one may."""
    if not ways:
        return None
    flaws = [flaw(way, world) for way in ways]
    found = [one for one in flaws if one is not None]
    return found[0] if len(found) == len(flaws) else None


def _nothing_to_give(promotion: Promotion, world: World) -> Flaw | None:
    benefit = promotion.benefit
    if isinstance(benefit, Gift) and benefit.sku not in world.known["products"]:
        return Flaw("gift_unknown", (benefit.sku,))
    for selector in _targets(promotion):
        if names := nothing_fits(selector, world):
            return Flaw("products_unknown", names)
    return None


def _targets(promotion: Promotion) -> list[Selector]:
    benefit = promotion.benefit
    return [benefit.buy_of, benefit.get_of] if isinstance(benefit, BuyGet) else [promotion.target]


def _unknown(promotion: Promotion, ways: Sequence[Way], world: World) -> list[str]:
    asked = _targets(promotion)
    asked += [one.condition.of for way in ways for one in way if isinstance(one.condition, Threshold)]
    return list(dict.fromkeys(name for selector in asked for name in unknown_names(selector, world)))


def _idle_batches(entries: Sequence[Entry], world: World) -> Iterator[Finding]:
    asked = {code for entry in entries for code in codes_of(entry.promotion)}
    for batch in world.batches:
        if f"@{batch.key}" not in asked and not batch.over:
            yield Finding("batch_idle", Severity.WARNING, (), {"name": batch.name, "key": batch.key}, batch=batch.key)


# --- the one that is never better ------------------------------------------------------------------------------------


def _shadowed(entries: Sequence[Entry], about: str) -> Iterator[Finding]:
    """Exclusive promotions that another exclusive one beats wherever they apply."""
    groups: dict[tuple[str, type[Benefit]], list[Entry]] = defaultdict(list)
    for entry in entries:
        promotion = entry.promotion
        if promotion.combination != Combination.STACK:
            lane = promotion.lane if promotion.combination == Combination.EXCLUSIVE_IN_LANE else ""
            groups[lane, type(promotion.benefit)].append(entry)
    looked = 0
    for group in groups.values():
        seen: set[str] = set()
        for other, mine in permutations(group, 2):
            looked += 1
            if looked > MOST_COMPARED:
                return
            concerned = (mine.promotion.id, other.promotion.id)
            if mine.promotion.id in seen or (about and about not in concerned):
                continue
            if _covers(other, mine):
                seen.add(mine.promotion.id)
                yield Finding("shadowed", Severity.WARNING, concerned)


def _covers(other: Entry, mine: Entry) -> bool:
    """Whether ``other`` applies wherever ``mine`` does, to at least the same, and saves at least as much."""
    one, two = other.promotion, mine.promotion
    better = _more_generous(one.benefit, two.benefit)
    return (
        better is not None
        and (better or one.order < two.order)
        and _implied(one.condition, two.condition)
        and one.target in (EVERYTHING, two.target)
        and (one.basis, one.tax, one.floor) == (two.basis, two.tax, two.floor)
        and _starts(other) <= _starts(mine)
        and _ends(other) >= _ends(mine)
        and not other.used_up
    )


def _starts(entry: Entry) -> float:
    return entry.starts_at.timestamp() if entry.starts_at else float("-inf")


def _ends(entry: Entry) -> float:
    return entry.ends_at.timestamp() if entry.ends_at else float("inf")


def _more_generous(one: Benefit, two: Benefit) -> bool | None:
    """True: more, False: as much, None: less, or who knows."""
    measure = _generosity(one), _generosity(two)
    if measure[0] is None or measure[1] is None or measure[0] < measure[1]:
        return None
    return measure[0] > measure[1]


def _generosity(benefit: Benefit) -> int | None:
    match benefit:
        case Percent(hundredths=hundredths, cap=None) | ShippingPercent(hundredths=hundredths):
            return hundredths
        case Amount(amount=amount, spills=True) | AmountPerUnit(amount=amount):
            return amount
        case FixedPrice(price=price) | ShippingPrice(price=price):
            return -price
    return None


def _implied(asked: Condition, given: Condition) -> bool:
    """Whether ``asked`` holds wherever ``given`` does, as far as its parts show."""
    parts = given.of if isinstance(given, AllOf) else (given,)
    wanted = asked.of if isinstance(asked, AllOf) else (asked,)
    return all(any(_follows(part, one) for one in parts) for part in wanted)


def _follows(asked: Condition, given: Condition) -> bool:
    if isinstance(asked, Threshold) and isinstance(given, Threshold):
        return (asked.measure, asked.of) == (given.measure, given.of) and asked.at_least <= given.at_least
    return asked == given


# --- on carts --------------------------------------------------------------------------------------------------------


@dataclass
class _Carts:
    """Carts made for the promotions that decide, each decided by the engine with all of them."""

    entries: Sequence[Entry]
    world: World
    is_cut: bool = False
    _looked_at: int = 0
    _seen: set[tuple[str, ...]] = field(default_factory=set)

    def look(self, about: str) -> list[Finding]:
        tailor = Tailor(self.world)
        takers = _Takers(self.entries)
        found: list[Finding] = []
        for entry in self.entries:
            goods = tailor.first_fit(entry.promotion)
            if goods is None or (about and entry.promotion.id != about):
                continue
            if self._looked_at > MOST_LOOKED_AT:
                self.is_cut = True
                break
            found += self._on(tailor, entry, goods, takers.of(goods))
        return found

    def _on(self, tailor: Tailor, entry: Entry, goods: Goods, others: Sequence[Entry]) -> Iterator[Finding]:
        """What happens to a unit that this promotion takes, when as many others as possible apply too."""
        at = _moment(entry, self.world.at)
        wish = Wish(at)
        wish.need(goods, 1)
        widened = tailor.widen(wish, entry.promotion)
        if widened is None:
            return
        wish, granted = widened, [entry]
        for other in others[:MOST_TOGETHER]:
            if other is entry or not other.holds(wish.at):
                continue
            if (wider := tailor.widen(wish, other.promotion)) is not None:
                wish, granted = wider, [*granted, other]
        self._looked_at += len(granted) * len(wish.quantities)
        yield from self._judge([one.promotion for one in granted], wish, entry.promotion.id, goods)

    def _judge(self, granted: list[Promotion], wish: Wish, key: str, goods: Goods) -> Iterator[Finding]:
        sold = _Sold(evaluate(Index(granted), wish.cart(self.world.currency)), wish, goods)
        if sold.is_below_cost:
            sold = self._fewest(granted, wish, goods, sold)
            if self._is_new("below_cost", sold.takers):
                code = "stack_below_cost" if len(sold.takers) > 1 else "below_cost"
                yield Finding(code, Severity.WARNING, sold.takers, {"product": goods.title}, sold.example)
        elif self._has_new_pair(sold.takers):
            yield Finding("overlap", Severity.INFO, sold.takers, {"product": goods.title}, sold.example)
        for outcome in sold.decision.outcomes:
            concerned = (outcome.promotion.id, *outcome.outbid_by)
            if outcome.status == "outbid" and key in concerned and self._is_new("outbid", concerned[:1]):
                yield Finding("outbid", Severity.INFO, concerned, {}, sold.example)

    def _fewest(self, granted: list[Promotion], wish: Wish, goods: Goods, sold: _Sold) -> _Sold:
        """Below cost by as few promotions as possible: those without which it still is are left out, the last first."""
        left = [one for one in granted if one.id in sold.takers]
        for one in reversed(list(left)):
            fewer = [other for other in left if other is not one]
            self._looked_at += len(fewer)
            without = _Sold(evaluate(Index(fewer), wish.cart(self.world.currency)), wish, goods)
            if fewer and without.is_below_cost:
                left, sold = fewer, without
        return sold

    def _is_new(self, code: str, keys: Iterable[str]) -> bool:
        """Of the same promotions one cart is enough."""
        name = (code, *sorted(keys))
        is_new = len(name) > 1 and name not in self._seen
        self._seen.add(name)
        return is_new

    def _has_new_pair(self, keys: Sequence[str]) -> bool:
        """Whether two of them were not seen on one unit yet; all of them are from now on."""
        fresh = [pair for pair in combinations(keys, 2) if self._is_new("overlap", pair)]
        return bool(fresh)


class _Sold:
    """What became of one unit on a cart: who took something off it, and whether it sells below cost."""

    def __init__(self, decision: Decision, wish: Wish, goods: Goods) -> None:
        place = next(at for at, line in enumerate(decision.cart.lines) if line.sku == goods.sku)
        self.decision = decision
        self.takers = tuple(one.promotion.id for one in decision.applications if one.taking.lines.get(place))
        self.example = _example(decision, wish)
        self.is_below_cost = _is_below_cost(self.example.lines[place])


class _Takers:
    """Which promotions could take a unit of some goods, found by the engine's own index."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._by_id = {entry.promotion.id: entry for entry in entries}
        # What a cart has to have beside the goods is left aside: only the target is asked.
        bare = [
            Promotion(one.id, 1, one.benefit, target=one.target, priority=one.priority, age=one.age)
            for one in (entry.promotion for entry in entries)
        ]
        self._index = Index(bare)
        self._known: dict[str, list[Entry]] = {}

    def of(self, goods: Goods) -> list[Entry]:
        found = self._known.get(goods.sku)
        if found is None:
            cart = Wish(datetime(2000, 1, 1), {goods.sku: 1}, {goods.sku: goods}).cart("EUR")  # noqa: DTZ001  # no promotion of the index looks at it
            line = cart.lines[0]
            candidates = [one for one in self._index.candidates(cart) if _takes(one, line)]
            found = self._known[goods.sku] = [self._by_id[one.id] for one in candidates[: 4 * MOST_TOGETHER]]
        return found


def _takes(promotion: Promotion, line: object) -> bool:
    if isinstance(promotion.benefit, Gift | Points | ShippingPercent | ShippingPrice):
        return False
    return any(selector.takes(line) for selector in _targets(promotion))  # type: ignore[arg-type]  # a line of a cart


def _moment(entry: Entry, at: datetime) -> datetime:
    """When it holds: now, or from its beginning on."""
    return max(at, entry.starts_at.astimezone(at.tzinfo)) if entry.starts_at else at


def _example(decision: Decision, wish: Wish) -> Example:
    lines = []
    for at, line in enumerate(decision.cart.lines):
        left, goods = decision.ledger.remaining[at], wish.goods[line.sku]
        net = without_tax(left // line.quantity, line.tax_rate)
        lines.append(ExampleLine(line.sku, goods.title, line.quantity, line.unit_price, left, net, goods.cost))
    taken = tuple((one.promotion.id, one.taking.amount) for one in decision.applications)
    return Example(tuple(lines), taken, tuple(sorted(decision.cart.codes)), decision.total)


def _is_below_cost(line: ExampleLine) -> bool:
    return line.cost is not None and line.net < line.cost and line.total < line.quantity * line.unit_price
