"""Units of a confirmed cart come back: what is due for them, by every promotion's policy, to the cent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidInput
from promotions.actions.redemptions import end, locked
from promotions.deciding import booked
from promotions.models import Redemption, RedemptionReturn
from promotions.pricing.cart import Cart
from promotions.pricing.returns import refund


@dataclass(frozen=True, kw_only=True)
class ReturnedUnits:
    """Units of a line: named by their numbers (from 0), or so many of those that are not back yet."""

    line: str
    units: Sequence[int] | None = None
    quantity: int | None = None


@transaction.atomic
def return_units(redemption: Redemption, *, reference: str, lines: Sequence[ReturnedUnits]) -> RedemptionReturn:
    """Record a return, once per reference. With the last unit the redemption is rolled back.

    Raises DomainError: ``not_confirmed``, ``not_reserved`` (nobody knows what an order without reservation was priced
    by), ``already_returned``; InvalidInput ``unknown_unit``.
    """
    redemption = locked(redemption)
    rows = RedemptionReturn.objects.for_merchant(redemption.merchant_id).filter(redemption=redemption)
    if known := rows.filter(reference=reference).first():
        return known
    if not redemption.has_reservation:
        raise DomainError("not_reserved", _("This order was not reserved: its prices are not known here."))
    if redemption.state != Redemption.State.CONFIRMED:
        raise DomainError("not_confirmed", _("Only units of a confirmed order can be returned."))
    earlier = list(rows)
    decision, index = booked(redemption)
    back = _units(decision.cart, lines, earlier)
    everything = _together([*(row.units for row in earlier), back])
    in_all = refund(decision, index, everything)
    before = earlier[-1].refund_in_all if earlier else 0
    stored = RedemptionReturn.objects.create(
        merchant_id=redemption.merchant_id,
        redemption=redemption,
        reference=reference,
        units=back,
        # What is taken back later is never more than what is due for these units.
        refund=max(in_all - before, 0),
        refund_in_all=max(in_all, before),
    )
    if sum(map(len, everything.values())) == sum(line.quantity for line in decision.cart.lines):
        end(redemption, Redemption.State.ROLLED_BACK)
    return stored


def _units(cart: Cart, lines: Sequence[ReturnedUnits], earlier: Sequence[RedemptionReturn]) -> dict[str, list[int]]:
    """Which units are meant, by line."""
    gone = {line: set(units) for line, units in _together([row.units for row in earlier]).items()}
    quantities = {line.id: line.quantity for line in cart.lines}
    back: dict[str, list[int]] = {}
    for number, entry in enumerate(lines):
        if entry.line not in quantities or entry.line in back:
            raise InvalidInput("unknown_unit", _("The cart has no such line."), field=f"lines.{number}.line")
        taken = gone.get(entry.line, set())
        back[entry.line] = _of_line(entry, quantities[entry.line], taken, field=f"lines.{number}")
    return back


def _of_line(entry: ReturnedUnits, quantity: int, gone: set[int], *, field: str) -> list[int]:
    there = [unit for unit in range(quantity) if unit not in gone]
    if entry.units is None:
        if (entry.quantity or 0) > len(there):
            raise DomainError("already_returned", _("Not so many units of this line are still out."), field=field)
        return there[: entry.quantity]
    if unknown := set(entry.units) - set(range(quantity)):
        raise InvalidInput("unknown_unit", _("The line has no such unit.") + f" ({min(unknown)})", field=field)
    if gone & set(entry.units):
        raise DomainError("already_returned", _("A unit came back before."), field=field)
    return sorted(set(entry.units))


def _together(units: Sequence[Mapping[str, Sequence[int]]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for entry in units:
        for line, numbers in entry.items():
            found.setdefault(line, []).extend(numbers)
    return found
