"""People: their profile, how they are recognised, and what they agreed to."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Concat, Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel, MerchantQuerySet
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


SEARCHED = 1000


class CustomerQuerySet(MerchantQuerySet["Customer"]):
    def with_identities(self) -> Self:
        """Loads every identity with one further query."""
        return self.prefetch_related("identities")

    def search(self, text: str) -> Self:
        """Customers whose name holds every word of ``text``, or an identity that begins with it.

        Of more than a thousand the newest thousand: whoever finds that many, searches on. Narrow before searching.
        """
        text, by_name = text.strip(), self
        for word in text.split():
            by_name = by_name.filter(search_name__contains=word.lower())
        by_identity = self.filter(
            models.Q(identities__value__startswith=text) | models.Q(identities__value__startswith=text.lower())
        )
        # A union, because an "or" over two tables would read every customer.
        found = [rows.order_by("-pk").values("pk")[:SEARCHED] for rows in (by_name, by_identity)]
        return self.filter(pk__in=found[0].union(found[1]))


class Customer(MerchantModel):
    """A person who buys, or may; one row after identity resolution."""

    first_name = models.CharField(_("first name"), max_length=120, blank=True)
    last_name = models.CharField(_("last name"), max_length=120, blank=True)
    locale = models.CharField(_("language"), max_length=10, blank=True, help_text=_("BCP 47, e.g. de or en-GB."))
    country = models.CharField(_("country"), max_length=2, blank=True)
    created_at = models.DateTimeField(_("known since"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    # Facts of the orders, kept by the orders app on every order, return and cancellation.
    orders_count = models.PositiveIntegerField(_("orders"), default=0)
    revenue = models.BigIntegerField(_("revenue"), default=0, help_text=_("Gross, net of refunds and cancellations."))
    first_order_at = models.DateTimeField(_("first order"), null=True)
    last_order_at = models.DateTimeField(_("last order"), null=True)
    search_name = models.GeneratedField(
        expression=Lower(Concat(F("first_name"), Value(" "), F("last_name"))),
        output_field=models.CharField(max_length=241),
        db_persist=True,
        verbose_name=_("name, for the search"),
    )

    objects: ClassVar = CustomerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(country__regex="^([A-Z]{2})?$"), name="customer_country_code")
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="customer_newest"),
            models.Index(
                F("merchant"), F("last_order_at").desc(nulls_last=True), F("id").desc(), name="customer_by_last_order"
            ),
            models.Index(fields=["merchant", "last_order_at", "id"], name="customer_longest_away"),
            models.Index(fields=["merchant", "-revenue", "-id"], name="customer_by_revenue"),
            models.Index(fields=["merchant", "first_order_at"], name="customer_by_first_order"),
            GinIndex(OpClass(F("search_name"), name="gin_trgm_ops"), name="customer_name_trgm"),
        ]
        verbose_name = _("customer")
        verbose_name_plural = _("customers")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The person's name, else the e-mail address, else the external id: never empty."""
        full = f"{self.first_name} {self.last_name}".strip()
        return full or self.email or self.external_id or str(_("Customer %(id)s") % {"id": self.pk})

    def identity(self, kind: str) -> str:
        """The newest identity of ``kind``, or an empty string; uses prefetched identities."""
        values = [(identity.pk, identity.value) for identity in self.identities.all() if identity.kind == kind]
        return max(values)[1] if values else ""

    @property
    def email(self) -> str:
        return self.identity(Identity.Kind.EMAIL)

    @property
    def external_id(self) -> str:
        return self.identity(Identity.Kind.EXTERNAL_ID)


class Identity(MerchantModel):
    """One identifier of a profile, normalised; unique at its merchant."""

    class Kind(models.TextChoices):
        EXTERNAL_ID = "external_id", _("customer number")
        EMAIL = "email", _("e-mail")
        PHONE = "phone", _("phone")
        ANONYMOUS_ID = "anonymous_id", _("device visit")
        LOYALTY_CARD = "loyalty_card", _("loyalty card")

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="identities", verbose_name=_("customer")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    value = models.CharField(_("value"), max_length=320)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "kind", "value"], name="identity_once")]
        indexes = [models.Index(OpClass(F("value"), name="text_pattern_ops"), name="identity_prefix")]
        verbose_name = _("identity")
        verbose_name_plural = _("identities")

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}"


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
    source = models.CharField(_("source"), max_length=80, help_text=_("Where it was recorded, e.g. checkout."))
    evidence: models.JSONField[dict[str, Any]] = models.JSONField(_("evidence"), default=dict)
    occurred_at = models.DateTimeField(_("when"), default=timezone.now)
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now, editable=False)

    objects: ClassVar = ConsentRecordQuerySet.as_manager()

    class Meta:
        ordering = ["-occurred_at", "-id"]
        indexes = [models.Index(fields=["customer", "-occurred_at"], name="consent_history")]
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
