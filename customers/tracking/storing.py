"""Events as rows, each once: receipts and events of a whole batch in one statement, which is one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b

import msgspec
from django.db import OperationalError, connection
from msgspec import Raw

from core.prepared import PreparedStatement, Row
from customers.actions.partitions import create_partitions_for
from customers.models import EventReceipt
from customers.rules.months import Month
from customers.tracking.reading import Tracked

# One JSON text carries the batch: of all ways to hand rows over it costs least at both ends.
# The receipts are written in their order, so that two batches with the same events wait for one another instead of
# both waiting for the other; whose receipt is not new was stored before. Events keep the order they were sent in.
# ``visit``: the anonymous id, where it may lead to the profile that it joined.
STORE = PreparedStatement(
    "store_events",
    """
WITH sent AS (
    SELECT * FROM json_to_recordset($1::json) AS sent (
        digest uuid, occurred_at timestamptz, customer_id bigint, visit text, is_bot bool, kind text, channel text,
        name text, anonymous_id text, message_id text, properties jsonb, context jsonb, place int
    )
), fresh AS (
    INSERT INTO customers_eventreceipt (digest, merchant_id, occurred_at)
    SELECT digest, $2::bigint, occurred_at FROM sent ORDER BY digest
    ON CONFLICT (digest) DO NOTHING
    RETURNING digest
), stored AS (
    INSERT INTO customers_event (
        merchant_id, received_at, occurred_at, customer_id, is_bot, kind, channel, name, anonymous_id, message_id,
        properties, context
    )
    SELECT $2::bigint, $3::timestamptz, occurred_at,
        coalesce(sent.customer_id, identity.customer_id), is_bot, sent.kind, channel, name, anonymous_id, message_id,
        properties, context
    FROM sent JOIN fresh USING (digest) LEFT JOIN customers_identity identity ON
        identity.merchant_id = $2::bigint AND identity.kind = 'anonymous_id'
        AND identity.value = sent.visit AND identity.blocked_at IS NULL
    ORDER BY place
    RETURNING message_id, customer_id
)
SELECT message_id, customer_id FROM stored
""",
)

# The same for one event, as browsers send them: a list of one would cost the server a third more.
STORE_ONE = PreparedStatement(
    "store_event",
    """
WITH fresh AS (
    INSERT INTO customers_eventreceipt (digest, merchant_id, occurred_at)
    VALUES ($3::uuid, $1::bigint, $4::timestamptz)
    ON CONFLICT (digest) DO NOTHING
    RETURNING digest
)
INSERT INTO customers_event (
    merchant_id, received_at, occurred_at, customer_id, is_bot, kind, channel, name, anonymous_id, message_id,
    properties, context
)
SELECT $1::bigint, $2::timestamptz, $4::timestamptz,
    coalesce($5::bigint, (
        SELECT customer_id FROM customers_identity identity
        WHERE identity.merchant_id = $1::bigint AND identity.kind = 'anonymous_id'
            AND identity.value = $6::text AND identity.blocked_at IS NULL
    )),
    $7::bool, $8::text, $9::text, $10::text, $11::text, $12::text, $13::jsonb, $14::jsonb
FROM fresh
RETURNING message_id, customer_id
""",
)

_months_with_partitions: set[Month] = set()


def digest_of(merchant_id: int, message_id: str) -> str:
    """What a receipt is found by: a UUID in hexadecimal digits."""
    return blake2b(f"{merchant_id} {message_id}".encode(), digest_size=16).hexdigest()


def known_digests(digests: Iterable[str]) -> set[str]:
    """Of events that were stored before."""
    receipts = EventReceipt.objects.all_merchants()  # the digest is made of the merchant
    return {digest.hex for digest in receipts.filter(digest__in=list(digests)).values_list("digest", flat=True)}


def store(
    merchant_id: int, events: Sequence[Tracked], digests: Sequence[str], *, received_at: datetime
) -> dict[str, int | None]:
    """Store those that are new; returns their message ids with whose they are. When it returns they are on disk."""
    _make_partitions(events)
    rows = [_row(*row) for row in zip(events, digests, range(len(events)), strict=True)]
    try:
        stored = _execute(merchant_id, rows, received_at)
    except OperationalError:
        if connection.in_atomic_block:
            raise
        # The connection had broken since the last request, or breaks now. To try again cannot store anything twice.
        connection.close()
        stored = _execute(merchant_id, rows, received_at)
    return {str(message_id): int(customer_id) if customer_id else None for message_id, customer_id in stored}


class _Row(msgspec.Struct, gc=False):
    """One object of the JSON text."""

    digest: str
    occurred_at: datetime
    customer_id: int | None
    visit: str | None
    is_bot: bool
    kind: str
    channel: str
    name: str
    anonymous_id: str
    message_id: str
    properties: Raw
    context: Raw
    place: int


def _row(event: Tracked, digest: str, place: int) -> _Row:
    return _Row(
        digest,
        event.occurred_at,
        event.customer_id,
        None if event.user_id or event.consent.tracking is False else event.anonymous_id,
        event.is_bot,
        event.kind,
        event.channel,
        event.name,
        event.anonymous_id,
        event.message_id,
        Raw(event.properties_json),
        Raw(event.context_json),
        place,
    )


def _execute(merchant_id: int, rows: Sequence[_Row], received_at: datetime) -> list[Row]:
    merchant, moment = str(merchant_id), received_at.isoformat()
    if len(rows) == 1:
        return STORE_ONE.rows(merchant, moment, *_values(rows[0]))
    return STORE.rows(msgspec.json.encode(rows).decode(), merchant, moment)


def _values(row: _Row) -> tuple[str | None, ...]:
    """From ``$3`` on."""
    return (
        row.digest,
        row.occurred_at.isoformat(),
        None if row.customer_id is None else str(row.customer_id),
        row.visit,
        "t" if row.is_bot else "f",
        row.kind,
        row.channel,
        row.name,
        row.anonymous_id,
        row.message_id,
        bytes(row.properties).decode(),
        bytes(row.context).decode(),
    )


def _make_partitions(events: Iterable[Tracked]) -> None:
    """Those of the months in question, should the schedule have slept; looked up once per process and month."""
    months = {(event.occurred_at.year, event.occurred_at.month) for event in events}
    missing = [Month(*month) for month in months if Month(*month) not in _months_with_partitions]
    if missing:
        create_partitions_for(month.start for month in missing)
        _months_with_partitions.update(missing)
