"""Tiers: reached at once, lost after the grace period; every night all members are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from core.events import publish
from promotions.actions.loyalty.ledger import Account, lock_member
from promotions.events import TierChanged
from promotions.models import LoyaltyProgram, Member, Tier
from promotions.pricing.points import months_later
from promotions.queries.loyalty import running, standing, tiers_of

BATCH = 1000


def rise(account: Account) -> None:
    """Whoever reaches a higher tier is in it at once; ``account`` is open, its lots may not be stored yet."""
    program = running(account.member.merchant_id)
    tiers = tiers_of(account.member.merchant_id) if program else []
    if program and tiers:
        account.store()
        _review(program, tiers, [account.member], account.now)


def review_tiers(program: LoyaltyProgram, *, now: datetime | None = None) -> int:
    """Look at every member of a shop; returns how many changed. Members are locked one by one, and only to be changed."""
    now, tiers, changed, last = now or timezone.now(), tiers_of(program.merchant_id), 0, 0
    rows = Member.objects.for_merchant(program.merchant_id).select_related("tier").order_by("pk")
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        last = batch[-1].pk
        reached = _reached(program, tiers, batch, now)
        for member in batch:
            if _verdict(program, member, reached[member.customer_id], now) is not None:
                with transaction.atomic():
                    locked = lock_member(program.merchant_id, member.customer_id)
                    changed += _review(program, tiers, [locked], now)
    return changed


def _review(program: LoyaltyProgram, tiers: Sequence[Tier], members: Sequence[Member], now: datetime) -> int:
    reached = _reached(program, tiers, members, now)
    return sum(_apply(program, member, reached[member.customer_id], now) for member in members)


def _reached(
    program: LoyaltyProgram, tiers: Sequence[Tier], members: Sequence[Member], now: datetime
) -> dict[int, Tier | None]:
    """By customer: the highest tier that the months looked at come to."""
    since = months_later(now, -program.tier_months)
    points = standing(program, [member.customer_id for member in members], since)
    return {member.customer_id: _highest(tiers, points.get(member.customer_id, 0)) for member in members}


def _highest(tiers: Sequence[Tier], reached: int) -> Tier | None:
    return next((tier for tier in reversed(tiers) if tier.at_least <= reached), None)


def _verdict(program: LoyaltyProgram, member: Member, reached: Tier | None, now: datetime) -> str | None:
    """What becomes of a member: ``move``, ``grace``, ``secure``; None for nothing."""
    has, wants = _height(member.tier), _height(reached)
    if wants == has:
        return "secure" if member.tier_until else None
    if wants > has:
        return "move"
    if member.tier_until is None and program.grace_days:
        return "grace"
    return "move" if member.tier_until is None or member.tier_until <= now else None


def _height(tier: Tier | None) -> int:
    return -1 if tier is None else tier.at_least


def _apply(program: LoyaltyProgram, member: Member, reached: Tier | None, now: datetime) -> bool:
    match _verdict(program, member, reached, now):
        case "move":
            before = member.tier.key if member.tier else ""
            member.tier, member.tier_since, member.tier_until = reached, now if reached else None, None
            keys = {"before": before, "now": reached.key if reached else ""}
            publish(TierChanged(merchant_id=program.merchant_id, customer_id=member.customer_id, **keys))
        case "grace":
            member.tier_until = now + timedelta(days=program.grace_days)
        case "secure":
            member.tier_until = None
        case _:
            return False
    member.save(update_fields=["tier", "tier_since", "tier_until"])
    return True
