"""What a merchant wants to be shown, or not, and where and to whom."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Category
from core.models import MerchantModel, MerchantQuerySet
from merchants.models import Staff
from recommendations.engines.steering import LEAST_FACTOR, MOST_FACTOR
from recommendations.models.measuring import Placement

MOST_SLOTS = 20


class RuleQuerySet(MerchantQuerySet["Rule"]):
    def acting(self, today: date) -> Self:
        """Those that are switched on and in season on that day of the shop's calendar, in the order in which they act."""
        begun = self.filter(Q(starts_on=None) | Q(starts_on__lte=today), is_active=True)
        return begun.filter(Q(ends_on=None) | Q(ends_on__gte=today)).order_by("pk")


class Rule(MerchantModel):
    """One wish about some products, at some placements (none named: everywhere), for a segment or everybody."""

    class Action(models.TextChoices):
        PIN = "pin", _("Pin")
        BOOST = "boost", _("Boost or dampen")
        BURY = "bury", _("Bury")
        EXCLUDE = "exclude", _("Exclude")
        IN_STOCK = "in_stock", _("Only well stocked")
        PRICE_BAND = "price_band", _("Only in a price range")
        CATEGORY_CAP = "category_cap", _("At most so many of a category")

    class Target(models.TextChoices):
        PRODUCTS = "products", _("certain products")
        CATEGORY = "category", _("a category")
        PRICE = "price", _("a price range")
        NEW = "new", _("new products")
        MARGIN = "margin", _("products with a high margin")

    class SegmentKind(models.TextChoices):
        LIFECYCLE = "lifecycle", _("lifecycle")
        RFM_GROUP = "rfm_group", _("RFM group")
        PROFITABILITY = "profitability", _("profitability")

    name = models.CharField(_("name"), max_length=120)
    action = models.CharField(_("action"), max_length=12, choices=Action.choices)
    target = models.CharField(_("which products"), max_length=8, choices=Target.choices, blank=True)
    placements = ArrayField(
        models.CharField(max_length=20, choices=Placement.choices),
        verbose_name=_("placements"),
        default=list,
        blank=True,
    )
    segment_kind = models.CharField(_("kind of segment"), max_length=13, choices=SegmentKind.choices, blank=True)
    segment_value = models.CharField(_("segment"), max_length=20, blank=True)
    product_ids = ArrayField(models.BigIntegerField(), verbose_name=_("products"), default=list, blank=True)
    category = models.ForeignKey(
        Category, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    price_from = models.BigIntegerField(_("price from"), null=True, blank=True)
    price_to = models.BigIntegerField(_("price to"), null=True, blank=True)
    days = models.PositiveSmallIntegerField(_("days since added"), null=True, blank=True)
    factor = models.FloatField(
        _("factor"),
        null=True,
        blank=True,
        validators=[MinValueValidator(LEAST_FACTOR), MaxValueValidator(MOST_FACTOR)],
        help_text=_("Above 1 moves up, below 1 moves down."),
    )
    slot = models.PositiveSmallIntegerField(_("place"), null=True, blank=True, help_text=_("1 is the first."))
    most = models.PositiveSmallIntegerField(_("at most"), null=True, blank=True)
    least_stock = models.PositiveIntegerField(_("units in stock"), null=True, blank=True)
    starts_on = models.DateField(_("from"), null=True, blank=True)
    ends_on = models.DateField(_("until"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_by = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects: ClassVar = RuleQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["merchant", "is_active"], name="rule_acting")]
        constraints = [
            models.CheckConstraint(
                condition=Q(factor=None) | Q(factor__gte=LEAST_FACTOR, factor__lte=MOST_FACTOR),
                name="rule_factor_bounded",
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(starts_on=None) | Q(ends_on__gte=models.F("starts_on")),
                name="rule_ends_after_start",
            ),
        ]
        verbose_name = _("rule")
        verbose_name_plural = _("rules")

    def __str__(self) -> str:
        return self.name

    def facts(self) -> dict[str, Any]:
        """What the audit log compares before and after."""
        names = [field.attname for field in self._meta.concrete_fields if field.editable and not field.primary_key]
        return {name: getattr(self, name) for name in names if name != "merchant_id"}
