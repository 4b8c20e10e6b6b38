"""What is left of limits and budgets, for the promotions that could apply: three queries, however many those are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Q

from merchants.models import Merchant
from promotions.models import Promotion, Redemption, RedemptionUse, UseCount
from promotions.queries.people import Known


@dataclass(frozen=True)
class Usage:
    """``used_up``: promotions by key that are out, and by which limit; ``budgets``: what others may still take off."""

    used_up: dict[str, str] = field(default_factory=dict)
    budgets: dict[str, int] = field(default_factory=dict)


def limited(merchant: Merchant, keys: Collection[str]) -> list[Promotion]:
    """Those of these promotions whose uses are counted, in the order in which they are locked."""
    any_limit = Q(uses_limit__gte=0) | Q(uses_per_customer__gte=0) | Q(uses_per_window__gte=0) | Q(budget__gte=0)
    return list(Promotion.objects.for_merchant(merchant).filter(any_limit, key__in=keys).order_by("pk"))


def window_of(promotion: Promotion, at: datetime) -> str:
    """The period of the shop's calendar that a moment (in the shop's time) falls into: a day, its week or its month."""
    match promotion.window:
        case Promotion.Window.WEEK:
            year, week, _day = at.isocalendar()
            return f"{year}-W{week:02}"
        case Promotion.Window.MONTH:
            return at.strftime("%Y-%m")
    return at.strftime("%Y-%m-%d")


def usage_of(merchant: Merchant, keys: Collection[str], known: Known, at: datetime) -> Usage:
    """What of these promotions is used up, as far as is known at this moment; booking looks again."""
    promotions = limited(merchant, keys)
    if not promotions:
        return Usage()
    rows = UseCount.objects.for_merchant(merchant).filter(promotion__in=promotions)
    counts = {(row.promotion_id, row.window): row for row in rows.filter(window__in=_windows(promotions, at))}
    mine = uses_by_person(merchant, [promotion.pk for promotion in promotions], known)
    usage = Usage()
    for promotion in promotions:
        total = counts.get((promotion.pk, "")) or UseCount()
        in_window = counts.get((promotion.pk, window_of(promotion, at))) or UseCount()
        reason = _reason(promotion, total, in_window, mine.get(promotion.pk, 0))
        if reason:
            usage.used_up[promotion.key] = reason
        if promotion.budget is not None:
            usage.budgets[promotion.key] = promotion.budget - total.spent
    return usage


def _windows(promotions: list[Promotion], at: datetime) -> set[str]:
    return {"", *(window_of(promotion, at) for promotion in promotions)}


def _reason(promotion: Promotion, total: UseCount, in_window: UseCount, mine: int) -> str:
    reached = {
        "uses": (total.used, promotion.uses_limit),
        "budget": (total.spent, promotion.budget),
        "period": (in_window.used, promotion.uses_per_window),
        "customer": (mine, promotion.uses_per_customer),
    }
    return next((name for name, (count, limit) in reached.items() if limit is not None and count >= limit), "")


def uses_by_person(merchant: Merchant, promotion_ids: list[int], known: Known) -> dict[int, int]:
    """How often the person has or holds each promotion; counted, not kept, so that a merge of profiles stays true."""
    if not known.is_named:
        return {}
    who = Q(customer=known.customer) if known.customer else Q(person=known.person)
    if known.customer and known.identifiers:
        who |= Q(person__in=known.identifiers)
    uses = RedemptionUse.objects.for_merchant(merchant).filter(who, promotion__in=promotion_ids)
    held = uses.filter(redemption__state__in=Redemption.HOLDING).order_by()
    return dict(held.values("promotion").annotate(uses=Count("pk")).values_list("promotion", "uses"))
