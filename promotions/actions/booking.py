"""Uses are counted against limits and budgets: exactly, by conditional updates, in one order for everybody.

Only promotions with a limit, and coupons, have a row that others could wait for. Promotions are taken in the order of
their ids, of each the person, then the count over all, then that of the period; coupons come last. So no two bookings
can wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, Q

from core.locks import lock_name, lock_names_together
from merchants.models import Merchant
from promotions.deciding import Deal
from promotions.models import Coupon, Promotion, Redemption, RedemptionUse, UseCount
from promotions.queries.people import Known
from promotions.queries.usage import limited, uses_by_person, window_of


@dataclass
class Booking:
    """``blocked``: what there was no more of, by promotion; ``overrun``: something was taken all the same."""

    blocked: dict[str, str] = field(default_factory=dict)
    counted: dict[int, str] = field(default_factory=dict)  # by promotion: the period it is counted in
    overrun: bool = False


@dataclass(frozen=True)
class _Want:
    promotion: Promotion
    amount: int
    window: str


def book(merchant: Merchant, wanted: dict[str, int], known: Known, *, at: datetime, force: bool = False) -> Booking:
    """Count one use of each promotion, with what it takes off. What is blocked leaves the caller to roll back.

    ``force`` counts beyond the limits, and says so: an order that was placed is not lost. A person whose limit cannot
    be looked at, because nobody knows who it is, gets nothing that is limited per customer.
    """
    booking = Booking()
    lock_names_together(limits_lock(merchant.pk, key) for key in wanted)
    for promotion in limited(merchant, list(wanted)):
        window = window_of(promotion, at)
        reason = _take(_Want(promotion, wanted[promotion.key], window), known, force=force)
        booking.counted[promotion.pk] = window
        if reason and force:
            booking.overrun |= reason != "customer_unknown"
        elif reason:
            booking.blocked[promotion.key] = reason
            return booking
    return booking


def limits_lock(merchant_id: int, key: str) -> str:
    """Whoever counts a promotion's uses, or finds that they need no counting, holds this together with all others who
    do; whoever changes its limits holds it alone, and so counts every use anew, also those of open transactions."""
    return f"promotion-limits:{merchant_id}:{key}"


def _take(want: _Want, known: Known, *, force: bool) -> str:
    """Count it; the first limit that was in the way, also where that was ignored."""
    reasons = []
    if want.promotion.uses_per_customer is not None:
        reasons.append(_per_customer(want.promotion, known))
    for window, within, name in _counts(want):
        if reasons and any(reasons) and not force:
            break
        reasons.append("" if _count(want, window, within, force=force) else name)
    return next(filter(None, reasons), "")


def _per_customer(promotion: Promotion, known: Known) -> str:
    if not known.is_named:
        return "customer_unknown"
    lock_name(f"promotion-use:{promotion.pk}:{known.customer.pk if known.customer else known.person}")
    mine = uses_by_person(promotion.merchant, [promotion.pk], known).get(promotion.pk, 0)
    return "customer" if mine >= (promotion.uses_per_customer or 0) else ""


def _counts(want: _Want) -> list[tuple[str, Q, str]]:
    """The rows that count this promotion: (period, what must hold of the row, what it means if not)."""
    promotion, rows = want.promotion, []
    within = Q()
    if promotion.uses_limit is not None:
        within &= Q(used__lt=promotion.uses_limit)
    if promotion.budget is not None:
        within &= Q(spent__lte=promotion.budget - want.amount)
    if within:
        rows.append(("", within, "uses" if promotion.budget is None else "budget"))
    if promotion.uses_per_window is not None:
        rows.append((want.window, Q(used__lt=promotion.uses_per_window), "period"))
    return rows


def _count(want: _Want, window: str, within: Q, *, force: bool) -> bool:
    """Whether it was within; ``force`` counts it anyway."""
    promotion = want.promotion
    rows = UseCount.objects.for_merchant(promotion.merchant_id).filter(promotion=promotion, window=window)
    more = {"used": F("used") + 1, "spent": F("spent") + want.amount}
    if rows.filter(within).update(**more):
        return True
    # No such row yet; or one that was counted anew while this waited for it.
    fresh = UseCount(merchant_id=promotion.merchant_id, promotion=promotion, window=window)
    UseCount.objects.bulk_create([fresh], ignore_conflicts=True)
    if rows.filter(within).update(**more):
        return True
    if force:
        rows.update(**more)
    return False


def book_coupons(merchant: Merchant, coupons: Iterable[Coupon], *, force: bool = False) -> str:
    """Use each code once; the first that has no use left, also where that was ignored."""
    refused = ""
    for coupon in sorted(coupons, key=lambda entry: entry.pk):
        rows = Coupon.objects.for_merchant(merchant).filter(pk=coupon.pk)
        if rows.filter(used__lt=coupon.batch.uses_per_code).update(used=F("used") + 1):
            continue
        refused = refused or coupon.code
        if force:
            rows.update(used=F("used") + 1)
    return refused


def write_uses(redemption: Redemption, deal: Deal, applied: Sequence[str], counted: dict[int, str]) -> None:
    """One row per promotion of the deal that is in ``applied``; a coupon stands in the first that needs it."""
    seen: set[int] = set()
    uses = []
    for offer, entry in deal.applied:
        if entry.promotion.id not in applied:
            continue
        fresh = next((coupon for coupon in deal.coupons_of(entry) if coupon.pk not in seen), None)
        seen |= {fresh.pk} if fresh else set()
        uses.append(
            RedemptionUse(
                merchant_id=redemption.merchant_id,
                redemption=redemption,
                promotion_id=offer.promotion_id,
                version_id=offer.version_id,
                coupon=fresh,
                code=next(iter(deal.codes_behind(entry)), ""),
                amount=entry.taking.amount,
                points=entry.taking.points,
                customer_id=redemption.customer_id,
                person=deal.known.person,
                window=counted.get(offer.promotion_id, ""),
                is_counted=offer.promotion_id in counted,
                created_at=deal.at,
            )
        )
    RedemptionUse.objects.bulk_create(uses)


def give_back(redemption: Redemption) -> None:
    """Take the redemption's uses off every count, in the order in which they were taken."""
    rows = RedemptionUse.objects.for_merchant(redemption.merchant_id).filter(redemption=redemption)
    keys = rows.exclude(promotion=None).order_by().values_list("promotion__key", flat=True)
    lock_names_together(limits_lock(redemption.merchant_id, key) for key in keys)
    uses = list(rows.order_by("promotion", "pk"))
    for use in uses:
        if use.is_counted and use.promotion_id:
            _uncount(use)
    coupons = sorted(use.coupon_id for use in uses if use.coupon_id)
    for coupon in coupons:
        held = Coupon.objects.for_merchant(redemption.merchant_id).filter(pk=coupon, used__gt=0)
        held.update(used=F("used") - 1)


def _uncount(use: RedemptionUse) -> None:
    rows = UseCount.objects.for_merchant(use.merchant_id).filter(promotion=use.promotion_id, used__gt=0)
    for window in ("", use.window):
        rows.filter(window=window).update(used=F("used") - 1, spent=F("spent") - use.amount)
