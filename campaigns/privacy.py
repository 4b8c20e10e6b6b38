"""What messages hold about people: that a confirmation left stays provable, to whom and what it said goes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models import Message, MessageBlock
from campaigns.rendering.mime import read_message
from core.privacy import Find, Person, Rows, declare, facts, personal, scrubbed, technical, withheld
from core.privacy.retention import Retention, keep_for
from orders.privacy import of_order

SENT = _("That the order was confirmed, and when, must stay provable (BGB § 312i); to whom and in which words goes.")
DECIDED = _("Why a block was shown must stay provable (UWG § 7); the products that were shown go.")


def _of_message(prefix: str = "") -> Find:
    def find(person: Person) -> Q:
        wanted = Q(**{f"{prefix}customer__in": person.ids}) | of_order(f"{prefix}order__")(person)
        for address in person.addresses:
            wanted |= Q(**{f"{prefix}customer": None, f"{prefix}address__iexact": address})
        return wanted

    return find


def _as_sent(message: Message) -> dict[str, Any]:
    """The bytes that left, as text."""
    return {"body": bytes(message.body or b"").decode(errors="replace")}


def _as_read(message: Message) -> dict[str, Any]:
    """What the reader saw."""
    return {"body": read_message(bytes(message.body)).text if message.body else ""}


declare(
    Message,
    title=_("Messages"),
    find=_of_message(),
    rows=Rows.KEPT,
    reason=SENT,
    present=_as_sent,
    readable=_as_read,
    columns=[
        facts("kind", "channel", "order", "state", "queued_at", "sent_at", "locale", reason=SENT),
        personal("address", "subject"),
        withheld("consent_request", reason=_("What was asked is in the export itself.")),
        personal("body", blank=b""),
        withheld("customer", reason=_("The profile itself is in the export.")),
        scrubbed("error"),
        withheld("history", reason=_("Steps of the sending, with answers of mail servers that repeat the address.")),
        technical(
            "id", "merchant", "legal_class", "message_id", "code", "attempts", "interruptions", "due_at", "rendered_at",
        ),
        technical("unsubscribe_token", reason=_("Random; it leads to nobody once the message does not.")),
    ],
)  # fmt: skip
declare(
    MessageBlock,
    title=_("Parts of messages and why they were shown"),
    find=_of_message("message__"),
    rows=Rows.KEPT,
    reason=DECIDED,
    columns=[
        facts("message", "kind", "shown", "basis", "code", "decided_at", reason=DECIDED),
        personal("detail", "content"),
        withheld("evidence", reason=_("Ids of consent records, which are in the export.")),
        technical("id", "merchant", "legal_class", "model_version"),
        technical("recommendation_id", reason=_("Names a request, not a person.")),
    ],
)


def _old_messages(merchant_id: int, before: datetime) -> QuerySet[Message]:
    """Those that still say something and will not be sent any more."""
    rows = Message.objects.for_merchant(merchant_id).filter(queued_at__lt=before).exclude(state__in=Message.OPEN)
    return rows.exclude(body=b"", address="")


def _blank_messages(merchant_id: int, ids: list[Any]) -> int:
    MessageBlock.objects.for_merchant(merchant_id).filter(message__in=ids).update(content={}, detail="")
    rows = Message.objects.for_merchant(merchant_id).filter(pk__in=ids)
    return rows.update(body=b"", address="", subject="", history=[], error="")


keep_for(
    Retention(
        "messages",
        _("Words and addresses of messages"),
        _("Order confirmations are commercial letters, kept six years (HGB § 257). That one was sent stays on record."),
        days=2192,
        shortest=30,
        model=Message,
        old=_old_messages,
        remove=_blank_messages,
    ),
    rank=40,
)
