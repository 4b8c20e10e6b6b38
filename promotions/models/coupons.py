"""Codes: batches of them, and each one."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import Job, MerchantModel, MerchantQuerySet
from customers.models import Customer
from merchants.models import Merchant


class CouponBatchQuerySet(MerchantQuerySet["CouponBatch"]):
    def search(self, text: str) -> Self:
        """Batches whose name or key contains the text."""
        return self.filter(Q(name__icontains=text) | Q(key__icontains=text))


class CouponBatch(MerchantModel):
    """Codes that are alike. A promotion asks for any of them with ``{"code": ["@KEY"]}``."""

    class Alphabet(models.TextChoices):
        """What random characters are drawn from; see ``pricing/codes.py``."""

        MIXED = "mixed", _("letters and digits")
        LETTERS = "letters", _("letters only")
        DIGITS = "digits", _("digits only")

    key = models.CharField(_("key"), max_length=40, help_text=_("Capitals, digits and hyphens."))
    name = models.CharField(_("name"), max_length=200)
    prefix = models.CharField(_("prefix"), max_length=12, blank=True)
    length = models.PositiveSmallIntegerField(_("random characters"))
    alphabet = models.CharField(_("characters"), max_length=7, choices=Alphabet.choices, default=Alphabet.MIXED)
    shared_code = models.CharField(
        _("shared code"), max_length=64, blank=True, help_text=_("One code that many people use.")
    )
    segment = models.CharField(
        _("for a segment"), max_length=80, blank=True, help_text=_("Whoever was in it got a code of their own.")
    )
    wanted = models.PositiveIntegerField(_("codes wanted"), default=0)
    made = models.PositiveIntegerField(_("codes made"), default=0)
    uses_per_code = models.PositiveIntegerField(_("uses per code"), default=1)
    valid_from = models.DateTimeField(_("valid from"), null=True, blank=True)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("job"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    objects: ClassVar = CouponBatchQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="coupon_batch_key_once"),
            models.CheckConstraint(condition=Q(made__lte=F("wanted")), name="coupon_batch_made_within_wanted"),
        ]
        verbose_name = _("coupon batch")
        verbose_name_plural = _("coupon batches")

    def __str__(self) -> str:
        return self.name or self.key

    @property
    def token(self) -> str:
        """How a promotion's condition names the batch; no code of a person's begins like it."""
        return f"@{self.key}"

    @property
    def is_shared(self) -> bool:
        return bool(self.shared_code)


class CouponQuerySet(MerchantQuerySet["Coupon"]):
    def usable(self, at: datetime) -> Self:
        """Neither over, nor used up, nor revoked."""
        begun = Q(batch__valid_from=None) | Q(batch__valid_from__lte=at)
        own = Q(valid_until=None) | Q(valid_until__gt=at)
        batch = Q(batch__valid_until=None) | Q(batch__valid_until__gt=at)
        good = self.filter(revoked_at=None, batch__revoked_at=None, used__lt=F("batch__uses_per_code"))
        return good.filter(begun, own, batch)


class Coupon(MerchantModel):
    """One code, normalised; for everybody, or for one person."""

    # Not checked row by row: codes are made by the hundred thousand, with their batch.
    merchant = models.ForeignKey(
        Merchant,
        on_delete=models.CASCADE,
        related_name="+",
        editable=False,
        verbose_name=_("merchant"),
        db_constraint=False,
        db_index=False,
    )
    batch = models.ForeignKey(
        CouponBatch, on_delete=models.CASCADE, related_name="coupons", verbose_name=_("coupon batch")
    )
    code = models.CharField(_("code"), max_length=64)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.SET_NULL,
        null=True,
        related_name="coupons",
        verbose_name=_("customer"),
        help_text=_("Whose it is; nobody else can use it."),
        db_index=False,
    )
    is_bound = models.BooleanField(_("for one person"), default=False)
    used = models.PositiveIntegerField(_("used"), default=0)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    objects: ClassVar = CouponQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "code"], name="coupon_code_once")]
        indexes = [
            models.Index(fields=["customer"], condition=Q(customer__isnull=False), name="coupon_of_customer"),
            # Few of many codes: what a batch's figures are counted from.
            models.Index(fields=["batch"], include=["used"], condition=Q(used__gt=0), name="coupon_used_of_batch"),
            models.Index(fields=["batch"], condition=Q(revoked_at__isnull=False), name="coupon_revoked_of_batch"),
        ]
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")

    def __str__(self) -> str:
        return self.code
