"""The ledger of points: lots, each from one cause, and every change of them. Entries are never changed or taken back."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel
from customers.models import Customer
from merchants.models import Staff
from orders.models import Order
from promotions.models.coupons import Coupon
from promotions.models.redemptions import Redemption


class PointLot(MerchantModel):
    """Points of one cause. Pending until ``activates_at``, then ``left`` of them can be spent, the oldest lot first.

    ``points``: what the cause is worth now; ``lapsed``: how many expired unspent.
    """

    class Kind(models.TextChoices):
        ORDER = "order", _("order")
        REVIEW = "review", _("review")
        REFERRAL = "referral", _("invited somebody")
        INVITED = "invited", _("was invited")
        GIFT = "gift", _("given by staff")
        RESTORED = "restored", _("given back")

    customer = models.ForeignKey(
        Customer, on_delete=models.SET_NULL, null=True, related_name="point_lots", verbose_name=_("customer")
    )
    kind = models.CharField(_("from"), max_length=8, choices=Kind.choices)
    # Once per cause: which order, which review.
    key = models.CharField(_("cause"), max_length=120)
    order = models.ForeignKey(
        Order, on_delete=models.SET_NULL, null=True, related_name="point_lots", verbose_name=_("order")
    )
    terms: models.JSONField[dict[str, Any]] = models.JSONField(_("terms"), default=dict)
    points = models.BigIntegerField(_("points"), default=0)
    pending = models.BigIntegerField(_("pending points"), default=0)
    left = models.BigIntegerField(_("left to spend"), default=0)
    lapsed = models.BigIntegerField(_("expired unspent"), default=0)
    earned_at = models.DateTimeField(_("earned"), default=timezone.now)
    activates_at = models.DateTimeField(_("to be spent from"))
    activated_at = models.DateTimeField(_("activated"), null=True)
    expires_at = models.DateTimeField(_("valid until"), null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="point_lot_cause_once"),
            models.CheckConstraint(
                condition=Q(points__gte=0, pending__gte=0, left__gte=0, lapsed__gte=0), name="point_lot_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(activated_at=None, left=0) | Q(activated_at__isnull=False, pending=0),
                name="point_lot_pending_or_active",
            ),
        ]
        indexes = [
            models.Index(fields=["activates_at"], condition=Q(pending__gt=0), name="point_lot_to_activate"),
            models.Index(fields=["expires_at"], condition=Q(left__gt=0), name="point_lot_to_expire"),
            models.Index(fields=["customer", "earned_at"], name="point_lot_of_customer"),
        ]
        verbose_name = _("lot of points")
        verbose_name_plural = _("lots of points")

    def __str__(self) -> str:
        return f"{self.key}: {self.points}"


class PointEntry(MerchantModel):
    """One change of one lot. The sum of ``points`` is the balance, that of ``pending`` what is pending.

    Without a lot: what a member owes. The database refuses to change amounts.
    """

    class Kind(models.TextChoices):
        EARN = "earn", _("earned")
        ACTIVATE = "activate", _("can be spent")
        BURN = "burn", _("spent")
        RESTORE = "restore", _("given back")
        EXPIRE = "expire", _("expired")
        REVERSE = "reverse", _("taken back")
        ADJUST = "adjust", _("corrected by staff")
        SETTLE = "settle", _("debt paid")

    customer = models.ForeignKey(
        Customer, on_delete=models.SET_NULL, null=True, related_name="point_entries", verbose_name=_("customer")
    )
    lot = models.ForeignKey(
        PointLot, on_delete=models.CASCADE, null=True, related_name="entries", verbose_name=_("lot of points")
    )
    kind = models.CharField(_("what"), max_length=8, choices=Kind.choices)
    points = models.BigIntegerField(_("points"), default=0)
    pending = models.BigIntegerField(_("pending points"), default=0)
    order = models.ForeignKey(Order, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("order"))
    redemption = models.ForeignKey(
        Redemption, on_delete=models.SET_NULL, null=True, related_name="point_entries", verbose_name=_("redemption")
    )
    coupon = models.ForeignKey(Coupon, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("coupon"))
    staff = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("staff"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(points=0, pending=0), name="point_entry_changes_something"),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="point_entry_of_customer"),
            models.Index(fields=["merchant", "-id"], name="point_entry_newest"),
        ]
        verbose_name = _("entry of points")
        verbose_name_plural = _("entries of points")

    def __str__(self) -> str:
        return f"{self.kind} {self.points or self.pending}"
