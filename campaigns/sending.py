"""One round of sending: claim what is due, write it, hand it over, note what became of it."""

from __future__ import annotations

import logging

from django.db import DatabaseError

from campaigns.actions import delivery
from campaigns.composing import Blocked, Draft, compose
from campaigns.models import Message
from campaigns.reasons import StateCode
from campaigns.recommending import Recommender
from campaigns.transport import InDoubt, Refused, Transport, TryLater, is_configured
from customers.actions.consent import suppress_addresses
from customers.models import Suppression

logger = logging.getLogger(__name__)

# A message whose sending was interrupted is sent once more, under the same Message-ID. Not twice.
MOST_INTERRUPTIONS = 1


def send_due(limit: int = 500) -> int:
    """Send until nothing is due, or ``limit``, or the mail server is away; returns how many were tried."""
    tried = 0
    with Transport() as transport, Recommender() as recommender:
        while tried < limit and not transport.is_down:
            batch = delivery.claim_due()
            if not batch:
                break
            for message in batch:
                send_message(message, transport, recommender)
            tried += len(batch)
    return tried


def send_message(message: Message, transport: Transport, recommender: Recommender) -> None:
    """Bring one claimed message as far as it gets; its row tells the outcome."""
    if message.interruptions > MOST_INTERRUPTIONS:
        delivery.settle_stuck(message, Message.State.UNKNOWN, StateCode.INTERRUPTED, message.error)
        return
    draft = _draft(message, recommender)
    if draft is None:
        return
    if is_configured():
        _send(message, draft, transport)
    elif delivery.hand_over(message, subject=draft.subject, body=draft.body, blocks=draft.blocks):
        delivery.settle_kept(message)


def _draft(message: Message, recommender: Recommender) -> Draft | None:
    """What to send; None where the message's row already says why it cannot be."""
    try:
        return compose(message, recommender)
    except Blocked as block:
        is_moot = block.code == StateCode.ORDER_CANCELLED
        state = Message.State.CANCELLED if is_moot else Message.State.BLOCKED
        delivery.settle_stuck(message, state, block.code, block.detail)
    except DatabaseError:
        raise  # says nothing about the message; its lease ends, and it comes up again
    except Exception as error:  # noqa: BLE001  # whatever one order makes a template raise must not hold up the others
        logger.error("message %s could not be written: %s", message.pk, type(error).__name__)
        delivery.settle_stuck(
            message, Message.State.FAILED, StateCode.RENDERING_FAILED, f"{type(error).__name__}: {error}"
        )
    return None


def _send(message: Message, draft: Draft, transport: Transport) -> None:
    try:
        transport.open()
        if not delivery.hand_over(message, subject=draft.subject, body=draft.body, blocks=draft.blocks):
            return
        reply = transport.send(draft.sender, draft.recipient, draft.body)
    except TryLater as later:
        delivery.settle_later(message, later.code, later.reply)
    except Refused as refusal:
        _refused(message, refusal)
    except InDoubt as doubt:
        delivery.settle_in_doubt(message, str(doubt))
    else:
        delivery.settle_sent(message, reply)


def _refused(message: Message, refusal: Refused) -> None:
    """A contract message that is refused becomes a task for staff; an address that does not exist is not used again."""
    if refusal.code == StateCode.RECIPIENT_REFUSED:
        suppress_addresses(
            message.merchant, [message.address], reason=Suppression.Reason.BOUNCE, channel=message.channel
        )
    delivery.settle_stuck(message, Message.State.BLOCKED, refusal.code, refusal.reply)
