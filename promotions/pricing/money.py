"""Shares of amounts: percentages, rounding, and splits that respect what a part can bear. Pure integers."""

from __future__ import annotations

from collections.abc import Sequence

from core.money import allocate

# A percentage is kept in hundredths: 12.5 % is 1250.
WHOLE = 10_000


def share(amount: int, hundredths: int) -> int:
    """``hundredths`` hundredths of a percent of a non-negative ``amount``, rounded half up."""
    return (2 * amount * hundredths + WHOLE) // (2 * WHOLE)


def spread(amount: int, bearable: Sequence[int], *, weights: Sequence[int] | None = None) -> list[int]:
    """Split ``amount`` by largest remainder over parts of which none can bear more than its ``bearable``.

    Shares are in proportion to ``weights`` (what can be borne, by default); what a part cannot take spills to the
    others. What none can take is left: the sum is ``min(amount, sum(bearable))``.
    """
    left = min(amount, sum(bearable))
    if left <= 0:
        return [0] * len(bearable)
    if weights is None or weights == bearable:
        return allocate(left, bearable)  # in proportion to what it bears, no part gets more than that
    shares = [0] * len(bearable)
    while left:
        room = [most - taken for most, taken in zip(bearable, shares, strict=True)]
        open_weights = [weight if most else 0 for weight, most in zip(weights, room, strict=True)]
        parts = allocate(left, open_weights if any(open_weights) else room)
        for position, part in enumerate(parts):
            taken = min(part, room[position])
            shares[position] += taken
            left -= taken
    return shares


def apply_rate(net: int, rate: int) -> int:
    """A net amount with tax at ``rate`` hundredths of a percent, rounded half up."""
    return net + share(net, rate)


def without_tax(gross: int, rate: int) -> int:
    """The net amount in a gross one, rounded half up."""
    return (2 * gross * WHOLE + WHOLE + rate) // (2 * (WHOLE + rate))
