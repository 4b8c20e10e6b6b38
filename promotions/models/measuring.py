"""What a promotion would do, tried on past orders, and what it did, measured against people who were held out."""

from __future__ import annotations

from typing import Any

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.measuring.holdout import HOLDOUT, TREATED
from core.models import Job, MerchantModel
from merchants.models import Staff
from promotions.models.offers import Promotion, PromotionVersion
from promotions.models.redemptions import Redemption


class Replay(MerchantModel):
    """One version, decided on the newest orders as if it had been active: what it would have cost, and for whom.

    ``report`` is written when all orders are through; it names orders and promotions, never people.
    """

    promotion = models.ForeignKey(
        Promotion, on_delete=models.CASCADE, related_name="replays", verbose_name=_("promotion")
    )
    version = models.ForeignKey(PromotionVersion, on_delete=models.CASCADE, related_name="+", verbose_name=_("version"))
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("job"))
    wanted = models.PositiveIntegerField(_("orders"), validators=[MinValueValidator(1)])
    newest_order = models.BigIntegerField(
        _("newest order"), default=0, help_text=_("Orders that came later are left out, so that it can begin again.")
    )
    assumes_code = models.BooleanField(
        _("as if everybody had the code"), default=False, help_text=_("Conditions on codes count as met.")
    )
    report: models.JSONField[dict[str, Any]] = models.JSONField(_("figures"), default=dict)
    asked_by = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("asked for by")
    )
    created_at = models.DateTimeField(_("asked for"), default=timezone.now)
    finished_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        indexes = [models.Index(fields=["promotion", "-id"], name="replay_newest")]
        verbose_name = _("replay")
        verbose_name_plural = _("replays")

    def __str__(self) -> str:
        return f"{self.version_id}: {self.wanted}"


class Exposure(MerchantModel):
    """The first checkout of a person that qualified for a promotion with a holdout, and whether they got it.

    Both arms are written down by the same rule: the promotion applied, or would have applied had the person not been
    held out. ``customer_id`` is the profile as it was known then; ``person`` a digest while there was none.
    """

    class Arm(models.TextChoices):
        TREATED = TREATED, _("got it")
        HOLDOUT = HOLDOUT, _("held out")

    promotion = models.ForeignKey(
        Promotion, on_delete=models.CASCADE, related_name="exposures", verbose_name=_("promotion")
    )
    arm = models.CharField(_("arm"), max_length=8, choices=Arm.choices)
    customer_id = models.BigIntegerField(_("customer"), null=True)
    person = models.CharField(_("person"), max_length=64, blank=True)
    redemption = models.ForeignKey(
        Redemption, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("redemption")
    )
    amount = models.BigIntegerField(
        _("taken off"), default=0, help_text=_("Of somebody held out: what would have been taken off.")
    )
    occurred_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["promotion", "customer_id"], condition=Q(customer_id__isnull=False), name="exposure_of_customer"
            ),
            models.UniqueConstraint(fields=["promotion", "person"], condition=~Q(person=""), name="exposure_of_person"),
        ]
        indexes = [
            models.Index(fields=["customer_id"], condition=Q(customer_id__isnull=False), name="exposure_by_customer")
        ]
        verbose_name = _("exposure to a promotion")
        verbose_name_plural = _("exposures to promotions")

    def __str__(self) -> str:
        return f"{self.promotion_id} {self.arm}"


class PromotionReport(MerchantModel):
    """What a promotion with a holdout came to, over people: no sum of days gives it."""

    promotion = models.OneToOneField(
        Promotion, on_delete=models.CASCADE, related_name="report", verbose_name=_("promotion")
    )
    report: models.JSONField[dict[str, Any]] = models.JSONField(_("figures"), default=dict)
    figured_at = models.DateTimeField(_("figures made"), default=timezone.now)

    class Meta:
        verbose_name = _("report of a promotion")
        verbose_name_plural = _("reports of promotions")

    def __str__(self) -> str:
        return f"{self.promotion_id}"
