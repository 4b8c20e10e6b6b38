"""What promotions show on screens of others: a person's points, and what a till is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Max, Min, Sum
from django.urls import reverse
from django.utils.formats import localize
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from rest_framework import serializers

from core.providers import (
    LookupSection,
    NavigationItem,
    Panel,
    TimelineEntry,
    TimelineFilter,
    customer_lookup,
    customer_panels,
    customer_timeline,
    navigation,
    timeline_filters,
)
from customers.models import Customer
from promotions.models import PointEntry, PointLot
from promotions.queries.loyalty import (
    member_of,
    next_to_activate,
    next_to_expire,
    payable,
    programme,
    tiers_of,
)

navigation.register(
    NavigationItem("promotion_list", gettext_lazy("Promotions"), "discount", "promotions"), name="promotions", rank=10
)
navigation.register(
    NavigationItem("coupon_list", gettext_lazy("Coupons"), "ticket", "promotions"), name="coupons", rank=30
)
navigation.register(NavigationItem("loyalty", gettext_lazy("Loyalty"), "award", "promotions"), name="loyalty", rank=60)


Kind = PointEntry.Kind


class LoyaltyLookupOutput(serializers.Serializer[Any]):
    """A member's points and tier."""

    points = serializers.IntegerField(help_text="That can be spent.")
    pending = serializers.IntegerField()
    tier = serializers.CharField(help_text="Its name; empty for none.")
    tier_key = serializers.CharField()


def _lookup(customer: Customer) -> dict[str, Any] | None:
    member = member_of(customer)
    if member is None:
        return None
    tier = member.tier
    return {
        "points": member.balance,
        "pending": member.pending,
        "tier": tier.name if tier else "",
        "tier_key": tier.key if tier else "",
    }


def loyalty_panel(customer: Customer) -> Panel:
    """Points, tier and the newest entries of a person."""
    program, member = programme(customer.merchant), member_of(customer)
    context = {
        "customer": customer,
        "program": program,
        "member": member,
        "worth": payable(program, member.balance) if member else 0,
        "next_active": next_to_activate(customer),
        "next_expiry": next_to_expire(customer),
        "next_tier": _next_tier(customer, member.tier.at_least if member and member.tier else -1),
    }
    return Panel("promotions/loyalty/panel.html", context)


_WORDS: dict[str, tuple[Any, Any, str]] = {
    # kind: what it says of points, of pending ones, and its tone
    Kind.EARN: (gettext_noop("Earned %(points)s points"), gettext_noop("Earned %(points)s points, pending"), "success"),
    Kind.ACTIVATE: (gettext_noop("%(points)s points can be spent"), "", "success"),
    Kind.BURN: (gettext_noop("Spent %(points)s points"), "", "info"),
    Kind.RESTORE: (gettext_noop("Got %(points)s points back"), "", "success"),
    Kind.EXPIRE: (gettext_noop("%(points)s points expired"), "", "neutral"),
    Kind.REVERSE: (
        gettext_noop("%(points)s points were taken back"),
        gettext_noop("%(points)s pending points were taken back"),
        "warning",
    ),
    Kind.ADJUST: (gettext_noop("Staff corrected the account by %(points)s points"), "", "info"),
    Kind.SETTLE: (gettext_noop("%(points)s points paid a debt"), "", "neutral"),
}


def point_entries(customer: Customer, limit: int, before: datetime | None) -> list[TimelineEntry]:
    """Provider: what became of the person's points; what was taken from several lots at once is one entry."""
    rows = PointEntry.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    if before is not None:
        rows = rows.filter(created_at__lt=before)
    together = rows.order_by().values("created_at", "kind", "reason", "order__number")
    sums = together.annotate(sum=Sum("points"), waiting=Sum("pending"), cause=Min("lot__kind"), last=Max("pk"))
    return [_told(customer, entry) for entry in sums.order_by("-created_at", "-last")[:limit]]


def _told(customer: Customer, entry: Mapping[str, Any]) -> TimelineEntry:
    said, pending, tone = _WORDS[entry["kind"]]
    amount = entry["sum"] or entry["waiting"]
    sentence = said if entry["sum"] or not pending else pending
    number = localize(amount if entry["kind"] == Kind.ADJUST else abs(amount))
    return TimelineEntry(
        at=entry["created_at"],
        kind=f"points.{entry['kind']}",
        icon="award",
        title=_(sentence) % {"points": number},
        detail=entry["reason"] or _cause(entry),
        url=reverse("loyalty_member", args=[customer.merchant.slug, customer.pk]),
        tone=tone,
    )


def _cause(entry: Mapping[str, Any]) -> str:
    if entry["order__number"]:
        return _("Order %(number)s") % {"number": entry["order__number"]}
    return capfirst(str(PointLot.Kind(entry["cause"]).label)) if entry["cause"] else ""


def _next_tier(customer: Customer, height: int) -> Any:
    return next((tier for tier in tiers_of(customer.merchant) if tier.at_least > height), None)


customer_timeline.register(point_entries, name="points")
timeline_filters.register(
    TimelineFilter(gettext_lazy("Points"), "award", frozenset({"points"})), name="points", rank=60
)
customer_panels.register(loyalty_panel, name="loyalty", rank=15)
customer_lookup.register(
    LookupSection(LoyaltyLookupOutput(allow_null=True, help_text="Null: no points yet."), _lookup),
    name="loyalty",
    rank=15,
)
