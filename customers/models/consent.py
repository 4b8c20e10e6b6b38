"""What people were told, agreed to and objected to; addresses that must not be written to."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel, MerchantQuerySet
from customers.models.profiles import Customer
from customers.rules.addresses import normalise_address


class Channel(models.TextChoices):
    EMAIL = "email", _("e-mail")
    SMS = "sms", _("SMS")
    PUSH = "push", _("push")
    WHATSAPP = "whatsapp", _("WhatsApp")
    POST = "post", _("letter")


class Purpose(models.TextChoices):
    """What a person may agree to, one by one."""

    NEWSLETTER = "newsletter", _("newsletter")
    PRODUCT_RECOMMENDATIONS = "product_recommendations", _("product recommendations")
    REVIEWS = "reviews", _("review requests and surveys")
    PROFILING = "profiling", _("profiling")
    TRACKING = "tracking", _("tracking")


# These write to nobody: a record about them names no channel, and no address is needed.
WITHOUT_CHANNEL = frozenset({Purpose.PROFILING, Purpose.TRACKING})


class ConsentRecordQuerySet(MerchantQuerySet["ConsentRecord"]):
    def about(self, purpose: str, channel: str) -> Self:
        """Records that speak of this purpose and channel; an empty one in a record means every."""
        return self.filter(purpose__in=["", purpose], channel__in=["", channel])


class ConsentRecord(MerchantModel):
    """What a person was told or decided about advertising. Append-only: the newest record about a thing counts."""

    class Kind(models.TextChoices):
        GRANTED = "granted", _("consent given")
        WITHDRAWN = "withdrawn", _("consent withdrawn")
        OBJECTED = "objected", _("objected to advertising")
        # UWG § 7(3) no. 4: told, when the address was collected, of the use and the right to object.
        NOTICE_SHOWN = "notice_shown", _("notice shown at purchase")

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="consent_records", verbose_name=_("customer")
    )
    kind = models.CharField(_("what"), max_length=12, choices=Kind.choices)
    purpose = models.CharField(
        _("purpose"), max_length=24, choices=Purpose.choices, blank=True, help_text=_("Empty: all.")
    )
    channel = models.CharField(
        _("channel"), max_length=10, choices=Channel.choices, blank=True, help_text=_("Empty: all.")
    )
    address = models.CharField(_("address"), max_length=320, blank=True)
    text_version = models.CharField(_("text version"), max_length=40, blank=True)
    # The words agreed to. A notice, and what was recorded before texts were kept here, has its version alone.
    text = models.ForeignKey(
        "customers.ConsentText",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="records",
        verbose_name=_("text"),
    )
    source = models.CharField(_("source"), max_length=80, help_text=_("Where it was recorded, e.g. checkout."))
    evidence: models.JSONField[dict[str, Any]] = models.JSONField(_("evidence"), default=dict)
    occurred_at = models.DateTimeField(_("when"), default=timezone.now)
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now, editable=False)

    objects: ClassVar = ConsentRecordQuerySet.as_manager()

    class Meta:
        ordering = ["-occurred_at", "-id"]
        indexes = [
            models.Index(fields=["customer", "-occurred_at"], name="consent_history"),
            # Who objected to profiling: asked for with every personal recommendation (customers.queries.profiling).
            models.Index(
                fields=["merchant", "customer"],
                condition=models.Q(kind__in=["objected", "withdrawn"], purpose__in=["", "profiling"], channel=""),
                name="consent_no_profiling",
            ),
        ]
        verbose_name = _("consent record")
        verbose_name_plural = _("consent records")

    def __str__(self) -> str:
        return f"{self.kind} {self.purpose} {self.channel}".strip()


class SuppressionQuerySet(MerchantQuerySet["Suppression"]):
    def of(self, *addresses: str) -> Self:
        """Suppressions of these addresses, however they are spelled."""
        return self.filter(digest__in=[address_digest(address) for address in addresses])

    def about(self, purpose: str, channel: str) -> Self:
        """Those that speak of this purpose and channel; an empty one in a row means every."""
        return self.filter(purpose__in=["", purpose], channel__in=["", channel])


def address_digest(address: str) -> str:
    """The keyed hash under which an address is suppressed: it says nothing without the installation's secret."""
    return salted_hmac("customers.Suppression", normalise_address(address), algorithm="sha256").hexdigest()


class Suppression(MerchantModel):
    """An address we must not write to. Kept as a keyed hash, so that it outlives the profile."""

    class Reason(models.TextChoices):
        OBJECTION = "objection", _("objection")  # no advertising; contract messages still leave
        BOUNCE = "bounce", _("address does not exist")
        COMPLAINT = "complaint", _("complaint")

    channel = models.CharField(
        _("channel"), max_length=10, choices=Channel.choices, blank=True, help_text=_("Empty: all.")
    )
    purpose = models.CharField(
        _("purpose"), max_length=24, choices=Purpose.choices, blank=True, help_text=_("Empty: all.")
    )
    digest = models.CharField(_("digest"), max_length=64, editable=False)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    # A consent given after this moment outweighs an objection; a later objection is a further row.
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    objects: ClassVar = SuppressionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "digest", "channel", "purpose", "reason", "created_at"], name="suppression_once"
            )
        ]
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")

    def __str__(self) -> str:
        return f"{self.channel} {self.digest[:8]} {self.reason}"
