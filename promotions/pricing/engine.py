"""From a cart and the promotions that are active to a decision: what applies, what it takes off, and why not more.

Lanes run one after the other; inside a lane promotions run by priority, then by age, on what earlier ones left. Where
promotions exclude each other, the deal that saves the shopper most wins; of deals alike, the one that comes first.
The result depends on nothing but its input.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from promotions.pricing.benefits import take
from promotions.pricing.cart import Cart, Line
from promotions.pricing.conditions import Gap, Gaps, gaps
from promotions.pricing.definitions import (
    EVERYTHING,
    LANES,
    Code,
    Combination,
    Lane,
    Promotion,
    Resolution,
    Selector,
)
from promotions.pricing.index import Index
from promotions.pricing.ledger import Application, Ledger, View

# A lane that looks for its best deal tries so many steps at most. Steps, not seconds: the same cart, the same answer.
MOST_STEPS = 2_000


@dataclass(slots=True)
class Outcome:
    """What became of one promotion that was looked at."""

    promotion: Promotion
    status: str  # applied, not_met, nothing_to_give, outbid
    gaps: Gaps = ()
    outbid_by: tuple[str, ...] = ()
    would_save: int | None = None


@dataclass
class Decision:
    """The deal on a cart. ``search_was_bounded``: a lane's search for its best deal ended at ``MOST_STEPS``."""

    cart: Cart
    ledger: Ledger
    outcomes: list[Outcome] = field(default_factory=list)
    search_was_bounded: bool = False

    @property
    def applications(self) -> list[Application]:
        return self.ledger.applications

    @property
    def total(self) -> int:
        """What is to pay for lines and shipping, in the cart's price basis."""
        return sum(self.ledger.remaining) + self.ledger.shipping

    @property
    def discount(self) -> int:
        return self.ledger.saved


def evaluate(index: Index, cart: Cart, *, lanes: Sequence[Lane] = LANES) -> Decision:
    """The decision on ``cart``; changes nothing anywhere."""
    return evaluate_among(index.candidates(cart), cart, lanes=lanes)


def evaluate_among(candidates: Sequence[Promotion], cart: Cart, *, lanes: Sequence[Lane] = LANES) -> Decision:
    """Likewise with promotions that an index found, in its order; those that were left out are not spoken of."""
    alone = [promotion for promotion in candidates if promotion.combination is Combination.EXCLUSIVE_OVERALL]
    run = _Run(lanes, is_the_only_one=not alone)
    if not alone:
        best = run.through(Ledger(cart), candidates)
    else:
        together = [promotion for promotion in candidates if promotion.combination is not Combination.EXCLUSIVE_OVERALL]
        deals = [run.through(Ledger(cart), together)]
        deals += [run.through(Ledger(cart), [promotion]) for promotion in alone]
        best = max(deals, key=lambda ledger: ledger.saved)  # of deals alike the first: max keeps it
    return Decision(cart, best, _Explanation(best, lanes, run.known).of(candidates), run.was_bounded)


class _Run:
    """Runs promotions through the lanes, and remembers whether a search was cut short.

    ``known``: what became of those whose lane had no other deal to compare with, by identity. Where nothing is
    compared, the cart at a promotion's turn is the cart as the chosen deal left it.
    """

    def __init__(self, lanes: Sequence[Lane], *, is_the_only_one: bool) -> None:
        self._lanes = lanes
        self.was_bounded = False
        self.known: dict[int, Outcome] | None = {} if is_the_only_one else None

    def through(self, ledger: Ledger, promotions: Sequence[Promotion]) -> Ledger:
        by_lane: dict[str, list[Promotion]] = {}
        for promotion in promotions:
            by_lane.setdefault(promotion.lane, []).append(promotion)
        for lane in self._lanes:
            if inside := by_lane.get(lane.name):
                ledger = self._lane(ledger, lane, inside)
        return ledger

    def _lane(self, ledger: Ledger, lane: Lane, promotions: Sequence[Promotion]) -> Ledger:
        exclusive = [promotion for promotion in promotions if promotion.combination is Combination.EXCLUSIVE_IN_LANE]
        if not exclusive and lane.resolution is Resolution.SEQUENTIAL:
            return in_sequence(ledger, promotions, self.known)
        stacked = [promotion for promotion in promotions if promotion.combination is not Combination.EXCLUSIVE_IN_LANE]
        deals = [
            self._best(ledger, stacked) if lane.resolution == Resolution.BEST else in_sequence(ledger.branch(), stacked)
        ]
        deals += [in_sequence(ledger.branch(), [promotion]) for promotion in exclusive]
        return max(deals, key=lambda deal: deal.saved)

    def _best(self, ledger: Ledger, promotions: Sequence[Promotion]) -> Ledger:
        """The selection and order that save most, found exactly unless ``MOST_STEPS`` cut it short.

        Depth first, the promotions' own order first, so that a search cut short is no worse than a sequence. What is
        left of the cart bounds what any continuation can save.
        """
        search = _Search(in_sequence(ledger.branch(), promotions))
        search.explore(ledger, tuple(promotions))
        self.was_bounded |= search.steps > MOST_STEPS
        return search.best


class _Search:
    def __init__(self, first: Ledger) -> None:
        self.best = first
        self.steps = 0

    def explore(self, ledger: Ledger, left: tuple[Promotion, ...]) -> None:
        if ledger.saved > self.best.saved:
            self.best = ledger
        most = ledger.saved + sum(ledger.remaining) + ledger.shipping
        for position, promotion in enumerate(left):
            self.steps += 1
            if self.steps > MOST_STEPS or self.best.saved >= most:
                return
            tried = in_sequence(ledger.branch(), [promotion])
            if len(tried.applications) > len(ledger.applications):
                self.explore(tried, left[:position] + left[position + 1 :])


def in_sequence(ledger: Ledger, promotions: Iterable[Promotion], known: dict[int, Outcome] | None = None) -> Ledger:
    """Each on what the ones before left; writes on ``ledger`` and returns it; ``known`` takes down what became of each."""
    for promotion in promotions:
        view = View(ledger, promotion)
        if missing := gaps(promotion.condition, view):
            if known is not None:
                known[id(promotion)] = _not_met(promotion, ledger, missing)
            continue
        taking = take(view)
        if not taking.gives_nothing:
            ledger.book(promotion, taking)
        elif known is not None:
            known[id(promotion)] = Outcome(promotion, "nothing_to_give")
    return ledger


# --- why, and why not ------------------------------------------------------------------------------------------------


class _Explanation:
    """What became of each promotion, judged on the cart as the chosen deal left it when the promotion's turn came."""

    def __init__(self, deal: Ledger, lanes: Sequence[Lane], known: dict[int, Outcome] | None) -> None:
        self._applications = deal.applications
        self._known = known or {}
        self._applied = {id(application.promotion) for application in deal.applications}
        self._winners = tuple(application.promotion.id for application in deal.applications)
        self._rank = {lane.name: number for number, lane in enumerate(lanes)}
        # The cart is filled up turn by turn, so that each application is booked once, however many are explained.
        self._before = Ledger(deal.cart)
        self._booked = 0

    def of(self, promotions: Sequence[Promotion]) -> list[Outcome]:
        """Turn by turn; within a lane they are in their order already."""
        rank, last = self._rank, len(self._rank)
        return [self._outcome(entry) for entry in sorted(promotions, key=lambda entry: rank.get(entry.lane, last))]

    def _outcome(self, promotion: Promotion) -> Outcome:
        number = id(promotion)
        if number in self._applied:
            return Outcome(promotion, "applied")
        return self._known.get(number) or self._looked_at(promotion)

    def _looked_at(self, promotion: Promotion) -> Outcome:
        self._move_on(promotion)
        view = View(self._before, promotion)
        if missing := gaps(promotion.condition, view):
            return _not_met(promotion, self._before, missing)
        taking = take(view)
        if taking.gives_nothing:
            return Outcome(promotion, "nothing_to_give")
        return Outcome(promotion, "outbid", outbid_by=self._winners, would_save=taking.amount)

    def _move_on(self, promotion: Promotion) -> None:
        """Book what comes before the promotion: earlier lanes, and of its own lane those before it."""
        turn = self._turn(promotion)
        while self._booked < len(self._applications):
            application = self._applications[self._booked]
            if self._turn(application.promotion) >= turn:
                return
            self._before.book(application.promotion, application.taking)
            self._booked += 1

    def _turn(self, promotion: Promotion) -> tuple[int, tuple[int, int, str]]:
        return self._rank.get(promotion.lane, len(self._rank)), promotion.order


def _not_met(promotion: Promotion, ledger: Ledger, missing: Gaps) -> Outcome:
    return Outcome(promotion, "not_met", missing, would_save=_would_save(promotion, ledger, missing))


def _would_save(promotion: Promotion, ledger: Ledger, missing: Gaps) -> int | None:
    """What it would take off if just what is missing were added; None where more of something does not help."""
    if any(gap.missing is None for gap in missing):
        return None
    added = [_stand_in(ledger, number, gap) for number, gap in enumerate(missing)]
    return take(View(ledger.extended(added), promotion)).amount


def _stand_in(ledger: Ledger, number: int, gap: Gap) -> Line:
    """A line that fills a gap: of the price that is missing, or so many units at the price of the cheapest that fits."""
    selector, missing = gap.of or EVERYTHING, gap.missing or 0
    quantity, price = 1, missing
    if gap.kind != "spend":
        fitting = [ledger.lines[at].unit_price for at in ledger.select(selector)]
        quantity, price = missing, min(fitting, default=0)
    return Line(
        id=f"\0{number}",
        sku=min(selector.products, default="\0"),
        quantity=quantity,
        unit_price=price,
        categories=selector.categories[:1],
        brand=min(selector.brands, default=""),
        tags=tuple(sorted(selector.tags))[:1],
    )


def pending_codes(decision: Decision) -> list[str]:
    """Codes on the cart that belong to a promotion which does not apply yet: they stay, and apply when it does."""
    applied = _codes_of(outcome.promotion for outcome in decision.outcomes if outcome.status == "applied")
    waiting = _codes_of(outcome.promotion for outcome in decision.outcomes if outcome.status != "applied")
    return [code for code in decision.cart.codes if code in waiting and code not in applied]


def unknown_codes(decision: Decision) -> list[str]:
    """Codes on the cart that belong to no active promotion."""
    known = _codes_of(outcome.promotion for outcome in decision.outcomes)
    return [code for code in decision.cart.codes if code not in known]


def _codes_of(promotions: Iterable[Promotion]) -> set[str]:
    return {code for promotion in promotions for code in codes_of(promotion)}


def codes_of(promotion: Promotion) -> set[str]:
    """Every code that the promotion's condition names."""
    found: set[str] = set()
    waiting = [promotion.condition]
    while waiting:
        condition = waiting.pop()
        if isinstance(condition, Code):
            found |= condition.codes
        else:
            parts = getattr(condition, "of", ())
            waiting += parts if isinstance(parts, tuple) else ([] if isinstance(parts, Selector) else [parts])
    return found
