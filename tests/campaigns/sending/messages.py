"""Messages as they stand in the database, for the tests beside this file."""

from __future__ import annotations

from django.utils import timezone

from campaigns.models import Message

SENT, QUEUED, BLOCKED = Message.State.SENT, Message.State.QUEUED, Message.State.BLOCKED


def reloaded(message: Message) -> Message:
    return Message.objects.for_merchant(message.merchant_id).get(pk=message.pk)


def make_due(message: Message) -> None:
    Message.objects.for_merchant(message.merchant_id).filter(pk=message.pk).update(due_at=timezone.now())


def states(message: Message) -> list[str]:
    return [entry["state"] for entry in reloaded(message).history]
