"""What was paid on orders and when, and what selling costs the shop beside its goods."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel
from orders.models.orders import Order
from orders.payments import payment_name


class Payment(MerchantModel):
    """Money that came in for an order; an order can be paid in parts."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="payments", verbose_name=_("order"))
    reference = models.CharField(_("reference"), max_length=64, help_text=_("The shop's own id of the payment."))
    amount = models.BigIntegerField(_("amount"), help_text=_("Gross, in minor units of the order's currency."))
    method = models.CharField(_("payment method"), max_length=40, blank=True)
    paid_at = models.DateTimeField(_("paid"))
    due_on = models.DateField(
        _("due"), null=True, blank=True, help_text=_("The last day on which it was to be paid; empty: at once.")
    )

    class Meta:
        ordering = ["paid_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "reference"], name="payment_reference_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive"),
        ]
        verbose_name = _("payment")
        verbose_name_plural = _("payments")

    def __str__(self) -> str:
        return self.reference

    @property
    def payment_name(self) -> str:
        """The method in words; empty when unknown."""
        return payment_name(self.method)


class CostSettings(MerchantModel):
    """What a parcel and a return cost the shop; one row per merchant, none means nothing was entered."""

    parcel_cost = models.BigIntegerField(
        _("cost of a parcel"),
        default=0,
        validators=[MinValueValidator(0)],
        help_text=_("What sending one parcel costs you on average, packaging included, net of tax."),
    )
    return_cost = models.BigIntegerField(
        _("cost of a return"),
        default=0,
        validators=[MinValueValidator(0)],
        help_text=_("What one return costs you on average: postage, inspection and restocking, net of tax."),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant"], name="cost_settings_once"),
            models.CheckConstraint(condition=Q(parcel_cost__gte=0, return_cost__gte=0), name="cost_not_negative"),
        ]
        verbose_name = _("costs of sending and returns")
        verbose_name_plural = _("costs of sending and returns")

    def __str__(self) -> str:
        return f"{self.parcel_cost} / {self.return_cost}"


class PaymentFee(MerchantModel):
    """What the provider of a payment method takes of an order's total."""

    method = models.CharField(_("payment method"), max_length=40)
    share = models.DecimalField(
        _("share of the total"),
        max_digits=5,
        decimal_places=4,
        default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("A share of the order's total, tax included; 0.025 is two and a half in a hundred."),
    )
    fixed = models.BigIntegerField(
        _("per order"), default=0, validators=[MinValueValidator(0)], help_text=_("A fixed amount per order, net.")
    )

    class Meta:
        ordering = ["method"]
        constraints = [
            models.UniqueConstraint(fields=["merchant", "method"], name="payment_fee_once"),
            models.CheckConstraint(
                condition=Q(share__gte=0, share__lte=1, fixed__gte=0), name="payment_fee_not_negative"
            ),
        ]
        verbose_name = _("payment fee")
        verbose_name_plural = _("payment fees")

    def __str__(self) -> str:
        return self.method
