"""What promotions show on screens of others: a person's points, and what a till is told of them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy
from rest_framework import serializers

from core.providers import LookupSection, NavigationItem, Panel, customer_lookup, customer_panels, navigation
from customers.models import Customer
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
navigation.register(NavigationItem("loyalty", gettext_lazy("Loyalty"), "award", "promotions"), name="loyalty", rank=60)


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


def _next_tier(customer: Customer, height: int) -> Any:
    return next((tier for tier in tiers_of(customer.merchant) if tier.at_least > height), None)


customer_panels.register(loyalty_panel, name="loyalty", rank=15)
customer_lookup.register(
    LookupSection(LoyaltyLookupOutput(allow_null=True, help_text="Null: no points yet."), _lookup),
    name="loyalty",
    rank=15,
)
