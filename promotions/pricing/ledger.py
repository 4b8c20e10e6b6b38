"""What is left of the cart while promotions run over it, and what each took: exact to line and unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from core.money import allocate
from promotions.pricing.cart import Cart, Line
from promotions.pricing.definitions import Basis, Gift, Promotion, Selector, Tax
from promotions.pricing.money import apply_rate, without_tax


@dataclass(slots=True)
class Taking:
    """What a promotion takes off, in the cart's price basis.

    ``lines``: amount by position of the line. ``units``: for lines where it matters which unit bears how much, the
    amount of every unit; those lines stand in ``lines`` too, with the sum. ``used``: units that a group deal looked at.
    """

    lines: dict[int, int] = field(default_factory=dict)
    units: dict[int, list[int]] = field(default_factory=dict)
    shipping: int = 0
    gifts: tuple[Gift, ...] = ()
    points: int = 0

    @property
    def amount(self) -> int:
        return sum(self.lines.values()) + self.shipping

    @property
    def gives_nothing(self) -> bool:
        return not (self.amount or self.gifts or self.points)


@dataclass(slots=True)
class Application:
    """One promotion that applied, and what it took."""

    promotion: Promotion
    taking: Taking


class Ledger:
    """The cart's lines with what is left of each. Branches are cheap copies, to compare deals."""

    def __init__(self, cart: Cart) -> None:
        self.cart = cart
        self.lines: tuple[Line, ...] = cart.lines
        self.original: list[int] = [line.quantity * line.unit_price for line in cart.lines]
        self.remaining: list[int] = list(self.original)
        self.shipping = cart.shipping
        self.applications: list[Application] = []
        # By selector (its identity: promotions are immutable and outlive the ledger): the lines that fit.
        self._selections: dict[int, list[int]] = {}
        # The same lines without those that were added, where some were.
        self._shorter: Ledger | None = None
        self._by_sku: dict[str, list[int]] | None = None
        # Known where a deal looked at single units; elsewhere all units of a line are alike up to a cent.
        self._units: list[list[int] | None] = [None] * len(cart.lines)

    def branch(self) -> Self:
        """A copy that can be written on without changing this one."""
        copied = object.__new__(type(self))
        copied.__dict__ |= self.__dict__
        copied.remaining = list(self.remaining)
        copied.applications = list(self.applications)
        copied._units = list(self._units)
        return copied

    def extended(self, lines: Sequence[Line]) -> Self:
        """A copy with further lines, as if they had been added to the cart only now."""
        copied = object.__new__(type(self))
        copied.__dict__ |= self.__dict__
        added = [line.quantity * line.unit_price for line in lines]
        copied.lines = (*self.lines, *lines)
        copied.original, copied.remaining = [*self.original, *added], [*self.remaining, *added]
        copied._units = [*self._units, *([None] * len(lines))]
        copied.applications = list(self.applications)
        copied._selections, copied._shorter, copied._by_sku = {}, self, None
        return copied

    def select(self, selector: Selector) -> list[int]:
        """Positions of the lines that fit."""
        found = self._selections.get(id(selector))
        if found is None:
            found = self._selections[id(selector)] = self._select(selector)
        return found

    def _select(self, selector: Selector) -> list[int]:
        if self._shorter is not None:
            start = len(self._shorter.lines)
            more = [at for at in range(start, len(self.lines)) if selector.takes(self.lines[at])]
            return self._shorter.select(selector) + more
        return [at for at in self._worth_looking_at(selector) if selector.takes(self.lines[at])]

    def _worth_looking_at(self, selector: Selector) -> Iterable[int]:
        """Lines that could fit: of a selection of a few products those with their SKUs."""
        if not 0 < len(selector.products) < len(self.lines):
            return range(len(self.lines))
        if self._by_sku is None:
            self._by_sku = {}
            for at, line in enumerate(self.lines):
                self._by_sku.setdefault(line.sku, []).append(at)
        return sorted(at for sku in selector.products for at in self._by_sku.get(sku, ()))

    @property
    def saved(self) -> int:
        return sum(application.taking.amount for application in self.applications)

    def units(self, position: int) -> list[int]:
        """What is left of every unit of a line; do not change it."""
        known = self._units[position]
        if known is None:
            known = [self.lines[position].unit_price] * self.lines[position].quantity
            for application in self.applications:
                share = unit_shares(application.taking, position, known)
                known = [left - taken for left, taken in zip(known, share, strict=True)]
            self._units[position] = known
        return known

    def book(self, promotion: Promotion, taking: Taking) -> None:
        """Take it off."""
        for position, amount in taking.lines.items():
            known = self._units[position]
            if known is not None:
                shares = unit_shares(taking, position, known)
                self._units[position] = [left - taken for left, taken in zip(known, shares, strict=True)]
            self.remaining[position] -= amount
        self.shipping -= taking.shipping
        self.applications.append(Application(promotion, taking))


def unit_shares(taking: Taking, position: int, left: Sequence[int]) -> list[int]:
    """What each unit of a line bears of a taking, when ``left`` is what was left of each unit before it."""
    if (known := taking.units.get(position)) is not None:
        return known
    amount = taking.lines.get(position, 0)
    return allocate(amount, left) if amount else [0] * len(left)


class View:
    """The ledger as one promotion sees it: its target lines, its basis, its tax."""

    __slots__ = ("_amounts", "_as_is", "_cart_is_gross", "ledger", "promotion")

    def __init__(self, ledger: Ledger, promotion: Promotion) -> None:
        self.ledger, self.promotion = ledger, promotion
        # What percentages and thresholds look at.
        self._amounts = ledger.remaining if promotion.basis is Basis.REMAINING else ledger.original
        cart_is_gross = ledger.cart.prices_include_tax
        self._as_is = promotion.tax is Tax.CART or (promotion.tax is Tax.GROSS) == cart_is_gross
        self._cart_is_gross = cart_is_gross

    def select(self, selector: Selector) -> list[int]:
        """Positions of the lines that fit."""
        return self.ledger.select(selector)

    def inward(self, amount: int, position: int) -> int:
        """An amount of the cart's, in the promotion's tax basis."""
        if self._as_is:
            return amount
        rate = self.ledger.lines[position].tax_rate
        return without_tax(amount, rate) if self._cart_is_gross else apply_rate(amount, rate)

    def outward(self, amount: int, position: int) -> int:
        """An amount of the promotion's, in the cart's tax basis."""
        if self._as_is:
            return amount
        rate = self.ledger.lines[position].tax_rate
        return apply_rate(amount, rate) if self._cart_is_gross else without_tax(amount, rate)

    def bases(self, positions: Iterable[int]) -> list[int]:
        """Of each line, what percentages and thresholds look at."""
        amounts = self._amounts
        if self._as_is:
            return [amounts[position] for position in positions]
        return [self.inward(amounts[position], position) for position in positions]

    def bearable(self, positions: Iterable[int]) -> list[int]:
        """What each line can still take: never below nothing, nor below the promotion's floor."""
        if self.promotion.floor:
            return [self._above(self.promotion.floor, position) for position in positions]
        left = self.ledger.remaining
        if self._as_is:
            return [left[position] for position in positions]
        return [self.inward(left[position], position) for position in positions]

    def _above(self, least: int, position: int) -> int:
        floor = self.outward(least, position)
        return self.inward(sum(max(unit - floor, 0) for unit in self.ledger.units(position)), position)

    def units(self, position: int) -> list[int]:
        """What is left of every unit."""
        return [self.inward(unit, position) for unit in self.ledger.units(position)]

    def take_lines(self, shares: dict[int, int]) -> Taking:
        """Shares in the promotion's basis, none above what its line can bear, as a taking in the cart's."""
        if self.promotion.floor:
            return self._above_floor(shares)
        if self._as_is:
            return Taking(lines={position: share for position, share in shares.items() if share})
        left = self.ledger.remaining
        outward = {position: min(self.outward(share, position), left[position]) for position, share in shares.items()}
        return Taking(lines={position: share for position, share in outward.items() if share})

    def _above_floor(self, shares: dict[int, int]) -> Taking:
        """With a floor it matters which unit bears how much."""
        units = {}
        for position, share in shares.items():
            floor = self.outward(self.promotion.floor, position)
            room = [max(unit - floor, 0) for unit in self.ledger.units(position)]
            units[position] = allocate(min(self.outward(share, position), sum(room)), room)
        return _of_units(units)

    def take_units(self, shares: dict[int, list[int]]) -> Taking:
        """Likewise for every unit of some lines."""
        floor = self.promotion.floor
        bounded = {}
        for position, wanted in shares.items():
            least = self.outward(floor, position) if floor else 0
            left = self.ledger.units(position)
            bounded[position] = [
                min(self.outward(share, position), max(unit - least, 0))
                for share, unit in zip(wanted, left, strict=True)
            ]
        return _of_units(bounded)


def _of_units(units: dict[int, list[int]]) -> Taking:
    taken = {position: shares for position, shares in units.items() if any(shares)}
    return Taking(lines={position: sum(shares) for position, shares in taken.items()}, units=taken)
