"""Celery's doorbell for messages; beat rings it too."""

from __future__ import annotations

from celery import shared_task

from campaigns.actions.queueing import forget_unconfirmed, release_completed_footers
from campaigns.sending import send_due
from core.rings import ring

ROUND = 500
SEND_DUE_MESSAGES = "campaigns.tasks.send_due_messages"


@shared_task(name=SEND_DUE_MESSAGES)
def send_due_messages() -> None:
    """Send what is due; a bounded round, so that a deploy can stop it between any two."""
    release_completed_footers()
    if send_due(limit=ROUND) >= ROUND:
        ring(SEND_DUE_MESSAGES)


@shared_task
def forget_unconfirmed_questions() -> None:
    """Addresses that somebody entered and nobody confirmed are deleted, with the message that asked."""
    forget_unconfirmed()
