"""A message's way through its states. Every step is one conditional update by the holder of the lease."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, F, IntegerField, When
from django.utils import timezone

from campaigns.composing import Draft
from campaigns.models import Message, MessageBlock
from campaigns.reasons import StateCode

# Long enough to write a batch; a worker that dies before handing over gives its messages back after this.
CLAIM_LEASE = timedelta(seconds=45)
# Longer than the mail server may take to answer all of MAIL, RCPT, DATA and the final dot (EMAIL_TIMEOUT each).
HANDOVER_LEASE = timedelta(minutes=2)
GIVE_UP_AFTER = timedelta(days=3)
BATCH = 20


def claim_due(limit: int = BATCH) -> list[Message]:
    """Take a lease on due messages; of several workers each gets others.

    One that is still ``sending`` was interrupted: its worker died, or the connection broke, in doubt.
    """
    with transaction.atomic():
        due = Message.objects.all_merchants().due().order_by("due_at", "id")
        ids = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
        claimed = Message.objects.all_merchants().filter(pk__in=ids)
        claimed.update(
            due_at=timezone.now() + CLAIM_LEASE,
            attempts=F("attempts") + 1,
            interruptions=Case(
                When(state=Message.State.SENDING, then=F("interruptions") + 1),
                default=F("interruptions"),
                output_field=IntegerField(),
            ),
        )
    rows = claimed.select_related("merchant", "order", "customer", "consent_request__text").order_by("id")
    return list(rows.prefetch_related("order__lines__product__category"))


def write_down(drafts: Sequence[Draft]) -> list[Draft]:
    """Keep the bytes that are about to leave and the decision about each of their blocks, before any of them does.

    Returns the drafts whose lease still holds; the others somebody else has.
    """
    now = timezone.now()
    with transaction.atomic():
        held = _lock([draft.message for draft in drafts])
        drafts = [draft for draft in drafts if draft.message.pk in held]
        _keep([draft for draft in drafts if draft.blocks is not None], now)
    return list(drafts)


def _lock(messages: Sequence[Message]) -> set[int]:
    """Which of ``messages`` this worker still holds; nobody else can claim them before the transaction ends."""
    rows = Message.objects.all_merchants().filter(pk__in=[message.pk for message in messages], state__in=Message.OPEN)
    attempts = dict(rows.order_by("pk").select_for_update().values_list("pk", "attempts"))
    return {message.pk for message in messages if attempts.get(message.pk) == message.attempts}


# One statement a message, sent together: Django's bulk_update would write one of a megabyte, and take longer to.
_KEEP = "UPDATE campaigns_message SET subject = %s, body = %s, rendered_at = %s WHERE id = %s"


def _keep(written: Sequence[Draft], now: datetime) -> None:
    rewritten = [draft.message for draft in written if draft.message.rendered_at]
    if rewritten:
        MessageBlock.objects.all_merchants().filter(message__in=rewritten).delete()
    MessageBlock.objects.bulk_create(block for draft in written for block in draft.blocks or [])
    with connection.cursor() as cursor:
        cursor.executemany(_KEEP, [(draft.subject, draft.body, now, draft.message.pk) for draft in written])
    for draft in written:
        draft.message.subject, draft.message.body, draft.message.rendered_at = draft.subject, draft.body, now


def hand_over(message: Message) -> bool:
    """Note that it leaves now. False: the lease was lost, somebody else has the message."""
    now = timezone.now()
    return _step(message, Message.State.SENDING, at=now, due_at=now + HANDOVER_LEASE)


def settle_sent(message: Message, reply: str) -> None:
    """The mail server took it."""
    now = timezone.now()
    _step(message, Message.State.SENT, at=now, sent_at=now, error=reply)


def settle_kept(message: Message) -> None:
    """There is no mail server: it stays here, to be read in the back office."""
    _step(message, Message.State.KEPT, at=timezone.now(), code=StateCode.NO_MAIL_SERVER)


def give_back(messages: Sequence[Message]) -> None:
    """Claimed and not come to: due again at once, for whoever claims next."""
    for message in messages:
        _held(message).update(due_at=timezone.now())


def settle_stuck(message: Message, state: Message.State, code: StateCode, error: str = "") -> None:
    """It will not leave by itself: blocked, failed, unknown or cancelled."""
    _step(message, state, at=timezone.now(), code=code, error=error)


def settle_later(message: Message, code: StateCode, error: str = "") -> None:
    """It was certainly not sent: try again with backoff, and give up after three days."""
    now = timezone.now()
    if now - message.queued_at >= GIVE_UP_AFTER:
        settle_stuck(message, Message.State.FAILED, StateCode.GAVE_UP, error)
        return
    _step(message, Message.State.QUEUED, at=now, due_at=now + retry_after(message.attempts), code=code, error=error)


def settle_in_doubt(message: Message, error: str) -> None:
    """It may have arrived. It stays ``sending`` and comes up again once the backoff is over."""
    rows = _held(message)
    rows.update(due_at=timezone.now() + retry_after(message.attempts), code=StateCode.INTERRUPTED, error=error)


def retry_after(attempts: int) -> timedelta:
    """Backoff: 15 s, 30 s, 1 min … at most an hour."""
    return timedelta(seconds=min(15 * 2 ** min(attempts - 1, 12), 3600))


def _held(message: Message) -> Any:
    """The row, if this worker still holds it: whoever claims it counts one attempt more."""
    return Message.objects.for_merchant(message.merchant_id).filter(
        pk=message.pk, attempts=message.attempts, state__in=Message.OPEN
    )


# Every message takes two of these steps while it leaves. Composing the statement costs more than running it, hence SQL.
_STEP = """
    UPDATE campaigns_message
    SET state = %(state)s, code = %(code)s, error = %(error)s, history = history || %(entry)s::jsonb,
        due_at = COALESCE(%(due_at)s, due_at), sent_at = COALESCE(%(sent_at)s, sent_at)
    WHERE merchant_id = %(merchant)s AND id = %(id)s AND attempts = %(attempts)s AND state IN ('queued', 'sending')
"""


def _step(
    message: Message,
    state: Message.State,
    *,
    at: datetime,
    code: str = "",
    error: str = "",
    due_at: datetime | None = None,
    sent_at: datetime | None = None,
) -> bool:
    """Move the held message on and add to its history; False when it is not held any more."""
    entry = {"at": at.isoformat(), "state": state.value} | ({"code": str(code)} if code else {})
    values = {"state": state.value, "code": str(code), "error": error, "due_at": due_at, "sent_at": sent_at}
    row = {"merchant": message.merchant_id, "id": message.pk, "attempts": message.attempts}
    with connection.cursor() as cursor:
        cursor.execute(_STEP, values | row | {"entry": json.dumps([entry])})
        held: bool = cursor.rowcount == 1
    if held:
        message.state, message.history = state, [*message.history, entry]
    return held
