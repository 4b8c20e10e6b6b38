"""What a customer is worth: figures that the orders app keeps, and what they are expected to become.

Amounts are minor units of the merchant's currency. The window is the whole history unless a field says otherwise;
wholly cancelled orders and orders of guests never count. docs/kpis.md defines every figure.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel
from customers.models.profiles import Customer


class Lifecycle(models.TextChoices):
    """Where a person stands with the shop, judged by their own rhythm."""

    LEAD = "lead", _("lead")
    FIRST_TIME = "first_time", _("first-time buyer")
    ACTIVE = "active", _("active")
    DEFECTING = "defecting", _("defecting")
    INACTIVE = "inactive", _("inactive")


class Profitability(models.TextChoices):
    """What remains of a customer's revenue after all costs of serving them."""

    VERY_PROFITABLE = "very_profitable", _("very profitable")
    PROFITABLE = "profitable", _("profitable")
    BREAK_EVEN = "break_even", _("break-even")
    UNPROFITABLE = "unprofitable", _("unprofitable")
    UNKNOWN = "unknown", _("unknown")


class RfmGroup(models.TextChoices):
    """What recency, frequency and monetary value together say, in one word."""

    CHAMPIONS = "champions", _("champions")
    LOYAL = "loyal", _("loyal")
    PROMISING = "promising", _("promising")
    NEW = "new", _("new")
    NEEDS_ATTENTION = "needs_attention", _("need attention")
    AT_RISK = "at_risk", _("at risk")
    HIBERNATING = "hibernating", _("hibernating")


class CustomerKpis(MerchantModel):
    """The figures of one customer. Facts are recounted with every order, return, cancellation, refund and payment.

    Count, revenue, first and last order stand on the profile itself, where lists sort by them.
    """

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, related_name="kpis", verbose_name=_("customer"))
    units_bought = models.BigIntegerField(
        _("units bought"), default=0, help_text=_("All time; less cancelled ones, returned ones included.")
    )
    units_returned = models.BigIntegerField(_("units returned"), default=0, help_text=_("All time."))
    returned_value = models.BigIntegerField(
        _("value of returns"), default=0, help_text=_("All time, tax included: what was paid back for returned units.")
    )
    discounts = models.BigIntegerField(
        _("discounts"), default=0, help_text=_("All time, tax included; those of lines and of whole orders.")
    )
    net_revenue = models.BigIntegerField(
        _("net revenue"), default=0, help_text=_("All time, without tax; net of returns, refunds and cancellations.")
    )
    goods_cost = models.BigIntegerField(
        _("cost of goods"),
        default=0,
        help_text=_("All time, without tax; units that were kept and whose cost is known."),
    )
    payment_fees = models.BigIntegerField(_("payment fees"), default=0, help_text=_("All time, without tax."))
    shipping_costs = models.BigIntegerField(_("costs of sending"), default=0, help_text=_("All time, without tax."))
    return_costs = models.BigIntegerField(_("costs of returns"), default=0, help_text=_("All time, without tax."))
    covered_revenue = models.BigIntegerField(
        _("revenue with known costs"),
        default=0,
        help_text=_("All time, without tax: the part of the net revenue that the contribution margin speaks of."),
    )
    margin = models.BigIntegerField(
        _("contribution margin"),
        null=True,
        help_text=_(
            "All time, without tax: revenue less goods, payment fees, sending and returns. It speaks of the "
            "revenue whose costs are known; empty where no cost is known."
        ),
    )
    mean_gap_days = models.FloatField(
        _("mean gap between orders"), null=True, help_text=_("In days, all time; empty with fewer than two orders.")
    )
    payment_methods: models.JSONField[dict[str, int]] = models.JSONField(
        _("payment methods"), default=dict, help_text=_("Orders by payment method, all time.")
    )
    payments_count = models.PositiveIntegerField(_("payments"), default=0)
    payment_days = models.FloatField(
        _("days until payment"), null=True, help_text=_("Mean days from order to payment; empty without payments.")
    )
    overdue_days = models.FloatField(
        _("days overdue"),
        null=True,
        help_text=_("Mean days between the due day and the payment, none for those in time; empty without due days."),
    )
    first_channel = models.CharField(_("first channel"), max_length=12, blank=True)
    last_channel = models.CharField(_("last channel"), max_length=12, blank=True)

    lifecycle = models.CharField(_("lifecycle"), max_length=10, choices=Lifecycle.choices, default=Lifecycle.LEAD)
    profitability = models.CharField(
        _("profitability"), max_length=15, choices=Profitability.choices, default=Profitability.UNKNOWN
    )
    # Quintiles among the merchant's buyers, of the last nightly round; 5 is best.
    recency_class = models.PositiveSmallIntegerField(_("recency class"), null=True)
    frequency_class = models.PositiveSmallIntegerField(_("frequency class"), null=True)
    monetary_class = models.PositiveSmallIntegerField(_("monetary class"), null=True)
    rfm_group = models.CharField(_("RFM group"), max_length=15, choices=RfmGroup.choices, blank=True)

    predicted_orders = models.FloatField(
        _("predicted orders"), null=True, help_text=_("In the 12 months after the prediction.")
    )
    predicted_value = models.BigIntegerField(
        _("predicted value"),
        null=True,
        help_text=_("Expected revenue of the 12 months after the prediction, tax included, net of returns."),
    )
    alive = models.FloatField(
        _("probability alive"),
        null=True,
        help_text=_("That this person still is a customer; empty where the shop is too small to tell."),
    )
    predicted_at = models.DateTimeField(_("predicted"), null=True)
    updated_at = models.DateTimeField(_("updated"), default=timezone.now)

    class Meta:
        indexes = [
            models.Index(
                F("merchant"),
                F("predicted_value").desc(nulls_last=True),
                F("id").desc(),
                name="kpis_by_predicted_value",
            ),
            models.Index(fields=["merchant", "predicted_value", "id"], name="kpis_by_least_value"),
            models.Index(fields=["merchant", "lifecycle"], name="kpis_by_lifecycle"),
            models.Index(fields=["merchant", "profitability"], name="kpis_by_profitability"),
            models.Index(fields=["merchant", "recency_class", "frequency_class"], name="kpis_by_rfm"),
        ]
        verbose_name = _("customer KPIs")
        verbose_name_plural = _("customer KPIs")

    def __str__(self) -> str:
        return f"{self.customer_id}"


class ShopKpis(MerchantModel):
    """What customers are measured by: the shop's own rhythm and thresholds, and how well its predictions do."""

    typical_gap_days = models.FloatField(
        _("typical gap between orders"), null=True, help_text=_("In days: the median of the customers' mean gaps.")
    )
    top_margin = models.BigIntegerField(
        _("margin of the best fifth"),
        null=True,
        help_text=_("The contribution margin, without tax, that the best fifth of customers reach."),
    )
    model: models.JSONField[dict[str, Any]] = models.JSONField(
        _("prediction"), default=dict, help_text=_("The method, its parameters and its back-test.")
    )
    figured_at = models.DateTimeField(_("last round"), null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant"], name="shop_kpis_once")]
        verbose_name = _("shop KPIs")
        verbose_name_plural = _("shop KPIs")

    def __str__(self) -> str:
        return f"{self.merchant_id}"
