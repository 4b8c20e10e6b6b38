"""What recommendations were shown, clicked and led to, and who is held back. Rows come out of tracked events."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Product
from core.measuring.holdout import HOLDOUT, MOST_PERCENT, OPEN, TREATED
from core.models import MerchantModel
from merchants.models import Merchant


class Placement(models.TextChoices):
    """Where recommendations are shown."""

    HOME = "home", _("Home page")
    DISCOVER = "discover", _("New to this person")
    PRODUCT = "product", _("Product page")
    SIMILAR = "similar", _("Similar products")
    COMPLEMENTARY = "complementary", _("Goes with it")
    BASKET = "basket", _("Basket")
    ORDER_CONFIRMATION = "order_confirmation", _("Order confirmation")
    SEARCH = "search", pgettext_lazy("placement", "Search")
    CATEGORY = "category", _("Category page")
    REPLENISH = "replenish", _("Buy again")
    TILL = "till", _("Till")
    NOT_FOUND = "not_found", _("Page not found")


class Arm(models.TextChoices):
    """What a person is shown while a placement is measured."""

    OPEN = OPEN, _("not measured")
    TREATED = TREATED, _("recommendations")
    HOLDOUT = HOLDOUT, _("held back")


class PlacementSettings(MerchantModel):
    """What a merchant decided about a placement."""

    placement = models.CharField(_("placement"), max_length=20, choices=Placement.choices)
    holdout_percent = models.PositiveSmallIntegerField(
        _("held back"),
        default=0,
        validators=[MaxValueValidator(MOST_PERCENT)],
        help_text=_("Per cent of people who see what is popular instead, so that the difference can be measured."),
    )
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "placement"], name="placement_settings_once"),
            models.CheckConstraint(condition=Q(holdout_percent__lte=MOST_PERCENT), name="placement_holdout_bounded"),
        ]
        verbose_name = _("settings of a placement")
        verbose_name_plural = _("settings of placements")

    def __str__(self) -> str:
        return self.placement


def _merchant() -> models.ForeignKey[Merchant, Merchant]:
    """Not checked row by row: the merchant comes from the event, and rows are written by the thousand."""
    return models.ForeignKey(
        Merchant,
        on_delete=models.CASCADE,
        related_name="+",
        editable=False,
        verbose_name=_("merchant"),
        db_constraint=False,
        db_index=False,
    )


class Impression(MerchantModel):
    """One answer that a person saw, with its products in their order. Counted once, however often it is reported.

    ``customer_id`` is the profile as it was known then, as in events. A visitor is kept only while no profile is known.
    """

    merchant = _merchant()
    answer = models.BigIntegerField(_("answer"))
    occurred_at = models.DateTimeField(_("when"))
    placement = models.CharField(_("placement"), max_length=20, choices=Placement.choices)
    arm = models.CharField(_("arm"), max_length=8, choices=Arm.choices)
    customer_id = models.BigIntegerField(_("customer"), null=True)
    visitor = models.CharField(_("visitor"), max_length=255, blank=True)
    products = ArrayField(models.BigIntegerField(), verbose_name=_("products"))
    sources = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("sources"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "answer"], name="impression_once")]
        indexes = [
            models.Index(fields=["merchant", "occurred_at"], name="impression_by_time"),
            models.Index(fields=["customer_id"], condition=Q(customer_id__isnull=False), name="impression_of_customer"),
        ]
        verbose_name = _("impression")
        verbose_name_plural = _("impressions")

    def __str__(self) -> str:
        return f"{self.placement} {self.occurred_at:%Y-%m-%d}"


class Click(MerchantModel):
    """A recommended product that somebody opened; of one answer every product counts once."""

    merchant = _merchant()
    answer = models.BigIntegerField(_("answer"))
    occurred_at = models.DateTimeField(_("when"))
    placement = models.CharField(_("placement"), max_length=20, choices=Placement.choices)
    arm = models.CharField(_("arm"), max_length=8, choices=Arm.choices)
    customer_id = models.BigIntegerField(_("customer"), null=True)
    visitor = models.CharField(_("visitor"), max_length=255, blank=True)
    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, related_name="+", verbose_name=_("product"), db_constraint=False
    )
    position = models.PositiveSmallIntegerField(_("position"), help_text=_("Counted from 1."))
    source = models.PositiveSmallIntegerField(_("source"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "answer", "product"], name="click_once")]
        indexes = [
            models.Index(fields=["merchant", "occurred_at"], name="click_by_time"),
            models.Index(fields=["customer_id"], condition=Q(customer_id__isnull=False), name="click_of_customer"),
        ]
        verbose_name = _("click")
        verbose_name_plural = _("clicks")

    def __str__(self) -> str:
        return f"{self.placement} {self.occurred_at:%Y-%m-%d}"


class PlacementDay(MerchantModel):
    """What one placement came to on one day of the shop's calendar, for one arm. Amounts include tax unless they say so."""

    day = models.DateField(_("day"))
    placement = models.CharField(_("placement"), max_length=20, choices=Placement.choices)
    arm = models.CharField(_("arm"), max_length=8, choices=Arm.choices)
    impressions = models.PositiveBigIntegerField(_("views"), default=0)
    clicked = models.PositiveBigIntegerField(_("views with a click"), default=0)
    clicks = models.PositiveBigIntegerField(_("clicks"), default=0)
    orders = models.PositiveBigIntegerField(
        _("orders"), default=0, help_text=_("Placed that day with a product that was clicked in the seven days before.")
    )
    revenue = models.BigIntegerField(
        _("revenue"), default=0, help_text=_("Of the clicked products in these orders, net of returns, tax included.")
    )
    margin = models.BigIntegerField(
        _("margin"), default=0, help_text=_("Of the part whose cost is known: revenue without tax less cost of goods.")
    )
    covered_revenue = models.BigIntegerField(
        _("revenue with known cost"), default=0, help_text=_("Tax included: the part that the margin speaks of.")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "day", "placement", "arm"], name="placement_day_once")
        ]
        verbose_name = _("day of a placement")
        verbose_name_plural = _("days of placements")

    def __str__(self) -> str:
        return f"{self.placement} {self.day}"


class OnlineReport(MerchantModel):
    """What was measured in the shop: how far events are read, and figures over people, which no sum of days gives."""

    folded_event = models.BigIntegerField(_("last event read"), default=0)
    folded_at = models.DateTimeField(_("events read"), null=True)
    figured_at = models.DateTimeField(_("figures made"), null=True)
    # {"uplift": {placement: {window: …}}, "weeks": …, "sources": …, "positions": …}
    report: models.JSONField[dict[str, Any]] = models.JSONField(_("figures"), default=dict)
    updated_at = models.DateTimeField(_("updated"), default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant"], name="online_report_once")]
        verbose_name = _("online report")
        verbose_name_plural = _("online reports")

    def __str__(self) -> str:
        return f"{self.merchant_id}"
