"""Events as rows, each once: receipts and events of a whole batch in one statement, which is one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from django.db import connection

from customers.actions.partitions import create_partitions_for
from customers.models import EventReceipt
from customers.rules.months import Month
from customers.tracking.reading import Tracked

# The receipts are written in their order, so that two batches with the same events wait for one another instead of
# both waiting for the other; whose receipt is not new was stored before. Events keep the order they were sent in.
STORE = """
WITH sent AS (
    SELECT * FROM unnest(
        %s::uuid[], %s::timestamptz[], %s::bigint[], %s::bool[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::text[], %s::text[], %s::text[]
    ) WITH ORDINALITY AS sent (
        digest, occurred_at, customer_id, is_bot, kind, channel, name, anonymous_id, message_id, properties, context,
        place
    )
), fresh AS (
    INSERT INTO customers_eventreceipt (digest, merchant_id, occurred_at)
    SELECT digest, %s, occurred_at FROM sent ORDER BY digest
    ON CONFLICT (digest) DO NOTHING
    RETURNING digest
), stored AS (
    INSERT INTO customers_event (
        merchant_id, received_at, occurred_at, customer_id, is_bot, kind, channel, name, anonymous_id, message_id,
        properties, context
    )
    SELECT %s, %s, occurred_at, customer_id, is_bot, kind, channel, name, anonymous_id, message_id,
        properties::jsonb, context::jsonb
    FROM sent JOIN fresh USING (digest) ORDER BY place
)
SELECT digest FROM fresh
"""

_months_with_partitions: set[Month] = set()


def digest_of(merchant_id: int, message_id: str) -> UUID:
    """What a receipt is found by."""
    return UUID(bytes=blake2b(f"{merchant_id} {message_id}".encode(), digest_size=16).digest())


def known_digests(digests: Iterable[UUID]) -> set[UUID]:
    """Of events that were stored before."""
    receipts = EventReceipt.objects.all_merchants()  # the digest is made of the merchant
    return set(receipts.filter(digest__in=list(digests)).values_list("digest", flat=True))


def store(merchant_id: int, events: Sequence[Tracked], digests: Sequence[UUID], *, received_at: datetime) -> set[UUID]:
    """Store those that are new; returns their digests. When it returns they are on disk."""
    _make_partitions(events)
    columns = (
        list(digests),
        [event.occurred_at for event in events],
        [event.customer_id for event in events],
        [event.is_bot for event in events],
        [event.kind for event in events],
        [event.channel for event in events],
        [event.name for event in events],
        [event.anonymous_id for event in events],
        [event.message_id for event in events],
        [event.properties_json.decode() for event in events],
        [event.context_json.decode() for event in events],
    )
    with connection.cursor() as cursor:
        cursor.execute(STORE, [*columns, merchant_id, merchant_id, received_at])
        return {digest for (digest,) in cursor.fetchall()}


def _make_partitions(events: Iterable[Tracked]) -> None:
    """Those of the months in question, should the schedule have slept; looked up once per process and month."""
    months = {(event.occurred_at.year, event.occurred_at.month) for event in events}
    missing = [Month(*month) for month in months if Month(*month) not in _months_with_partitions]
    if missing:
        create_partitions_for(month.start for month in missing)
        _months_with_partitions.update(missing)
