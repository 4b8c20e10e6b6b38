"""What became of promotions on carts and orders: reserved, confirmed, given back; and the counts that limits look at."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel, MerchantQuerySet
from customers.models import Customer
from orders.models import Order
from promotions.models.coupons import Coupon
from promotions.models.offers import Promotion, PromotionVersion, RuleSet


class RedemptionQuerySet(MerchantQuerySet["Redemption"]):
    def overdue(self, now: datetime) -> Self:
        """Reserved for a checkout that did not come to an order in time."""
        return self.filter(state=Redemption.State.RESERVED, expires_at__lte=now)


class Redemption(MerchantModel):
    """The promotions of one cart, from the reservation on.

    With ``rules``, ``cart``, ``shopper`` and ``without`` the decision can be made again, to the byte. An erasure takes
    ``shopper`` away; ``takings`` still tell what every promotion took off every unit.
    """

    class State(models.TextChoices):
        RESERVED = "reserved", _("reserved")
        CONFIRMED = "confirmed", _("confirmed")
        RELEASED = "released", _("released")
        EXPIRED = "expired", _("expired")
        ROLLED_BACK = "rolled_back", _("rolled back")

    HOLDING: ClassVar[tuple[str, ...]] = (State.RESERVED, State.CONFIRMED)

    public_id = models.UUIDField(_("id"), default=uuid4, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=11, choices=State.choices, default=State.RESERVED)
    rules = models.ForeignKey(
        RuleSet, on_delete=models.RESTRICT, null=True, related_name="+", verbose_name=_("rule set")
    )
    cart: models.JSONField[dict[str, Any]] = models.JSONField(_("cart"))
    shopper: models.JSONField[dict[str, Any] | None] = models.JSONField(_("what was known of the person"), null=True)
    # {promotion's key: which limit kept it out}
    without: models.JSONField[dict[str, str]] = models.JSONField(_("used up"), default=dict)
    takings: models.JSONField[list[dict[str, Any]]] = models.JSONField(_("takings"), default=list)
    decision: models.JSONField[dict[str, Any]] = models.JSONField(_("decision"), default=dict)
    evaluated_at = models.DateTimeField(_("decided"))
    discount = models.BigIntegerField(_("discount"), default=0)
    points_spent = models.PositiveBigIntegerField(_("paid with points"), default=0)
    points_value = models.PositiveBigIntegerField(_("worth of the points"), default=0)
    points_back = models.PositiveBigIntegerField(_("points given back"), default=0)
    customer = models.ForeignKey(
        Customer, on_delete=models.SET_NULL, null=True, related_name="redemptions", verbose_name=_("customer")
    )
    order = models.ForeignKey(
        Order, on_delete=models.SET_NULL, null=True, related_name="redemptions", verbose_name=_("order")
    )
    order_number = models.CharField(_("order number"), max_length=64, blank=True)
    has_reservation = models.BooleanField(
        _("reserved before"), default=True, help_text=_("No: an order came with a code that nobody had reserved.")
    )
    overrun = models.BooleanField(
        _("beyond a limit"), default=False, help_text=_("An order used more than there was left; it was kept.")
    )
    created_at = models.DateTimeField(_("reserved"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"), null=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects: ClassVar = RedemptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "order_number"], condition=~Q(order_number=""), name="redemption_order_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | ~Q(order_number=""), name="redemption_confirmed_with_order"
            ),
            models.CheckConstraint(condition=Q(points_back__lte=F("points_spent")), name="redemption_points_back"),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(state="reserved"), name="redemption_due"),
            models.Index(fields=["merchant", "-id"], name="redemption_newest"),
        ]
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")

    def __str__(self) -> str:
        return str(self.public_id)


class RedemptionUse(MerchantModel):
    """One promotion of a redemption: what it took off, and what it is counted against."""

    redemption = models.ForeignKey(
        Redemption, on_delete=models.CASCADE, related_name="uses", verbose_name=_("redemption")
    )
    # Empty: an order came with a code that no active promotion asks for.
    promotion = models.ForeignKey(
        Promotion, on_delete=models.RESTRICT, null=True, related_name="uses", verbose_name=_("promotion")
    )
    version = models.ForeignKey(
        PromotionVersion, on_delete=models.RESTRICT, null=True, related_name="+", verbose_name=_("version")
    )
    # The code that is counted by this use: of two promotions on one code only the first counts it.
    coupon = models.ForeignKey(
        Coupon, on_delete=models.SET_NULL, null=True, related_name="uses", verbose_name=_("coupon")
    )
    code = models.CharField(_("code"), max_length=64, blank=True)
    amount = models.BigIntegerField(_("taken off"), default=0)
    points = models.BigIntegerField(_("points"), default=0)
    customer = models.ForeignKey(
        Customer, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("customer")
    )
    # A digest of the identifier that a person gave before there was a profile.
    person = models.CharField(_("person"), max_length=64, blank=True)
    window = models.CharField(_("period"), max_length=10, blank=True)
    # Whether counts hold this use: only then giving it back takes it off them.
    is_counted = models.BooleanField(_("counted"), default=True)
    created_at = models.DateTimeField(_("reserved"), default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["redemption", "promotion"], name="redemption_use_once"),
        ]
        indexes = [
            models.Index(fields=["promotion", "customer"], name="use_of_customer"),
            models.Index(fields=["promotion", "-created_at"], name="use_newest_of_promotion"),
            models.Index(fields=["promotion", "person"], condition=~Q(person=""), name="use_of_person"),
        ]
        verbose_name = _("use of a promotion")
        verbose_name_plural = _("uses of promotions")

    def __str__(self) -> str:
        return f"{self.promotion_id}: {self.amount}"


class UseCount(MerchantModel):
    """What limited promotions have given so far: over all, or in one period. Unlimited ones have no such row."""

    promotion = models.ForeignKey(
        Promotion, on_delete=models.CASCADE, related_name="counts", verbose_name=_("promotion")
    )
    window = models.CharField(_("period"), max_length=10, blank=True, help_text=_("Empty: over all."))
    used = models.BigIntegerField(_("uses"), default=0)
    spent = models.BigIntegerField(_("taken off"), default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["promotion", "window"], name="use_count_once"),
            models.CheckConstraint(condition=Q(used__gte=0), name="use_count_not_negative"),
        ]
        verbose_name = _("count of uses")
        verbose_name_plural = _("counts of uses")

    def __str__(self) -> str:
        return f"{self.promotion_id} {self.window}"


class RedemptionReturn(MerchantModel):
    """Units of a confirmed redemption that came back, and what is due for them."""

    redemption = models.ForeignKey(
        Redemption, on_delete=models.CASCADE, related_name="returns", verbose_name=_("redemption")
    )
    reference = models.CharField(_("reference"), max_length=64)
    # {line id: [unit, …]}
    units: models.JSONField[dict[str, list[int]]] = models.JSONField(_("units"))
    refund = models.BigIntegerField(_("refund"))
    refund_in_all = models.BigIntegerField(_("refund so far"))
    created_at = models.DateTimeField(_("recorded"), default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["redemption", "reference"], name="redemption_return_once"),
        ]
        verbose_name = _("return of a redemption")
        verbose_name_plural = _("returns of redemptions")

    def __str__(self) -> str:
        return self.reference
