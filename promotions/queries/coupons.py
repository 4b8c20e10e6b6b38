"""Codes on a cart: which are coupons of batches, and which of those can be used by this person now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from merchants.models import Merchant
from promotions.models import Coupon
from promotions.pricing.cart import normalise_code
from promotions.queries.people import Known


@dataclass(frozen=True)
class Codes:
    """What the codes on a cart mean. ``given``: what the engine looks at, a batch's token in place of its coupon."""

    given: list[str] = field(default_factory=list)
    coupons: dict[str, Coupon] = field(default_factory=dict)  # by the token of their batch
    refused: dict[str, str] = field(default_factory=dict)


def find_codes(merchant: Merchant, codes: Sequence[str], known: Known, at: datetime, *, lenient: bool = False) -> Codes:
    """One query, and none for a cart without codes. ``lenient``: also coupons that cannot be used (any more)."""
    normal = list(dict.fromkeys(normalise_code(code) for code in codes))
    found = Codes()
    if not normal:
        return found
    rows = Coupon.objects.for_merchant(merchant).filter(code__in=normal).select_related("batch")
    coupons = {coupon.code: coupon for coupon in rows}
    for code in normal:
        coupon = coupons.get(code)
        reason = _reason(code, coupon, found, known, at, lenient=lenient)
        if reason:
            found.refused[code] = reason
        elif coupon:
            found.coupons[coupon.batch.token] = coupon
            found.given.append(coupon.batch.token)
        else:
            found.given.append(code)
    return found


def _reason(code: str, coupon: Coupon | None, found: Codes, known: Known, at: datetime, *, lenient: bool) -> str:
    if coupon is None:
        # Nobody names a batch itself: that would be any of its coupons.
        return "unknown" if code.startswith("@") else ""
    if coupon.batch.token in found.coupons:
        return "one_of_a_batch"
    # Of somebody else's code nothing is told, not even that there is such a code.
    return "" if lenient else ("unknown" if is_foreign(coupon, known) else unusable(coupon, at))


def is_foreign(coupon: Coupon, known: Known) -> bool:
    """Whether the code is for one person, and this is another."""
    return coupon.is_bound and (known.customer is None or coupon.customer_id != known.customer.pk)


def unusable(coupon: Coupon, at: datetime) -> str:
    """Why nobody can use it now: ``revoked``, ``used``, ``not_yet`` or ``expired``; empty where somebody can."""
    batch = coupon.batch
    if coupon.revoked_at or batch.revoked_at:
        return "revoked"
    if coupon.used >= batch.uses_per_code:
        return "used"
    if batch.valid_from and at < batch.valid_from:
        return "not_yet"
    ends = [end for end in (coupon.valid_until, batch.valid_until) if end]
    return "expired" if ends and at >= min(ends) else ""
