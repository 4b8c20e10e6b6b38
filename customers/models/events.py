"""What people did, as shops and apps tracked it: one append-only table, partitioned by the month of ``occurred_at``.

The table itself is written by hand in a migration (Django knows no partitions), its partitions are made by
``customers.actions.partitions``. Rows are written by ``customers.tracking.storing``, many at once.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel, MerchantQuerySet
from merchants.models import Merchant


class EventChannel(models.TextChoices):
    """Where it happened."""

    WEB = "web", _("web shop")
    APP = "app", _("app")
    POS = "pos", _("till")
    CLIENTELING = "clienteling", _("clienteling")
    EMAIL = "email", _("e-mail")
    SOCIAL = "social", _("social media")
    SUPPORT = "support", _("support")


class EventQuerySet(MerchantQuerySet["Event"]):
    def of_people(self) -> Self:
        """Without what bots did: the input of recommenders and KPIs."""
        return self.filter(is_bot=False)

    def of_profile(self, customer_ids: Collection[int]) -> Self:
        """Events of a profile; its own id and those of profiles it absorbed (``profile_ids``)."""
        return self.filter(customer_id__in=customer_ids)

    def search(self, text: str) -> Self:
        """Events whose name holds ``text``, and those of a visitor or message with exactly this id. Narrow before."""
        by_id = models.Q(anonymous_id=text) | models.Q(message_id=text)
        return self.filter(by_id | models.Q(name__icontains=text))

    def newest_first(self) -> Self:
        """In an order that is total, so that a page ends where the next begins."""
        return self.order_by("-occurred_at", "-id")


class Event(MerchantModel):
    """Something a person did: ``Product Viewed``, ``Order Completed``. Never changed after it was written.

    ``customer_id`` is the profile as it was known then, a number and no foreign key: a merge rewrites no events,
    ``profile_ids`` of the profile finds them all. Nor is the merchant checked by the database: at two look-ups per
    event the checks would cost as much as the writing, and the merchant comes from the key.
    """

    class Kind(models.TextChoices):
        TRACK = "track", _("event")
        IDENTIFY = "identify", _("identification")
        PAGE = "page", _("page")
        SCREEN = "screen", _("screen of the app")
        ALIAS = "alias", _("second name")
        GROUP = "group", _("company")

    merchant = models.ForeignKey(
        Merchant,
        on_delete=models.CASCADE,
        related_name="+",
        editable=False,
        verbose_name=_("merchant"),
        db_constraint=False,
        db_index=False,
    )
    occurred_at = models.DateTimeField(_("when"), help_text=_("By the sender's clock, corrected by its skew."))
    received_at = models.DateTimeField(_("received"))
    customer_id = models.BigIntegerField(_("customer"), null=True)
    is_bot = models.BooleanField(_("bot"), default=False)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    channel = models.CharField(_("channel"), max_length=12, choices=EventChannel.choices)
    name = models.CharField(_("name"), max_length=200, blank=True)
    anonymous_id = models.CharField(_("visitor"), max_length=255, blank=True)
    message_id = models.CharField(_("message id"), max_length=255)
    properties: models.JSONField[dict[str, Any]] = models.JSONField(_("properties"), default=dict)
    context: models.JSONField[dict[str, Any]] = models.JSONField(_("context"), default=dict)

    objects: ClassVar = EventQuerySet.as_manager()

    class Meta:
        # As the migration writes them; the primary key is (merchant, id, occurred_at).
        indexes = [
            models.Index(
                fields=["customer_id", "-occurred_at", "-id"],
                condition=models.Q(customer_id__isnull=False),
                name="event_of_customer",
            ),
            models.Index(
                fields=["merchant", "anonymous_id", "-occurred_at"],
                condition=~models.Q(anonymous_id=""),
                name="event_of_visitor",
            ),
        ]
        verbose_name = _("event")
        verbose_name_plural = _("events")

    def __str__(self) -> str:
        return self.name or self.kind


class EventReceipt(MerchantModel):
    """That an event was stored: whoever sends it again is told so. Kept exactly as long as the event.

    ``digest`` is made of merchant and message id, so that one index answers; the event's table cannot keep message
    ids apart, because a unique index of a partitioned table must contain the month.
    """

    merchant = models.ForeignKey(
        Merchant,
        on_delete=models.CASCADE,
        related_name="+",
        editable=False,
        verbose_name=_("merchant"),
        db_constraint=False,
        db_index=False,
    )
    digest = models.UUIDField(_("digest"), primary_key=True, editable=False)
    occurred_at = models.DateTimeField(_("when"))

    class Meta:
        # Receipts come in nearly the order of their events: a few pages of index find those that are too old.
        indexes = [BrinIndex(fields=["occurred_at"], name="receipt_by_age")]
        verbose_name = _("event receipt")
        verbose_name_plural = _("event receipts")

    def __str__(self) -> str:
        return str(self.digest)
