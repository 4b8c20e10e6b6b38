"""Promotions are written: drafts, versions, and which of them decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Sum
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidInput
from core.locks import lock_name
from core.rings import ring
from merchants.actions import record_audit
from merchants.models import Merchant, Staff
from promotions import active
from promotions.actions.booking import limits_lock
from promotions.language.problems import spoken_problem
from promotions.language.terms import KPIS
from promotions.measuring.drawing import check_holdout
from promotions.models import Promotion, PromotionVersion, Redemption, RedemptionUse, RuleSet, UseCount
from promotions.pricing.reading import Unreadable, read_promotion
from promotions.pricing.sense import check_sense
from promotions.queries.usage import window_of

LIMITS = ("uses_limit", "uses_per_customer", "uses_per_window", "window", "budget")
OWN_FIELDS = ("id", "version", "age", "name")


@dataclass(frozen=True, kw_only=True)
class VersionData:
    """What a version says. ``definition`` is a promotion of ``schema.json`` without ``OWN_FIELDS``, which we set."""

    definition: Mapping[str, Any]
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PromotionData:
    """A new promotion; ``limits`` by their names in ``LIMITS``."""

    key: str
    name: str
    version: VersionData
    limits: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def create_promotion(merchant: Merchant, data: PromotionData, *, staff: Staff | None = None) -> Promotion:
    """A draft with its first version. Raises InvalidInput for a definition that cannot be, DomainError ``key_taken``."""
    promotion = Promotion(merchant=merchant, key=data.key, name=data.name, **data.limits)
    try:
        with transaction.atomic():
            promotion.save()
    except IntegrityError as error:
        raise DomainError("key_taken", _("There is a promotion with this key.")) from error
    add_version(promotion, data.version, staff=staff)
    record_audit(merchant, "promotion.created", staff=staff, subject=promotion, changes={"key": data.key})
    return promotion


@transaction.atomic
def add_version(promotion: Promotion, data: VersionData, *, staff: Staff | None = None) -> PromotionVersion:
    """A further version; what decides stays as it is until the version is activated."""
    if data.starts_at and data.ends_at and data.starts_at >= data.ends_at:
        raise InvalidInput("ends_before_it_starts", _("It must end after it starts."), field="ends_at")
    lock_name(f"promotion:{promotion.pk}")
    rows = PromotionVersion.objects.for_merchant(promotion.merchant_id).filter(promotion=promotion)
    number = (rows.aggregate(last=Max("number"))["last"] or 0) + 1
    return PromotionVersion.objects.create(
        merchant_id=promotion.merchant_id,
        promotion=promotion,
        number=number,
        definition=_definition(promotion, data.definition, number),
        starts_at=data.starts_at,
        ends_at=data.ends_at,
        created_by=staff,
    )


def _definition(promotion: Promotion, said: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The whole document, checked. Older promotions go first among those of one priority."""
    if own := sorted(set(said) & set(OWN_FIELDS)):
        raise InvalidInput("unknown_field", _("This is set by us."), field=f"definition.{own[0]}")
    document = {**said, "id": promotion.key, "version": number, "age": promotion.pk, "name": promotion.name}
    try:
        promotion_read = read_promotion(document)
        check_sense(document, figures=KPIS)
    except Unreadable as error:
        raise InvalidInput("invalid_definition", error.problem, field=f"definition.{error.path}".rstrip(".")) from error
    check_holdout(promotion_read)
    return document


@transaction.atomic
def activate_promotion(promotion: Promotion, *, number: int | None = None, staff: Staff | None = None) -> Promotion:
    """Let a version decide from now on, by default the newest.

    Raises InvalidInput ``unknown_version``, or ``invalid_definition`` for one of before drafts were asked for sense.
    """
    promotion = _locked(promotion)
    rows = PromotionVersion.objects.for_merchant(promotion.merchant_id).filter(promotion=promotion)
    version = (rows.filter(number=number) if number else rows.order_by("-number")).first()
    if version is None:
        raise InvalidInput("unknown_version", _("There is no such version."), field="version")
    try:
        check_sense(version.definition, figures=KPIS)
    except Unreadable as error:
        raise InvalidInput("invalid_definition", spoken_problem(error), field="version") from error
    return _set(promotion, Promotion.Status.ACTIVE, version=version, staff=staff)


@transaction.atomic
def pause_promotion(promotion: Promotion, *, staff: Staff | None = None) -> Promotion:
    """Stop deciding; reservations that hold it can still be confirmed."""
    return _set(_locked(promotion), Promotion.Status.PAUSED, staff=staff)


@transaction.atomic
def end_promotion(promotion: Promotion, *, staff: Staff | None = None) -> Promotion:
    """Stop for good."""
    return _set(_locked(promotion), Promotion.Status.ENDED, staff=staff)


def _locked(promotion: Promotion) -> Promotion:
    rows = Promotion.objects.for_merchant(promotion.merchant_id).select_related("merchant", "version")
    locked: Promotion = rows.select_for_update(of=("self",), no_key=True).get(pk=promotion.pk)
    if locked.status == Promotion.Status.ENDED:
        raise has_ended()
    return locked


def has_ended() -> DomainError:
    """What is said to whoever would still change a promotion that has ended."""
    return DomainError("promotion_ended", _("This promotion has ended; make a new one."))


def _set(
    promotion: Promotion, status: Promotion.Status, *, version: PromotionVersion | None = None, staff: Staff | None
) -> Promotion:
    changes = {"status": {"from": promotion.status, "to": status.value}}
    if version:
        changes["version"] = {"from": str(promotion.version_id or ""), "to": str(version.pk)}
        promotion.version = version
    promotion.status = status
    promotion.save(update_fields=["status", "version", "updated_at"])
    record_audit(promotion.merchant, f"promotion.{status.value}", staff=staff, subject=promotion, changes=changes)
    note_active_set(promotion.merchant)
    return promotion


def note_active_set(merchant: Merchant) -> RuleSet | None:
    """Write down which versions decide together, if that changed. Call it in the transaction of the change."""
    lock_name(f"rule-set:{merchant.pk}")
    versions = list(
        Promotion.objects.for_merchant(merchant).active().order_by("version").values_list("version_id", flat=True)
    )
    rows = RuleSet.objects.for_merchant(merchant).order_by("-pk")
    newest = rows.values_list("versions", flat=True).first()
    if versions == (newest or []):
        return None
    transaction.on_commit(lambda: active.look_again(merchant.pk))
    transaction.on_commit(lambda: ring("promotions.tasks.publish_shop_prices", merchant_id=merchant.pk))
    return RuleSet.objects.create(merchant=merchant, versions=versions)


@transaction.atomic
def set_limits(promotion: Promotion, limits: Mapping[str, Any], *, staff: Staff | None = None) -> Promotion:
    """Change limits; what was used until now counts towards them."""
    promotion = _locked(promotion)
    # Reservations that are being made right now come to an end first, and are counted with the others.
    lock_name(limits_lock(promotion.merchant_id, promotion.key))
    before = {name: getattr(promotion, name) for name in LIMITS}
    for name, value in limits.items():
        setattr(promotion, name, value)
    promotion.save(update_fields=[*limits, "updated_at"])
    _recount(promotion)
    changes = {name: {"from": before[name], "to": value} for name, value in limits.items() if before[name] != value}
    record_audit(promotion.merchant, "promotion.limits", staff=staff, subject=promotion, changes=changes)
    return promotion


def _recount(promotion: Promotion) -> None:
    """Counts anew from the uses that are held: those of before there was a limit were not counted."""
    merchant = promotion.merchant
    counts = UseCount.objects.for_merchant(merchant).filter(promotion=promotion)
    # Whoever books waits here, and then finds the new counts.
    list(counts.select_for_update())
    counts.delete()
    if not promotion.is_limited:
        return
    held = RedemptionUse.objects.for_merchant(merchant).filter(
        promotion=promotion, redemption__state__in=Redemption.HOLDING
    )
    now_in = [(use, window_of(promotion, use.created_at.astimezone(merchant.tz))) for use in held]
    for use, window in now_in:
        use.window, use.is_counted = window, True
    held.bulk_update([use for use, _window in now_in], ["window", "is_counted"], batch_size=1000)
    totals = held.order_by().values("window").annotate(used=Count("pk"), spent=Sum("amount"))
    rows = [(row["window"], row["used"], row["spent"]) for row in totals]
    everything = ("", sum(row[1] for row in rows), sum(row[2] for row in rows))
    UseCount.objects.bulk_create(
        UseCount(merchant=merchant, promotion=promotion, window=window, used=used, spent=spent)
        for window, used, spent in [everything, *rows]
        if used
    )
