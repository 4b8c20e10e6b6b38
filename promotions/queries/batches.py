"""Coupon batches for a screen: who asks for their codes, what was redeemed, who uses suspiciously many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum, TextField
from django.db.models.functions import Cast, TruncDate

from customers.models import Customer, Identity
from merchants.models import Merchant
from promotions.models import Coupon, CouponBatch, Promotion, PromotionVersion, Redemption, RedemptionUse
from promotions.pricing.engine import codes_of
from promotions.pricing.reading import known_promotion

# Whoever redeemed so many codes of one batch is shown.
SUSPICIOUS = 3
MOST_SHOWN = 20


def asking_for(merchant: Merchant) -> dict[str, list[Promotion]]:
    """By code (``@KEY`` of a batch, or the code itself): the promotions that ask for it, ended ones left out.

    Of a promotion that decides its version counts, of others the newest. One query.
    """
    rows = (
        PromotionVersion.objects.for_merchant(merchant)
        .exclude(promotion__status=Promotion.Status.ENDED)
        .annotate(text=Cast("definition", TextField()))
        .filter(text__contains='"code"')
        .select_related("promotion")
        .order_by("promotion", "number")
    )
    chosen: dict[int, Any] = {}
    for row in rows:
        in_use = row.promotion.status == Promotion.Status.ACTIVE
        if not in_use or row.pk == row.promotion.version_id:
            chosen[row.promotion_id] = row
    found: dict[str, list[Promotion]] = defaultdict(list)
    for row in chosen.values():
        for code in codes_of(known_promotion(row.definition)):
            found[code].append(row.promotion)
    return found


def redeemed(merchant: Merchant, batches: Iterable[CouponBatch]) -> dict[int, tuple[int, int]]:
    """By batch: how many of its codes were used, and how often in all."""
    used = Coupon.objects.for_merchant(merchant).filter(batch__in=list(batches), used__gt=0).order_by()
    rows = used.values("batch").annotate(codes=Count("pk"), times=Sum("used"))
    return {batch: (codes, times) for batch, codes, times in rows.values_list("batch", "codes", "times")}


@dataclass(frozen=True)
class States:
    """What became of a batch's codes; they add up to those made. ``revoked`` ones were not used up before."""

    open: int
    begun: int
    used: int
    revoked: int


def states_of(batch: CouponBatch) -> States:
    """Two queries that look at used and revoked codes only."""
    rows = Coupon.objects.for_merchant(batch.merchant_id).filter(batch=batch)
    full = Q(used__gte=batch.uses_per_code)
    counts = rows.filter(used__gt=0).aggregate(
        gone=Count("pk", filter=full), begun=Count("pk", filter=~full & Q(revoked_at=None))
    )
    revoked = rows.filter(revoked_at__isnull=False).exclude(full).count()
    rest = max(batch.made - counts["gone"] - counts["begun"] - revoked, 0)
    if batch.revoked_at:
        return States(0, 0, counts["gone"], batch.made - counts["gone"])
    return States(rest, counts["begun"], counts["gone"], revoked)


def _uses(batch: CouponBatch) -> QuerySet[RedemptionUse]:
    """Uses that were kept."""
    rows = RedemptionUse.objects.for_merchant(batch.merchant_id).filter(coupon__batch=batch)
    return rows.filter(redemption__state__in=Redemption.HOLDING)


def uses_by_day(batch: CouponBatch, since: datetime) -> dict[date, tuple[int, int]]:
    """(uses, taken off) by day of the shop's calendar."""
    rows = _uses(batch).filter(created_at__gte=since)
    by_day = rows.annotate(day=TruncDate("created_at", tzinfo=batch.merchant.tz)).values("day").order_by()
    counted = by_day.annotate(uses=Count("pk"), taken=Sum("amount"))
    return {day: (uses, taken) for day, uses, taken in counted.values_list("day", "uses", "taken")}


def sums_of(batch: CouponBatch) -> dict[str, int]:
    """How often codes of the batch were used and kept, and what that took off."""
    sums: dict[str, Any] = _uses(batch).aggregate(uses=Count("pk"), taken=Sum("amount"))
    return {"uses": sums["uses"], "taken": sums["taken"] or 0}


def newest_uses(batch: CouponBatch, *, limit: int = 10) -> list[RedemptionUse]:
    """The newest redemptions with person and order."""
    rows = _uses(batch).select_related("redemption__order", "customer", "coupon")
    return list(rows.prefetch_related("customer__identities").order_by("-pk")[:limit])


@dataclass(frozen=True)
class Collector:
    """Somebody who used many codes; ``customer`` None: known by a digest only."""

    customer: Customer | None
    person: str
    codes: int
    uses: int
    batches: int


def collectors(merchant: Merchant, *, batch: CouponBatch | None = None, since: datetime) -> list[Collector]:
    """Who used at least ``SUSPICIOUS`` different codes, the most first; two queries."""
    rows = RedemptionUse.objects.for_merchant(merchant).filter(
        coupon__isnull=False, created_at__gte=since, redemption__state__in=Redemption.HOLDING
    )
    rows = rows.filter(coupon__batch=batch) if batch else rows
    named = rows.exclude(customer=None, person="").values("customer", "person").order_by()
    counted = named.annotate(
        codes=Count("coupon", distinct=True), uses=Count("pk"), batches=Count("coupon__batch", distinct=True)
    ).filter(codes__gte=SUSPICIOUS)
    found = list(counted.order_by("-codes", "customer", "person")[:MOST_SHOWN])
    ids = [row["customer"] for row in found if row["customer"]]
    people = Customer.objects.for_merchant(merchant).with_identities().in_bulk(ids)
    return [
        Collector(people.get(row["customer"] or 0), row["person"], row["codes"], row["uses"], row["batches"])
        for row in found
    ]


def code_rows(batch: CouponBatch) -> Iterator[tuple[Any, ...]]:
    """Every code with whom it is for, its uses and its end; by chunks, of a batch of any size."""
    rows = Coupon.objects.for_merchant(batch.merchant_id).filter(batch=batch).order_by("pk")
    bound = rows.exclude(customer=None).values("customer")
    named = Identity.objects.for_merchant(batch.merchant_id).filter(kind=Identity.Kind.EXTERNAL_ID, customer__in=bound)
    names = dict(named.order_by("pk").values_list("customer", "value"))
    values = rows.values_list("code", "customer", "used", "valid_until")
    for code, customer, used, until in values.iterator(chunk_size=5000):
        end = until or batch.valid_until
        yield code, names.get(customer, ""), used, end.isoformat() if end else ""
