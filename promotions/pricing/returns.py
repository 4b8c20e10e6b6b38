"""What is paid back when units come back, by each promotion's policy. Refunds of all units add up to what was paid.

``keep``: a unit is refunded with what was paid for it. ``prorate``: the discount is shared by all units the promotion
looked at, so that nobody gains by returning the dear ones. ``clawback``: the kept units are priced anew, and what they
would not have earned is taken back. A refund counts all units returned so far; a later one pays the difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.money import allocate
from promotions.pricing.cart import Cart
from promotions.pricing.definitions import LANES, Lane, ReturnPolicy
from promotions.pricing.engine import Decision, evaluate
from promotions.pricing.index import Index
from promotions.pricing.ledger import Application, Taking, unit_shares

# By line id: which of its units (by index) are meant.
Units = Mapping[str, Sequence[int]]


def unit_discounts(decision: Decision) -> list[list[list[int]]]:
    """By application, by line, by unit: what it took off, as it was booked."""
    left = [[line.unit_price] * line.quantity for line in decision.cart.lines]
    booked = []
    for application in decision.applications:
        shares = [unit_shares(application.taking, at, units) for at, units in enumerate(left)]
        left = [
            [before - taken for before, taken in zip(units, row, strict=True)]
            for units, row in zip(left, shares, strict=True)
        ]
        booked.append(shares)
    return booked


def refund(decision: Decision, index: Index, returned: Units, *, lanes: Sequence[Lane] = LANES) -> int:
    """What is due in all for the units returned so far, shipping aside.

    ``index``: the promotions as they stood when the order was made. Raises ValueError for a unit that was not bought.
    """
    kept = _kept(decision.cart, returned)
    if not any(any(row) for row in kept):
        return sum(decision.ledger.remaining)
    worth = sum(line.unit_price * sum(row) for line, row in zip(decision.cart.lines, kept, strict=True))
    repriced = _repriced(decision, index, kept, lanes)
    for application, shares in zip(decision.applications, unit_discounts(decision), strict=True):
        policy = application.promotion.returns
        if policy == ReturnPolicy.CLAWBACK:
            worth -= repriced.get(application.promotion.id, 0)
        else:
            rows = _shared_alike(decision, shares, application) if policy == ReturnPolicy.PRORATE else shares
            worth -= sum(
                share
                for row, flags in zip(rows, kept, strict=True)
                for share, stays in zip(row, flags, strict=True)
                if stays
            )
    paid = sum(decision.ledger.remaining)
    return min(max(paid - worth, 0), paid)


def _kept(cart: Cart, returned: Units) -> list[list[bool]]:
    kept = {line.id: [True] * line.quantity for line in cart.lines}
    for line, indexes in returned.items():
        for unit in indexes:
            if line not in kept or not 0 <= unit < len(kept[line]):
                raise ValueError(f"Line {line} has no unit {unit}.")
            kept[line][unit] = False
    return [kept[line.id] for line in cart.lines]


def _shared_alike(decision: Decision, shares: list[list[int]], application: Application) -> list[list[int]]:
    """The application's discount over every unit it looked at, in proportion to what the units cost."""
    lines = decision.cart.lines
    target = application.promotion.target
    looked = [at for at, line in enumerate(lines) if target.takes(line)]
    weights = [lines[at].unit_price for at in looked for _unit in range(lines[at].quantity)]
    amount = sum(map(sum, shares))
    if not weights or not amount:
        return shares
    parts = iter(allocate(amount, weights))
    rows = [[0] * line.quantity for line in lines]
    for at in looked:
        rows[at] = [next(parts) for _unit in range(lines[at].quantity)]
    return rows


def _repriced(decision: Decision, index: Index, kept: list[list[bool]], lanes: Sequence[Lane]) -> dict[str, int]:
    """By promotion: what it would take off the lines of the kept cart."""
    if all(entry.promotion.returns != ReturnPolicy.CLAWBACK for entry in decision.applications):
        return {}
    cart = decision.cart
    rest = [replace(line, quantity=sum(row)) for line, row in zip(cart.lines, kept, strict=True) if any(row)]
    again = evaluate(index, replace(cart, lines=tuple(rest)), lanes=lanes)
    return {entry.promotion.id: _off_lines(entry.taking) for entry in again.applications}


def _off_lines(taking: Taking) -> int:
    return sum(taking.lines.values())
