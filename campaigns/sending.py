"""One round of sending: claim what is due, write it, hand it over, note what became of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from django.db import connection

from campaigns.actions import delivery
from campaigns.composing import Draft, Stuck, compose
from campaigns.models import Message
from campaigns.reasons import StateCode
from campaigns.recommending import Recommender
from campaigns.transport import InDoubt, Refused, Transport, TryLater, is_configured
from customers.actions.consent import suppress_addresses
from customers.models import Suppression

# A message whose sending was interrupted is sent once more, under the same Message-ID. Not twice.
MOST_INTERRUPTIONS = 1
# A batch is decided at once; what did not leave within this time is decided anew, in case somebody objected.
FRESH_SECONDS = 5.0
WRITERS = 2


def send_due(limit: int = 500) -> int:
    """Send until nothing is due, or ``limit``, or the mail server is away; returns how many were tried."""
    with Transport() as transport, Recommender() as recommender:
        sender = _Sender(transport, recommender)
        tried = sender.send(min(limit, delivery.BATCH))
        if tried < delivery.BATCH or tried >= limit:
            return tried
        # A thread has a connection of its own, and would not see what an open transaction has written.
        if connection.in_atomic_block:
            return tried + sender.send(limit - tried)
        with ThreadPoolExecutor(WRITERS, thread_name_prefix="sender") as threads:
            shares = [(limit - tried + number) // WRITERS for number in range(WRITERS)]
            return tried + sum(threads.map(sender.send_apart, shares))


class _Sender:
    """Sends batches, for several threads: while one waits for the mail server, another writes.

    Only one message is on its way at any moment, so that a crash leaves one in doubt, and not several.
    """

    def __init__(self, transport: Transport, recommender: Recommender) -> None:
        self._transport = transport
        self._recommender = recommender
        self._turn = Lock()

    def send_apart(self, limit: int) -> int:
        """``send`` in a thread of its own."""
        try:
            return self.send(limit)
        finally:
            connection.close()

    def send(self, limit: int) -> int:
        """Batch after batch; returns how many messages were tried."""
        tried = 0
        while tried < limit and not self._transport.is_down:
            batch = delivery.claim_due(min(delivery.BATCH, limit - tried))
            if not batch:
                break
            tried += self._send_batch(batch)
        return tried

    def _send_batch(self, batch: Sequence[Message]) -> int:
        """Decide and write all, then send one after the other; returns how many were dealt with."""
        began = time.monotonic()
        drafts = delivery.write_down(_drafts(batch, self._recommender))
        for number, draft in enumerate(drafts):
            if number and time.monotonic() - began > FRESH_SECONDS:
                delivery.give_back([late.message for late in drafts[number:]])
                return len(batch) - len(drafts) + number
            with self._turn:
                _leave(draft, self._transport)
        return len(batch)


def _drafts(batch: Sequence[Message], recommender: Recommender) -> list[Draft]:
    """What can leave; the rows of the others say why they cannot."""
    doubtful = [message for message in batch if message.interruptions > MOST_INTERRUPTIONS]
    for message in doubtful:
        delivery.settle_stuck(message, Message.State.UNKNOWN, StateCode.INTERRUPTED, message.error)
    outcomes = compose([message for message in batch if message not in doubtful], recommender)
    for outcome in outcomes:
        if isinstance(outcome, Stuck):
            delivery.settle_stuck(outcome.message, outcome.state, outcome.code, outcome.detail)
    return [outcome for outcome in outcomes if isinstance(outcome, Draft)]


def _leave(draft: Draft, transport: Transport) -> None:
    if is_configured():
        _send(draft, transport)
    elif delivery.hand_over(draft.message):
        delivery.settle_kept(draft.message)


def _send(draft: Draft, transport: Transport) -> None:
    message = draft.message
    try:
        transport.open()
        if not delivery.hand_over(message):
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
    """A contract message that is refused becomes a task for staff; an address that does not exist is not used again.

    A question about a consent is owed to nobody: an address that was mistyped in a form is no task.
    """
    if refusal.code == StateCode.RECIPIENT_REFUSED:
        suppress_addresses(
            message.merchant, [message.address], reason=Suppression.Reason.BOUNCE, channel=message.channel
        )
    state = Message.State.BLOCKED if message.order_id else Message.State.CANCELLED
    delivery.settle_stuck(message, state, refusal.code, refusal.reply)
