"""Promotions for a screen: what each one says, how it stands, and what became of it; a constant number of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, IntegerField, OuterRef, QuerySet

from merchants.models import Merchant
from promotions.models import Promotion, PromotionVersion, Redemption, RedemptionUse, UseCount

# Uses of promotions without a limit are not kept as a sum: so many are counted at most.
MOST_COUNTED = 1000


@dataclass(frozen=True)
class Use:
    """How often a promotion was used, and what that cost where a limit makes it known. ``is_more``: counting ended."""

    count: int = 0
    spent: int | None = None
    is_more: bool = False


@dataclass(frozen=True)
class Shown:
    """A promotion as a list shows it: with the version that decides, else the newest."""

    promotion: Promotion
    version: PromotionVersion
    standing: Promotion.Standing
    use: Use

    @property
    def spent_share(self) -> float | None:
        """Of the budget; None without one."""
        budget = self.promotion.budget
        return None if budget is None else min((self.use.spent or 0) / budget, 1.0) if budget else 1.0


def shown(merchant: Merchant, promotions: Collection[Promotion], at: datetime) -> list[Shown]:
    """Three queries, however many promotions; each comes with its ``version`` loaded."""
    newest = newest_versions(merchant, [promotion for promotion in promotions if promotion.version is None])
    uses = uses_of(merchant, promotions)
    return [
        Shown(
            promotion,
            promotion.version or newest[promotion.pk],
            promotion.standing_at(at),
            uses.get(promotion.pk, Use()),
        )
        for promotion in promotions
        if promotion.version or promotion.pk in newest
    ]


def newest_versions(merchant: Merchant, promotions: Iterable[Promotion]) -> dict[int, PromotionVersion]:
    """The newest version of each, by the promotion's id."""
    rows = PromotionVersion.objects.for_merchant(merchant).filter(promotion__in=list(promotions))
    return {row.promotion_id: row for row in rows.order_by("promotion", "-number").distinct("promotion")}


def versions_of(promotion: Promotion) -> QuerySet[PromotionVersion]:
    """Every version, the newest first."""
    rows = PromotionVersion.objects.for_merchant(promotion.merchant_id).filter(promotion=promotion)
    return rows.select_related("created_by").order_by("-number")


def uses_of(merchant: Merchant, promotions: Iterable[Promotion], *, most: int = MOST_COUNTED) -> dict[int, Use]:
    """Exact where there is a limit, else counted up to ``most``."""
    known = list(promotions)
    limited = [promotion.pk for promotion in known if promotion.is_limited]
    counts = UseCount.objects.for_merchant(merchant).filter(promotion__in=limited, window="")
    found = {row.promotion_id: Use(row.used, row.spent) for row in counts}
    found |= {pk: Use(0, 0) for pk in limited if pk not in found}
    held = RedemptionUse.objects.for_merchant(merchant).filter(
        promotion=OuterRef("pk"), redemption__state__in=Redemption.HOLDING
    )
    counted = Func(
        ArraySubquery(held.order_by().values("pk")[: most + 1]), function="CARDINALITY", output_field=IntegerField()
    )
    free = [promotion.pk for promotion in known if not promotion.is_limited]
    rows = Promotion.objects.for_merchant(merchant).filter(pk__in=free).annotate(times=counted)
    return found | {pk: Use(min(times, most), None, times > most) for pk, times in rows.values_list("pk", "times")}
