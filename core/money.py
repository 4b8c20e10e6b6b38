"""Money: integers in minor units plus an ISO 4217 code. Pure arithmetic and CLDR formatting."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from babel.numbers import format_currency, get_currency_precision

# The largest amount that fits the database's bigint with room for sums.
MAX_AMOUNT = 10**13


# More digits than this before the point are no money, and more than decimals can be rounded with.
MOST_DIGITS = 20


def decimal_places(currency: str) -> int:
    """How many digits follow the point: of EUR 2, of JPY none, of KWD 3."""
    return int(get_currency_precision(currency))


def to_minor(value: Decimal | str, currency: str) -> int:
    """``"19.99", "EUR"`` → 1999, rounded half up. Raises ValueError for what is no finite number."""
    try:
        amount = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"not an amount: {value!r}") from error
    if not amount.is_finite():
        raise ValueError(f"not an amount: {value!r}")
    if amount.adjusted() > MOST_DIGITS:
        raise ValueError(f"not an amount: {value!r}")
    return int(amount.scaleb(get_currency_precision(currency)).quantize(Decimal(1), ROUND_HALF_UP))


def to_major(amount: int, currency: str) -> Decimal:
    """1999, ``"EUR"`` → ``Decimal("19.99")``."""
    return Decimal(amount).scaleb(-get_currency_precision(currency))


def format_money(amount: int, currency: str, locale: str) -> str:
    """As a reader of ``locale`` writes it: ``"19,99 €"`` in German; a negative one with a minus sign, not a hyphen."""
    return format_currency(to_major(amount, currency), currency, locale=locale.replace("-", "_")).replace("-", "−")


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Split ``amount`` in proportion to non-negative ``weights``; the parts add up exactly.

    Largest remainder method; ties go to the earlier part, so that the same input always splits alike.
    All weights zero: an even split. Raises ValueError for no or negative weights.
    """
    if not weights or min(weights) < 0:
        raise ValueError("weights must be non-negative, and at least one")
    if amount < 0:
        return [-part for part in allocate(-amount, weights)]
    if len(weights) == 1:
        return [amount]
    if not any(weights):
        weights = [1] * len(weights)
    total = sum(weights)
    parts = [amount * weight // total for weight in weights]
    if left := amount - sum(parts):
        remainders = [amount * weight % total for weight in weights]
        # Of equal remainders a descending sort keeps the order.
        for i in sorted(range(len(weights)), key=remainders.__getitem__, reverse=True)[:left]:
            parts[i] += 1
    return parts


def included_tax(gross: int, rate: Decimal) -> int:
    """The tax contained in a gross amount at ``rate`` (``Decimal("0.19")``), rounded half up."""
    return int((gross * rate / (1 + rate)).quantize(Decimal(1), ROUND_HALF_UP))
