"""What people ask for under the GDPR, what stays provable after an erasure, and how long things are kept."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import Job, MerchantModel, MerchantQuerySet
from customers.models.consent import Channel, ConsentRecord, Purpose
from customers.models.profiles import Customer
from merchants.models import Staff


class PrivacyRequestQuerySet(MerchantQuerySet["PrivacyRequest"]):
    def open(self) -> Self:
        """Not answered yet."""
        return self.filter(state__in=PrivacyRequest.OPEN)

    def overdue(self, today: date) -> Self:
        return self.open().filter(due_on__lt=today)

    def pressing(self, today: date) -> Self:
        """Overdue, or due within a week."""
        return self.open().filter(due_on__lte=today + PrivacyRequest.PRESSING)

    def restricting(self, at: datetime) -> Self:
        """Restrictions (Art. 18) that were granted and not lifted at that moment."""
        granted = self.filter(kind=PrivacyRequest.Kind.RESTRICTION, state=PrivacyRequest.State.DONE, closed_at__lte=at)
        return granted.filter(Q(lifted_at=None) | Q(lifted_at__gt=at))

    def search(self, text: str) -> Self:
        """By the number of the request, the contact, or the customer's name."""
        text, found = text.strip(), Q(contact__icontains=text.strip())
        if text.lstrip("#").isdecimal() and len(text) < 18:
            found |= Q(pk=int(text.lstrip("#")))
        named = Q()
        for word in text.split():
            named &= Q(customer__search_name__contains=word.lower())
        return self.filter(found | named)


class PrivacyRequest(MerchantModel):
    """One thing that a person asked for under the GDPR, until it is answered."""

    class Kind(models.TextChoices):
        ACCESS = "access", _("access")  # Art. 15 and 20
        ERASURE = "erasure", _("erasure")  # Art. 17
        RECTIFICATION = "rectification", _("rectification")  # Art. 16
        RESTRICTION = "restriction", _("restriction of processing")  # Art. 18
        OBJECTION = "objection", _("objection")  # Art. 21

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        PHONE = "phone", _("phone")
        POST = "post", _("letter")
        WEB = "web", _("preference page")
        SHOP = "shop", _("the shop (API)")
        IN_PERSON = "in_person", _("in person")

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        CHECKED = "checked", _("identity checked")
        RUNNING = "running", _("in progress")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")

    OPEN: ClassVar = (State.RECEIVED, State.CHECKED, State.RUNNING)
    PRESSING: ClassVar = timedelta(days=7)

    kind = models.CharField(_("what"), max_length=16, choices=Kind.choices)
    channel = models.CharField(_("how it came"), max_length=10, choices=Channel.choices)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.RECEIVED)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="privacy_requests",
        verbose_name=_("customer"),
        help_text=_("Empty: not known yet, or erased."),
    )
    contact = models.CharField(
        _("contact"), max_length=320, blank=True, help_text=_("Where the answer goes: an e-mail or postal address.")
    )
    statement = models.TextField(_("what was said"), blank=True, help_text=_("The request in the person's own words."))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    due_on = models.DateField(_("answer due"))
    extended_at = models.DateTimeField(_("extended"), null=True)
    extension_reason = models.CharField(_("reason of the extension"), max_length=300, blank=True)
    identity_checked_at = models.DateTimeField(_("identity checked"), null=True)
    identity_checked_by = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("identity checked by")
    )
    identity_evidence = models.CharField(
        _("how the identity was checked"),
        max_length=300,
        blank=True,
        help_text=_("For example: answered from the address on file. Do not keep copies of identity cards."),
    )
    assignee = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("assigned to")
    )
    notes = models.TextField(_("notes"), blank=True)
    closed_at = models.DateTimeField(_("answered"), null=True)
    closed_by = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("answered by")
    )
    outcome = models.TextField(_("outcome"), blank=True, help_text=_("What was done, or why it was refused."))
    # Of a restriction: it ends, and the person is told before (Art. 18(3)).
    lifted_at = models.DateTimeField(_("restriction lifted"), null=True)
    lifted_by = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("restriction lifted by")
    )
    lift_reason = models.CharField(_("why the restriction was lifted"), max_length=300, blank=True)
    # {"places": [{"table" | "store", "deleted", "blanked", "details"?}], "at": ISO 8601}: what an erasure did, without
    # the person.
    receipt: models.JSONField[dict[str, Any]] = models.JSONField(_("receipt"), default=dict)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("job"))
    file = models.CharField(_("file"), max_length=200, blank=True, help_text=_("The export, until it expires."))
    link_until = models.DateTimeField(_("link valid until"), null=True)

    objects: ClassVar = PrivacyRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["done", "refused"]) | Q(closed_at__isnull=False), name="privacy_request_closed"
            )
        ]
        indexes = [
            models.Index(fields=["merchant", "due_on", "id"], name="privacy_request_by_deadline"),
            models.Index(fields=["merchant", "-id"], name="privacy_request_newest"),
            # Who had the use of their data restricted: asked for with every personal recommendation.
            models.Index(
                fields=["merchant", "customer"],
                condition=Q(kind="restriction", state="done"),
                name="privacy_restrictions",
            ),
        ]
        verbose_name = _("privacy request")
        verbose_name_plural = _("privacy requests")

    def __str__(self) -> str:
        return f"#{self.pk} {self.get_kind_display()}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def is_restricting(self) -> bool:
        """A restriction that was granted and not lifted."""
        return self.kind == self.Kind.RESTRICTION and self.state == self.State.DONE and self.lifted_at is None

    @property
    def tone(self) -> str:
        """How its state is coloured."""
        tones = {"checked": "info", "running": "info", "done": "success", "refused": "danger"}
        return tones.get(self.state, "neutral")

    def urgency(self, today: date) -> str:
        """``overdue``, ``pressing`` or ``calm``; of an answered one ``closed``."""
        if not self.is_open:
            return "closed"
        if self.due_on < today:
            return "overdue"
        return "pressing" if self.due_on <= today + self.PRESSING else "calm"


class ConsentProof(MerchantModel):
    """What an erased profile's consent record proves, under a keyed hash of the address, until claims have lapsed."""

    digest = models.CharField(_("digest"), max_length=64, editable=False)
    kind = models.CharField(_("what"), max_length=12, choices=ConsentRecord.Kind.choices)
    purpose = models.CharField(_("purpose"), max_length=24, choices=Purpose.choices, blank=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices, blank=True)
    text_version = models.CharField(_("text version"), max_length=40, blank=True)
    # Moments out of the evidence (of a double opt-in, of the click), and nothing else of it.
    moments: models.JSONField[dict[str, str]] = models.JSONField(_("moments"), default=dict)
    occurred_at = models.DateTimeField(_("when"))
    recorded_at = models.DateTimeField(_("recorded"))
    kept_until = models.DateField(_("kept until"))

    class Meta:
        indexes = [
            models.Index(fields=["merchant", "digest"], name="consent_proof_of_address"),
            models.Index(fields=["kept_until"], name="consent_proof_expiry"),
        ]
        verbose_name = _("consent proof")
        verbose_name_plural = _("consent proofs")

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:8]}"


class RetentionPeriod(MerchantModel):
    """How many days a merchant keeps one kind of data, where that differs from the default."""

    kind = models.CharField(_("kind"), max_length=40)
    days = models.PositiveIntegerField(_("days"))
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "kind"], name="retention_period_once")]
        verbose_name = _("retention period")
        verbose_name_plural = _("retention periods")

    def __str__(self) -> str:
        return f"{self.kind}: {self.days}"


class RetentionRun(MerchantModel):
    """One removal of what was kept long enough: how much of which kind, and never whose."""

    kind = models.CharField(_("kind"), max_length=40)
    older_than = models.DateTimeField(_("older than"))
    removed = models.PositiveBigIntegerField(_("removed"))
    ran_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = [F("id").desc()]
        indexes = [models.Index(fields=["merchant", "-id"], name="retention_run_newest")]
        verbose_name = _("retention run")
        verbose_name_plural = _("retention runs")

    def __str__(self) -> str:
        return f"{self.kind}: {self.removed}"
