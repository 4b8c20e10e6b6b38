"""When a shop trains, and how far back it looks."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel
from merchants.models import Merchant


class TrainingPlan(MerchantModel):
    """A merchant's schedule and data window; one row per merchant, none means the defaults."""

    class Refresh(models.IntegerChoices):
        NEVER = 0, _("Only with the training")
        FIVE = 5, _("Every 5 minutes")
        FIFTEEN = 15, _("Every 15 minutes")
        HOUR = 60, _("Every hour")

    is_paused = models.BooleanField(
        _("paused"), default=False, help_text=_("No training begins by itself. “Train now” still does.")
    )
    hour = models.PositiveSmallIntegerField(
        _("nightly training at"),
        default=3,
        validators=[MaxValueValidator(23)],
        help_text=_("Full hour in the shop's time zone."),
    )
    refresh_minutes = models.PositiveSmallIntegerField(
        _("popularity, sessions and new products"), choices=Refresh.choices, default=Refresh.FIVE
    )
    purchase_days = models.PositiveIntegerField(
        _("days of orders"),
        default=1095,
        validators=[MinValueValidator(30)],
        help_text=_("How far back orders are learnt from, counted from the newest."),
    )
    event_days = models.PositiveIntegerField(
        _("days of events"),
        default=90,
        validators=[MinValueValidator(1)],
        help_text=_("How far back looking and baskets are learnt from, counted from today."),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant"], name="training_plan_once"),
            models.CheckConstraint(condition=Q(hour__lte=23), name="training_plan_hour"),
            models.CheckConstraint(condition=Q(purchase_days__gte=1, event_days__gte=1), name="training_plan_window"),
        ]
        verbose_name = _("training plan")
        verbose_name_plural = _("training plans")

    def __str__(self) -> str:
        return f"{self.hour}:00"


def training_plan(merchant: Merchant) -> TrainingPlan:
    """The merchant's plan, the defaults where none is stored."""
    return TrainingPlan.objects.for_merchant(merchant).first() or TrainingPlan(merchant=merchant)
