"""Domain events through a transactional outbox.

``publish`` writes one ``Delivery`` per subscribed handler in the publisher's transaction; a Celery
worker claims due rows and runs the handler. Celery is only the doorbell: beat rings again for
whatever was missed, so a lost Redis loses nothing. Handlers must be idempotent.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from core.models import Delivery, DeliveryQuerySet
from core.rings import ring
from merchants.models import Merchant

logger = logging.getLogger(__name__)

# How long a claimed delivery is left to its worker: what a killed worker held is due again after this time.
LEASE = timedelta(seconds=45)
MAX_ATTEMPTS = 12
BATCH = 50


@dataclasses.dataclass(frozen=True, kw_only=True)
class DomainEvent:
    """What happened, in the past tense. Carries ids and plain JSON values only."""

    registry: ClassVar[dict[str, type[DomainEvent]]] = {}

    merchant_id: int

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        DomainEvent.registry[cls.__name__] = cls


E = TypeVar("E", bound=DomainEvent)
Handler = Callable[[Any], None]

_handlers: dict[str, dict[str, Handler]] = defaultdict(dict)


def subscribe(event: type[E]) -> Callable[[Callable[[E], None]], Callable[[E], None]]:
    """Register a handler under its dotted name; for use in an app's ``handlers.py``."""

    def register(handler: Callable[[E], None]) -> Callable[[E], None]:
        _handlers[event.__name__][f"{handler.__module__}.{handler.__qualname__}"] = handler
        return handler

    return register


def publish(event: DomainEvent) -> None:
    """Write the event's deliveries; call it inside the transaction of what it tells of."""
    publish_all([event])


def publish_all(events: list[DomainEvent]) -> None:
    """Likewise for many, in one statement."""
    if not connection.in_atomic_block:
        raise RuntimeError("Events are published inside the transaction of the change they tell of.")
    rows = [
        Delivery(
            merchant_id=event.merchant_id, event=type(event).__name__, handler=name, payload=dataclasses.asdict(event)
        )
        for event in events
        for name in _handlers[type(event).__name__]
    ]
    if rows:
        Delivery.objects.bulk_create(rows, batch_size=1000)
        transaction.on_commit(ring_deliveries)


def ring_deliveries() -> None:
    """Ask a worker to drain; when the broker is away, beat's next round does it."""
    ring("core.tasks.drain_deliveries")


def retry_after(attempts: int) -> timedelta:
    """Backoff: 10 s, 20 s, 40 s … at most an hour; twelve attempts span about four hours."""
    return timedelta(seconds=min(10 * 2 ** (attempts - 1), 3600))


def claim_due(limit: int = BATCH) -> list[Delivery]:
    """Take a lease on due deliveries; of several workers each gets others."""
    with transaction.atomic():
        due = Delivery.objects.all_merchants().due().order_by("due_at", "id")
        ids = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
        claimed = Delivery.objects.all_merchants().filter(pk__in=ids)
        claimed.update(due_at=timezone.now() + LEASE, attempts=F("attempts") + 1)
        return list(claimed.order_by("id"))


def deliver(delivery: Delivery) -> bool:
    """Run one claimed delivery's handler; whether it succeeded. A failure is kept and retried with backoff."""
    try:
        handler = _handlers[delivery.event][delivery.handler]
        handler(DomainEvent.registry[delivery.event](**delivery.payload))
    except Exception as error:  # noqa: BLE001  # whatever a handler raises is kept, shown and retried
        _note_failure(delivery, error)
        return False
    row = Delivery.objects.for_merchant(delivery.merchant_id).filter(pk=delivery.pk)
    row.update(state=Delivery.State.DONE, done_at=timezone.now(), error="")
    return True


def _claim_of(delivery: Delivery) -> DeliveryQuerySet:
    """The delivery's row, unless another worker claimed it since: every claim counts an attempt."""
    rows = Delivery.objects.for_merchant(delivery.merchant_id)
    return rows.filter(pk=delivery.pk, state=Delivery.State.WAITING, attempts=delivery.attempts)


def _renew_lease(delivery: Delivery) -> bool:
    """Whether the delivery is still this worker's, from now on for another lease."""
    return bool(_claim_of(delivery).update(due_at=timezone.now() + LEASE))


def _note_failure(delivery: Delivery, error: Exception) -> None:
    logger.warning("delivery %s of %s failed: %s", delivery.pk, delivery.event, type(error).__name__)
    is_last = delivery.attempts >= MAX_ATTEMPTS
    _claim_of(delivery).update(
        state=Delivery.State.FAILED if is_last else Delivery.State.WAITING,
        due_at=timezone.now() + retry_after(delivery.attempts),
        error=f"{type(error).__name__}: {error}".replace("\0", "")[:2000],
    )


def retry_delivery(delivery: Delivery) -> bool:
    """Staff's retry of a failed delivery; False when it is not failed (any more)."""
    failed = Delivery.objects.for_merchant(delivery.merchant_id).failed().filter(pk=delivery.pk)
    retried = failed.update(state=Delivery.State.WAITING, attempts=0, due_at=timezone.now())
    transaction.on_commit(ring_deliveries)
    return bool(retried)


def retry_deliveries(merchant: Merchant) -> int:
    """Staff's retry of everything that failed; returns how many."""
    failed = Delivery.objects.for_merchant(merchant).failed()
    retried = failed.update(state=Delivery.State.WAITING, attempts=0, due_at=timezone.now())
    transaction.on_commit(ring_deliveries)
    return retried


def drain(limit: int | None = None) -> int:
    """Deliver what is due until nothing is, or ``limit``; returns how many were tried."""
    tried = 0
    while limit is None or tried < limit:
        batch = claim_due()
        if not batch:
            break
        _deliver_batch(batch)
        tried += len(batch)
    return tried


def _deliver_batch(batch: list[Delivery]) -> None:
    """Deliver what was claimed at once; those that came late are skipped if another worker has them by now."""
    claimed_at = time.monotonic()
    for delivery in batch:
        is_late = time.monotonic() - claimed_at > LEASE.total_seconds() / 2
        if not is_late or _renew_lease(delivery):
            deliver(delivery)
