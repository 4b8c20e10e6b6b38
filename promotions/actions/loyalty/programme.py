"""What a merchant sets up: the programme, tiers, rewards; all of it in the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.rings import ring
from merchants.actions import record_audit
from merchants.models import Merchant, Staff
from promotions import active
from promotions.actions.coupons import BatchData, create_batch
from promotions.actions.offers import (
    PromotionData,
    VersionData,
    activate_promotion,
    create_promotion,
)
from promotions.models import LoyaltyProgram, Reward, Tier
from promotions.queries.loyalty import programme


@dataclass(frozen=True, kw_only=True)
class RewardData:
    """A reward of an amount off, from a smallest spend on; its batch and its promotion are made with it."""

    key: str
    name: str
    points: int
    amount: int
    at_least: int = 0
    days: int = 90


@transaction.atomic
def set_programme(merchant: Merchant, values: dict[str, Any], *, staff: Staff | None) -> LoyaltyProgram:
    """Change the programme; what was earned keeps its terms."""
    program = programme(merchant)
    changes = _change(program, values)
    program.save()
    transaction.on_commit(lambda: active.look_again(merchant.pk))
    if {"imports_from", "is_active"} & changes.keys():
        transaction.on_commit(lambda: ring("promotions.tasks.earn_imported", merchant_id=merchant.pk))
    if changes:
        record_audit(merchant, "loyalty.updated", staff=staff, subject=program, changes=changes)
    return program


def _change(row: models.Model, values: dict[str, Any]) -> dict[str, Any]:
    changes = {}
    for name, value in values.items():
        before = getattr(row, name)
        if before != value:
            changes[name] = {"from": str(before), "to": str(value)}
            setattr(row, name, value)
    return changes


@transaction.atomic
def save_tier(merchant: Merchant, tier: Tier, values: dict[str, Any], *, staff: Staff | None) -> Tier:
    """A new tier, or a changed one; members move at the next look at them. Raises DomainError ``tier_taken``."""
    action = "tier.edited" if tier.pk else "tier.added"
    tier.merchant = merchant
    changes = _change(tier, values)
    try:
        with transaction.atomic():
            tier.save()
    except IntegrityError as error:
        raise DomainError("tier_taken", _("There is a tier with this key or this step.")) from error
    record_audit(merchant, action, staff=staff, subject=tier, changes=changes)
    return tier


@transaction.atomic
def delete_tier(tier: Tier, *, staff: Staff | None) -> None:
    """Its members have none until they are looked at again."""
    record_audit(tier.merchant, "tier.deleted", staff=staff, subject=tier)
    tier.delete()


@transaction.atomic
def add_reward(merchant: Merchant, data: RewardData, *, staff: Staff | None) -> Reward:
    """A reward with all it needs: codes that are minted one by one, and a promotion that takes them. Raises DomainError
    ``key_taken``."""
    if Reward.objects.for_merchant(merchant).filter(key=data.key).exists():
        raise DomainError("key_taken", _("There is a reward with this key."))
    key = f"reward-{data.key}"
    batch = create_batch(merchant, BatchData(key=key.upper()[:40], name=data.name), staff=staff)
    conditions: list[dict[str, Any]] = [{"code": [batch.token]}]
    if data.at_least:
        conditions.append({"spend": {"at_least": data.at_least}})
    definition = {"lane": "order", "when": {"all": conditions}, "benefit": {"amount": {"amount": data.amount}}}
    about = PromotionData(key=key, name=data.name, version=VersionData(definition=definition))
    promotion = activate_promotion(create_promotion(merchant, about, staff=staff), staff=staff)
    reward = Reward.objects.create(
        merchant=merchant,
        key=data.key,
        name=data.name,
        points=data.points,
        days=data.days,
        batch=batch,
        promotion=promotion,
    )
    record_audit(merchant, "reward.added", staff=staff, subject=reward, changes={"points": data.points})
    return reward


@transaction.atomic
def withdraw_reward(reward: Reward, *, staff: Staff | None) -> None:
    """Nobody gets it any more; codes that were given out stay good. Also again."""
    if not reward.is_active:
        return
    reward.is_active = False
    reward.save(update_fields=["is_active"])
    record_audit(reward.merchant, "reward.withdrawn", staff=staff, subject=reward)
