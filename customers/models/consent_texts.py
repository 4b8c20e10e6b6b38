"""The words that people agree to, and agreements that wait for a click in the mailbox (double opt-in)."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel, MerchantQuerySet
from customers.models.consent import Channel, Purpose
from customers.models.profiles import Customer
from merchants.models import Staff


class Language(models.TextChoices):
    """What consent texts are written in."""

    GERMAN = "de", _("German")
    ENGLISH = "en", _("English")


class ConsentTextQuerySet(MerchantQuerySet["ConsentText"]):
    def about(self, purpose: str, channel: str) -> Self:
        """Texts that ask for this purpose on this channel; a purpose without channels has an empty one."""
        rows = self.filter(purposes__contains=[purpose])
        return rows.filter(channels__contains=[channel]) if channel else rows

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-id")


class ConsentText(MerchantModel):
    """One version of a text that people are asked to agree to. Immutable: other words are another version.

    The database refuses a change of the words, the version, and what they are about (a trigger of the migration).
    """

    class Source(models.TextChoices):
        SETTINGS = "settings", _("written here")
        SENT = "sent", _("sent with a consent")

    version = models.CharField(_("version"), max_length=40)
    language = models.CharField(_("language"), max_length=5, choices=Language.choices)
    purposes = ArrayField(models.CharField(max_length=24, choices=Purpose.choices), verbose_name=_("purposes"))
    channels = ArrayField(
        models.CharField(max_length=10, choices=Channel.choices),
        default=list,
        blank=True,
        verbose_name=_("channels"),
        help_text=_("Empty for profiling and tracking, which write to nobody."),
    )
    text = models.TextField(_("text"))
    # A text that came with a consent is evidence only: nobody else is asked with it.
    source = models.CharField(_("origin"), max_length=8, choices=Source.choices, default=Source.SETTINGS)
    created_by = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("written by")
    )
    created_at = models.DateTimeField(_("since"), default=timezone.now)

    objects: ClassVar = ConsentTextQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "version", "language", "purposes", "channels"], name="consent_text_once"
            ),
            models.CheckConstraint(condition=~models.Q(purposes=[]), name="consent_text_has_purposes"),
            models.CheckConstraint(condition=~models.Q(text=""), name="consent_text_has_words"),
        ]
        indexes = [models.Index(fields=["merchant", "-created_at"], name="consent_text_newest")]
        verbose_name = _("consent text")
        verbose_name_plural = _("consent texts")

    def __str__(self) -> str:
        return f"{self.version} ({self.language})"

    @property
    def subject(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What it is about: versions with the same subject follow one another."""
        return tuple(self.purposes), tuple(self.channels)

    @property
    def purpose_labels(self) -> list[str]:
        return [str(Purpose(purpose).label) for purpose in self.purposes]

    @property
    def channel_labels(self) -> list[str]:
        return [str(Channel(channel).label) for channel in self.channels]

    def covers(self, purpose: str, channel: str) -> bool:
        return purpose in self.purposes and (not channel or channel in self.channels)


def request_digest(token: str) -> str:
    """What is stored of the secret in a confirmation link."""
    return hashlib.sha256(token.encode()).hexdigest()


class ConsentRequestQuerySet(MerchantQuerySet["ConsentRequest"]):
    def open(self) -> Self:
        return self.filter(confirmed_at=None, expires_at__gt=timezone.now())


class ConsentRequest(MerchantModel):
    """A consent that was asked for and waits until the address's owner confirms it: the first half of a double opt-in.

    The link's secret is not stored: it is derived from ``nonce`` with the installation's key, and recognised by its
    digest. The address of the asking computer is not kept either: who confirms holds the mailbox, which proves more.
    """

    VALID_FOR: ClassVar = timedelta(days=7)

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="consent_requests",
        verbose_name=_("customer"),
        help_text=_("Empty: somebody unknown; confirming makes the profile."),
    )
    address = models.CharField(_("address"), max_length=320)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices, default=Channel.EMAIL)
    purposes = ArrayField(models.CharField(max_length=24, choices=Purpose.choices), verbose_name=_("purposes"))
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="requests", verbose_name=_("text"))
    locale = models.CharField(_("language"), max_length=10)
    source = models.CharField(_("source"), max_length=80)
    evidence: models.JSONField[dict[str, Any]] = models.JSONField(_("evidence"), default=dict)
    nonce = models.CharField(_("nonce"), max_length=32, editable=False)
    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    requested_at = models.DateTimeField(_("requested"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)

    objects: ClassVar = ConsentRequestQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["merchant", "address", "-requested_at"], name="consent_request_of_address")]
        verbose_name = _("consent request")
        verbose_name_plural = _("consent requests")

    def __str__(self) -> str:
        return f"{', '.join(self.purposes)} {self.channel}"

    @staticmethod
    def token_of(nonce: str) -> str:
        """The secret of the confirmation link that belongs to a nonce."""
        return salted_hmac("customers.ConsentRequest", nonce, algorithm="sha256").hexdigest()

    @property
    def token(self) -> str:
        return self.token_of(self.nonce)

    def is_open(self, at: datetime | None = None) -> bool:
        return self.confirmed_at is None and self.expires_at > (at or timezone.now())
