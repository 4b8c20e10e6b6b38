"""How long promotions keep what, unless a merchant decides otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.privacy.retention import Retention, keep_for
from promotions.models import LoyaltyProgram, PointEntry, PointLot, Redemption

ABANDONED = (Redemption.State.RELEASED, Redemption.State.EXPIRED)
# A month at its longest: what tiers look at is never removed under them.
MONTH = timedelta(days=31)


def _abandoned(merchant_id: int, before: datetime) -> QuerySet[Redemption]:
    """Carts that were given up, with what was held for them; orders are the books and stay."""
    rows = Redemption.objects.for_merchant(merchant_id).filter(state__in=ABANDONED, ended_at__lt=before)
    abandoned: QuerySet[Redemption] = rows.filter(order=None, order_number="")
    return abandoned


def _closed(merchant_id: int, before: datetime) -> QuerySet[PointLot]:
    """Lots that nothing is left of, and that nothing happened to since: their entries add up to nothing."""
    months = LoyaltyProgram.objects.for_merchant(merchant_id).values_list("tier_months", flat=True).first() or 0
    earliest = min(before, timezone.now() - months * MONTH)
    later = PointEntry.objects.for_merchant(merchant_id).filter(lot=OuterRef("pk"), created_at__gte=before)
    lots = PointLot.objects.for_merchant(merchant_id).filter(left=0, pending=0, earned_at__lt=earliest)
    closed: QuerySet[PointLot] = lots.exclude(Exists(later))
    return closed


def _forget_lots(merchant_id: int, ids: list[Any]) -> int:
    """With their entries, which the balance of nobody changes by."""
    PointEntry.objects.for_merchant(merchant_id).filter(lot__in=ids).delete()
    PointLot.objects.for_merchant(merchant_id).filter(pk__in=ids).delete()
    return len(ids)


keep_for(
    Retention(
        "reservations",
        _("Carts whose checkout was given up"),
        _("What was reserved and not ordered says what somebody wanted; support may be asked about it for some weeks."),
        days=30,
        shortest=14,
        model=Redemption,
        old=_abandoned,
    ),
    rank=35,
)
keep_for(
    Retention(
        "points",
        _("The ledger of points that are used up"),
        _("Points are a debt of the shop: what became of them is kept as long as books are (HGB § 257, AO § 147)."),
        days=3653,
        shortest=1461,
        model=PointLot,
        old=_closed,
        remove=_forget_lots,
    ),
    rank=40,
)
