"""Who is told what, when, on which legal basis: the ledger of messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.reasons import block_reason, state_reason
from core.models import MerchantModel, MerchantQuerySet
from customers.models import Channel, ConsentRequest, Customer
from orders.models import Order


class LegalClass(models.TextChoices):
    """Every message and every block of one is either (LAW.md rule 1)."""

    CONTRACT = "T", _("contract")
    ADVERTISING = "M", _("advertising")


class MessageQuerySet(MerchantQuerySet["Message"]):
    def due(self) -> Self:
        """Waiting for a worker, or held by one whose lease ran out."""
        return self.filter(state__in=Message.OPEN, due_at__lte=timezone.now())

    def needing_staff(self) -> Self:
        """What did not reach its reader and will not by itself: a person must decide."""
        return self.filter(state__in=Message.NEEDING_STAFF)

    def search(self, text: str) -> Self:
        """Messages about the order with this number, or to an address that begins with ``text``."""
        by_order = self.filter(order__number=text.strip())
        by_address = self.filter(address__istartswith=text.strip())
        # A union, because an "or" over two tables would read every message.
        return self.filter(pk__in=by_order.values("pk").union(by_address.values("pk")))

    def light(self) -> Self:
        """Without the bytes, for lists."""
        return self.defer("body")


class Message(MerchantModel):
    """One send to one person. What left is kept byte for byte.

    ``queued`` → ``sending`` → ``sent``. A message is ``sending`` from the moment before it is handed to the mail
    server until the server's answer is written down; a worker that dies in between leaves it so, in doubt.
    """

    class Kind(models.TextChoices):
        ORDER_CONFIRMATION = "order_confirmation", _("order confirmation")
        DOUBLE_OPT_IN = "double_opt_in", _("question about a consent")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        KEPT = "kept", _("kept here")  # no mail server is configured: rendered and shown, left nowhere
        FAILED = "failed", _("failed")
        BLOCKED = "blocked", _("blocked")
        UNKNOWN = "unknown", _("in doubt")
        CANCELLED = "cancelled", _("cancelled")

    OPEN: ClassVar = (State.QUEUED, State.SENDING)
    NEEDING_STAFF: ClassVar = (State.FAILED, State.BLOCKED, State.UNKNOWN)

    kind = models.CharField(_("kind"), max_length=24, choices=Kind.choices)
    legal_class = models.CharField(_("class"), max_length=1, choices=LegalClass.choices)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices, default=Channel.EMAIL)
    # What it is about: an order, or a consent that is to be confirmed. The indexes below serve these foreign keys too.
    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, null=True, related_name="messages", verbose_name=_("order"), db_index=False
    )
    consent_request = models.OneToOneField(
        ConsentRequest,
        on_delete=models.SET_NULL,
        null=True,
        related_name="message",
        verbose_name=_("consent request"),
    )
    customer = models.ForeignKey(
        Customer,
        on_delete=models.SET_NULL,
        null=True,
        related_name="messages",
        verbose_name=_("customer"),
        db_index=False,
    )
    address = models.CharField(_("to"), max_length=320, blank=True)
    locale = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    # The Message-ID header: the same however often one message is handed over, so that a second copy is recognised.
    message_id = models.CharField("Message-ID", max_length=250)
    unsubscribe_token = models.CharField(_("objection token"), max_length=64, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.QUEUED)
    code = models.CharField(_("reason"), max_length=40, blank=True)
    error = models.TextField(_("details"), blank=True)
    # Counts claims, and so tells the holder of a lease from one who lost it.
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    interruptions = models.PositiveSmallIntegerField(_("interrupted while being sent"), default=0)
    # A worker's lease moves this forward; a worker that dies thereby gives the row back.
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    queued_at = models.DateTimeField(_("queued"), default=timezone.now)
    rendered_at = models.DateTimeField(_("rendered"), null=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    body = models.BinaryField(_("bytes"), null=True, help_text=_("RFC 5322, exactly as handed over."))
    # [{"at": ISO 8601, "state": …, "code": …, "staff": id}], oldest first.
    history: models.JSONField[list[dict[str, Any]]] = models.JSONField(_("history"), default=list)

    objects: ClassVar = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "kind"], name="message_once"),
            models.UniqueConstraint(fields=["merchant", "message_id"], name="message_id_once"),
            models.CheckConstraint(
                condition=Q(order__isnull=False) | ~Q(kind="order_confirmation"), name="message_confirms_an_order"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["sending", "sent", "kept", "unknown"]) | Q(body__isnull=False),
                name="message_left_with_body",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="message_sent_at_a_time"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state__in=["queued", "sending"]), name="message_due"),
            models.Index(
                fields=["merchant", "-id"],
                condition=Q(state__in=["failed", "blocked", "unknown"]),
                name="message_needing_staff",
            ),
            models.Index(fields=["merchant", "-id"], name="message_newest"),
            models.Index(fields=["merchant", "state", "-id"], name="message_by_state"),
            models.Index(fields=["customer", "-queued_at"], name="message_of_customer"),
            models.Index(F("merchant"), OpClass(Upper("address"), name="text_pattern_ops"), name="message_address"),
        ]
        verbose_name = _("message")
        verbose_name_plural = _("messages")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.subject_number}".strip()

    @property
    def subject_number(self) -> str:
        """The number of the order it is about; empty for a message about none."""
        return self.order.number if self.order else ""

    @property
    def language(self) -> str:
        """The language of its texts: ``de`` or ``en``."""
        return self.locale.split("-")[0]

    @property
    def reason(self) -> str:
        """Why it is in its state, as a sentence; empty when that needs no words."""
        return state_reason(self.code)

    @property
    def needs_staff(self) -> bool:
        return self.state in self.NEEDING_STAFF

    def with_history(self, state: str, *, at: datetime, **details: Any) -> list[dict[str, Any]]:
        """The history with one more entry; the holder of the row writes it together with the state."""
        return [*self.history, {"at": at.isoformat(), "state": str(state), **details}]


class MessageBlock(MerchantModel):
    """One part of a message and the decision about it, whether it was shown or not."""

    class Kind(models.TextChoices):
        ORDER = "order", _("order details")
        WITHDRAWAL = "withdrawal", _("withdrawal information")
        CROSS_SELL = "cross_sell", _("product recommendations")
        OPT_IN = "opt_in", _("question about a consent")

    class Basis(models.TextChoices):
        """The values of ``customers.rules.legal_basis.Basis``."""

        CONTRACT = "contract", _("contract")
        CONSENT = "consent", _("consent")
        EXISTING_CUSTOMER = "existing_customer_exception", _("existing-customer exception")
        NONE = "none", _("no legal basis")

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="blocks", db_index=False, verbose_name=_("message")
    )
    kind = models.CharField(_("block"), max_length=12, choices=Kind.choices)
    legal_class = models.CharField(_("class"), max_length=1, choices=LegalClass.choices)
    shown = models.BooleanField(_("shown"))
    basis = models.CharField(_("legal basis"), max_length=28, choices=Basis.choices)
    code = models.CharField(_("reason"), max_length=40)
    detail = models.CharField(_("details"), max_length=300, blank=True)
    # {"consent_records": [ids]}: what the decision rests on.
    evidence: models.JSONField[dict[str, Any]] = models.JSONField(_("evidence"), default=dict)
    # {"products": [{"sku", "title", "price", …, "reason"}], "left_out": [{"sku", "code"}]}
    content: models.JSONField[dict[str, Any]] = models.JSONField(_("content"), default=dict)
    recommendation_id = models.CharField(_("recommendation"), max_length=64, blank=True)
    model_version = models.CharField(_("model version"), max_length=80, blank=True)
    decided_at = models.DateTimeField(_("decided"), default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["message", "kind"], name="message_block_once"),
            # Fail closed, even against ourselves: advertising is not shown without a basis.
            models.CheckConstraint(
                condition=Q(shown=False) | Q(legal_class="T") | Q(basis__in=["consent", "existing_customer_exception"]),
                name="message_block_shown_lawfully",
            ),
        ]
        verbose_name = _("message block")
        verbose_name_plural = _("message blocks")

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def reason(self) -> str:
        """Why it was shown or left out, as a sentence."""
        return block_reason(self.code)
