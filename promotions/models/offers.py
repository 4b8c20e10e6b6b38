"""What is offered: promotions, their immutable versions, and which versions were active together."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel, MerchantQuerySet
from merchants.models import Staff


class PromotionQuerySet(MerchantQuerySet["Promotion"]):
    def active(self) -> Self:
        """Those that decide on carts; each knows its version."""
        return self.filter(status=Promotion.Status.ACTIVE)

    def search(self, text: str) -> Self:
        """Promotions whose name or key contains every word of ``text``."""
        found = self
        for word in text.split():
            found = found.filter(Q(name__icontains=word) | Q(key__icontains=word))
        return found

    def standing(self, standing: str, at: datetime) -> Self:
        """Those that stand like this at this moment."""
        over, waits = Q(version__ends_at__lte=at), Q(version__starts_at__gt=at)
        match standing:
            case Promotion.Standing.SCHEDULED:
                return self.active().filter(waits)
            case Promotion.Standing.EXPIRED:
                return self.active().filter(over)
            case Promotion.Standing.ACTIVE:
                # Not by exclude(): a period without bounds is open.
                begun = Q(version__starts_at=None) | Q(version__starts_at__lte=at)
                return self.active().filter(begun, Q(version__ends_at=None) | Q(version__ends_at__gt=at))
        return self.filter(status=standing)


class Promotion(MerchantModel):
    """An offer. What it says is in its versions; how often it may be had is said here, because it changes no past."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        ENDED = "ended", _("ended")

    class Standing(models.TextChoices):
        """What staff mean by status: an active promotion may wait for its period, or have outlived it."""

        DRAFT = "draft", _("draft")
        SCHEDULED = "scheduled", _("scheduled")
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        EXPIRED = "expired", _("expired")
        ENDED = "ended", _("ended")

    class Window(models.TextChoices):
        """What “per period” means; in the shop's calendar."""

        DAY = "day", _("day")
        WEEK = "week", _("week")
        MONTH = "month", _("month")

    key = models.CharField(_("key"), max_length=64)
    name = models.CharField(_("name"), max_length=200)
    status = models.CharField(_("status"), max_length=6, choices=Status.choices, default=Status.DRAFT)
    version = models.ForeignKey(
        "promotions.PromotionVersion",
        on_delete=models.RESTRICT,
        null=True,
        related_name="+",
        verbose_name=_("version in use"),
    )
    uses_limit = models.PositiveIntegerField(_("uses"), null=True, blank=True, help_text=_("Empty: without limit."))
    uses_per_customer = models.PositiveIntegerField(_("uses per customer"), null=True, blank=True)
    uses_per_window = models.PositiveIntegerField(_("uses per period"), null=True, blank=True)
    window = models.CharField(_("period"), max_length=5, choices=Window.choices, default=Window.DAY)
    budget = models.BigIntegerField(
        _("budget"), null=True, blank=True, help_text=_("What it may take off in all, in minor units.")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects: ClassVar = PromotionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="promotion_key_once"),
            models.CheckConstraint(condition=Q(budget=None) | Q(budget__gte=0), name="promotion_budget_not_negative"),
            models.CheckConstraint(
                condition=~Q(status="active") | ~Q(version=None), name="promotion_active_with_version"
            ),
        ]
        indexes = [models.Index(fields=["merchant", "status", "-id"], name="promotion_by_status")]
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")

    def __str__(self) -> str:
        return self.name or self.key

    def standing_at(self, at: datetime) -> Standing:
        """How it stands at this moment, by its status and the period of the version that decides."""
        version = self.version
        if self.status != self.Status.ACTIVE or version is None:
            return self.Standing(self.status)
        if version.ends_at and version.ends_at <= at:
            return self.Standing.EXPIRED
        is_early = version.starts_at and version.starts_at > at
        return self.Standing.SCHEDULED if is_early else self.Standing.ACTIVE

    @property
    def is_limited(self) -> bool:
        """Whether a use has to be counted against something."""
        limits = (self.uses_limit, self.uses_per_customer, self.uses_per_window, self.budget)
        return any(limit is not None for limit in limits)


class PromotionVersion(MerchantModel):
    """What a promotion says, as the engine reads it. Never changed: an edit is a further version."""

    promotion = models.ForeignKey(
        Promotion, on_delete=models.CASCADE, related_name="versions", verbose_name=_("promotion")
    )
    number = models.PositiveIntegerField(_("number"))
    definition: models.JSONField[dict[str, Any]] = models.JSONField(_("definition"))
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    created_by = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("created by")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["promotion", "number"], name="promotion_version_once"),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(starts_at__lt=F("ends_at")),
                name="promotion_version_begins_before_it_ends",
            ),
        ]
        verbose_name = _("version of a promotion")
        verbose_name_plural = _("versions of promotions")

    def __str__(self) -> str:
        return f"{self.promotion_id} v{self.number}"


class RuleSet(MerchantModel):
    """The versions that were active together. Never changed: the newest decides, the others explain the past."""

    versions = ArrayField(models.BigIntegerField(), verbose_name=_("versions"), default=list)
    created_at = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["merchant", "-id"], name="rule_set_newest")]
        verbose_name = _("rule set")
        verbose_name_plural = _("rule sets")

    def __str__(self) -> str:
        return f"{self.pk}"


class PublishedPrices(MerchantModel):
    """Which versions the shown prices are lowered by for everybody, as the price history says; one row per shop."""

    versions = ArrayField(models.BigIntegerField(), verbose_name=_("versions"), default=list)
    published_at = models.DateTimeField(_("published"), default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant"], name="published_prices_once")]
        verbose_name = _("published prices")
        verbose_name_plural = _("published prices")

    def __str__(self) -> str:
        return f"{self.merchant_id}: {self.published_at}"
