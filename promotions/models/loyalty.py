"""Loyalty: how a shop's programme works, its tiers and rewards, its members, and who invited whom."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel, MerchantQuerySet
from customers.models import SEARCHED, Customer
from orders.models import Order
from promotions.models.coupons import CouponBatch
from promotions.models.offers import Promotion

MOST_POINTS = 1_000_000_000


def _points(label: Any, help_text: Any = "") -> Any:
    limits = [MaxValueValidator(MOST_POINTS)]
    return models.PositiveIntegerField(label, default=0, help_text=help_text, validators=limits)


class LoyaltyProgram(MerchantModel):
    """How points come and go in a shop. Changes count from now on: what was earned keeps the terms it was earned by."""

    class Rounding(models.TextChoices):
        DOWN = "down", _("down")
        NEAREST = "nearest", _("to the nearest point")
        UP = "up", _("up")

    class Basis(models.TextChoices):
        POINTS = "points", _("points earned")
        REVENUE = "revenue", _("revenue, less what was paid back")

    is_active = models.BooleanField(_("programme runs"), default=False)
    each = models.PositiveIntegerField(
        _("points"), default=1, validators=[MaxValueValidator(10_000)], help_text=_("So many points …")
    )
    per = models.PositiveBigIntegerField(
        _("per amount"),
        default=100,
        validators=[MinValueValidator(1)],
        help_text=_("… for so much paid for goods, tax included, without shipping."),
    )
    rounding = models.CharField(
        _("rounding"),
        max_length=7,
        choices=Rounding.choices,
        default=Rounding.DOWN,
        help_text=_("Of a part of a point, once per order."),
    )
    pending_days = models.PositiveSmallIntegerField(
        _("pending days"),
        default=30,
        validators=[MaxValueValidator(366)],
        help_text=_(
            "Until an order's points can be spent: the time for returns, from its delivery, or from the order where no"
            " delivery is known."
        ),
    )
    imports_from = models.DateField(
        _("imported orders from"),
        null=True,
        blank=True,
        help_text=_(
            "Orders of imported files earn points where they were placed on this day or later; empty: none do."
        ),
    )
    valid_months = models.PositiveSmallIntegerField(
        _("valid months"),
        null=True,
        blank=True,
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(240)],
        help_text=_("From then on; empty: points do not expire."),
    )
    value_of_hundred = models.PositiveBigIntegerField(
        _("100 points are worth"),
        default=0,
        help_text=_("As payment in the cart, rounded down. 0: points cannot be paid with."),
    )
    burn_from = _points(_("smallest payment"), _("So many points at least are spent in one cart."))
    review_points = _points(
        _("points for a review"),
        _("Whatever it says. A review that was rewarded has to be labelled so, and does not count in averages."),
    )
    tracks_reviews = models.BooleanField(
        _("also for tracked reviews"),
        default=False,
        help_text=_(
            "For “Product Reviewed” of the shop's tracking, once per product, if the person bought it. Leave it off where"
            " the shop's server reports reviews itself."
        ),
    )
    reviews_seen = models.DateTimeField(_("tracked reviews seen until"), null=True, editable=False)
    referral_points = _points(_("points for inviting somebody"))
    invited_points = _points(_("points for being invited"))
    referral_at_least = models.PositiveBigIntegerField(
        _("smallest first order"),
        default=0,
        help_text=_("The invited person's first order has to keep goods of this amount."),
    )
    referrals_per_year = models.PositiveSmallIntegerField(
        _("invitations per year"), default=10, help_text=_("That are rewarded, of one person, in twelve months.")
    )
    tier_basis = models.CharField(_("tiers are reached by"), max_length=7, choices=Basis.choices, default=Basis.POINTS)
    tier_months = models.PositiveSmallIntegerField(
        _("months looked at"), default=12, validators=[MinValueValidator(1), MaxValueValidator(120)]
    )
    grace_days = models.PositiveSmallIntegerField(
        _("days of grace"),
        default=30,
        validators=[MaxValueValidator(730)],
        help_text=_("Who no longer reaches a tier keeps it so long."),
    )
    checked_at = models.DateTimeField(_("checked"), null=True, editable=False)
    faults = models.PositiveIntegerField(
        _("faults found"),
        default=0,
        editable=False,
        help_text=_("Accounts whose balance is not the sum of the ledger."),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant"], name="loyalty_program_once"),
            models.CheckConstraint(condition=Q(per__gt=0), name="loyalty_per_positive"),
        ]
        verbose_name = _("loyalty programme")
        verbose_name_plural = _("loyalty programmes")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class Tier(MerchantModel):
    """A level of the programme. Its members are in the segment ``tier:KEY``."""

    key = models.SlugField(_("key"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    at_least = models.PositiveBigIntegerField(
        _("reached from"), help_text=_("Points, or minor units of revenue, in the months looked at.")
    )
    hundredths = models.PositiveIntegerField(_("multiplier in hundredths"), default=100, help_text=_("150: half more."))
    benefits = models.CharField(_("benefits"), max_length=300, blank=True, help_text=_("In words, for members."))

    class Meta:
        ordering = ["at_least"]
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="tier_key_once"),
            models.UniqueConstraint(fields=["merchant", "at_least"], name="tier_step_once"),
        ]
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")

    def __str__(self) -> str:
        return self.name

    @property
    def multiplier(self) -> Decimal:
        """1.5 for half more points."""
        return Decimal(self.hundredths) / 100


class Reward(MerchantModel):
    """What points can be turned into: a code of a batch, for the member alone."""

    key = models.SlugField(_("key"), max_length=40)
    name = models.CharField(_("name"), max_length=120)
    points = models.PositiveIntegerField(
        _("costs points"), validators=[MinValueValidator(1), MaxValueValidator(MOST_POINTS)]
    )
    batch = models.ForeignKey(CouponBatch, on_delete=models.RESTRICT, related_name="+", verbose_name=_("coupon batch"))
    promotion = models.ForeignKey(
        Promotion, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("promotion")
    )
    days = models.PositiveSmallIntegerField(
        _("code valid for days"), default=90, validators=[MinValueValidator(1), MaxValueValidator(3650)]
    )
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        ordering = ["points", "id"]
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="reward_key_once"),
            models.CheckConstraint(condition=Q(points__gt=0), name="reward_costs_points"),
        ]
        verbose_name = _("reward")
        verbose_name_plural = _("rewards")

    def __str__(self) -> str:
        return self.name


class MemberQuerySet(MerchantQuerySet["Member"]):
    def search(self, text: str) -> Self:
        """Members whose name holds every word of ``text``, or one of whose identities begins with it."""
        text, by_name = text.strip(), self
        for word in text.split():
            by_name = by_name.filter(customer__search_name__contains=word.lower())
        begins = Q(customer__identities__value__startswith=text) | Q(
            customer__identities__value__startswith=text.lower()
        )
        found = [rows.order_by("-pk").values("pk")[:SEARCHED] for rows in (by_name, self.filter(begins).distinct())]
        return self.filter(pk__in=found[0].union(found[1]))


class Member(MerchantModel):
    """A person's account: what their lots add up to, and their tier. The ledger is the truth; this is kept beside it.

    ``balance`` can be spent; it is below nothing by ``debt`` only: what was spent and then taken back.
    """

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("customer")
    )
    balance = models.BigIntegerField(_("points"), default=0)
    pending = models.BigIntegerField(_("pending points"), default=0)
    debt = models.BigIntegerField(
        _("points owed"), default=0, help_text=_("Points that were spent and then taken back; the next ones pay them.")
    )
    tier = models.ForeignKey(Tier, on_delete=models.SET_NULL, null=True, related_name="members", verbose_name=_("tier"))
    tier_since = models.DateTimeField(_("in this tier since"), null=True)
    tier_until = models.DateTimeField(_("grace until"), null=True)
    joined_at = models.DateTimeField(_("member since"), default=timezone.now)

    objects: ClassVar = MemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer"], name="member_once"),
            models.CheckConstraint(condition=Q(pending__gte=0, debt__gte=0), name="member_not_negative"),
            models.CheckConstraint(condition=Q(balance__gte=0) | Q(debt__gt=0), name="member_negative_by_debt_only"),
        ]
        indexes = [
            models.Index(fields=["merchant", "-balance", "-id"], name="member_by_balance"),
            models.Index(fields=["merchant", "-id"], name="member_newest"),
            models.Index(fields=["merchant", "-pending", "-id"], name="member_by_pending"),
        ]
        verbose_name = _("member")
        verbose_name_plural = _("members")

    def __str__(self) -> str:
        return str(self.customer)


class ReferralCode(MerchantModel):
    """What a member gives to friends, who send it as a code of their first order."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="referral_codes", verbose_name=_("customer")
    )
    code = models.CharField(_("code"), max_length=20)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "code"], name="referral_code_once")]
        verbose_name = _("referral code")
        verbose_name_plural = _("referral codes")

    def __str__(self) -> str:
        return self.code


class Referral(MerchantModel):
    """Somebody ordered with a member's code; with a ``refusal`` nobody got anything for it."""

    class Refusal(models.TextChoices):
        SAME_PROFILE = "same_profile", _("the same profile")
        SAME_EMAIL = "same_email", _("the same e-mail address")
        SAME_PHONE = "same_phone", _("the same phone number")
        SAME_ADDRESS = "same_address", _("the same name and place")
        NOT_NEW = "not_new", _("not the first order")
        LIMIT = "limit", _("more invitations than are rewarded")

    referrer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", verbose_name=_("invited by"))
    invited = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", verbose_name=_("invited"))
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+", verbose_name=_("order"))
    refusal = models.CharField(_("refused because"), max_length=12, choices=Refusal.choices, blank=True)
    created_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order"], name="referral_of_order_once")]
        indexes = [models.Index(fields=["referrer", "created_at"], name="referral_of_referrer")]
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")

    def __str__(self) -> str:
        return f"{self.referrer_id} → {self.invited_id}"
