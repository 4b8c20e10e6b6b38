"""What people did since the training: a short memory in Redis, so that answering needs no SQL.

Per customer what was bought (scored by the time of receipt) and what came back. Beside it stands what tracking
remembers of visitors: everything an answer needs comes in one round trip. Losing it costs freshness until the
next training, nothing else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from redis.exceptions import RedisError

from core.redis import Passenger, redis_client
from customers.tracking import visitor
from customers.tracking.memory import Note

logger = logging.getLogger(__name__)

# Trainings run every night; after two weeks without one nobody remembers.
KEPT_FOR = timedelta(days=14)
MOST_REMEMBERED = 100
RETRY_SECONDS = 5.0
_BOUGHT, _REFUSED = "recent", "refused"
_rests_until = 0.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Ids of products bought since the training, newest first; of those sent back; notes of what was looked at."""

    bought: Sequence[int] = ()
    refused: Sequence[int] = ()
    notes: Sequence[Note] = ()


NOTHING = Memory()


def remember(merchant_id: int, keys: Iterable[int], product_ids: Sequence[int], *, at: datetime) -> None:
    """Note a purchase for each of a customer's ``keys``; idempotent. Raises RedisError."""
    _add(merchant_id, _BOUGHT, keys, product_ids, at)


def remember_refused(merchant_id: int, keys: Iterable[int], product_ids: Sequence[int], *, at: datetime) -> None:
    """Note what came back, for each of a customer's ``keys``; idempotent. Raises RedisError."""
    _add(merchant_id, _REFUSED, keys, product_ids, at)


def _add(merchant_id: int, kind: str, keys: Iterable[int], product_ids: Sequence[int], at: datetime) -> None:
    if not product_ids:
        return
    pipeline = redis_client().pipeline(transaction=False)
    for key in keys:
        name = _name(merchant_id, kind, key)
        pipeline.zadd(name, {str(product_id): at.timestamp() for product_id in product_ids})
        pipeline.zremrangebyrank(name, 0, -MOST_REMEMBERED - 1)
        pipeline.expire(name, KEPT_FOR)
    pipeline.execute()


def recall(
    merchant_id: int,
    since: datetime,
    *,
    key: int | None = None,
    customer_ids: Collection[int] = (),
    anonymous_ids: Collection[str] = (),
    beside: Passenger | None = None,
) -> Memory:
    """All that is remembered of a customer (by ``key`` and profiles) and of a visitor; nothing while Redis is away.

    ``beside`` travels along, if there is anything to ask.
    """
    global _rests_until
    if time.monotonic() < _rests_until or not (key is not None or customer_ids or anonymous_ids):
        return NOTHING
    try:
        pipeline = redis_client().pipeline(transaction=False)
        for kind in (_BOUGHT, _REFUSED) if key is not None else ():
            pipeline.zrevrangebyscore(_name(merchant_id, kind, cast(int, key)), "+inf", f"({since.timestamp()}")
        visitor.queue(pipeline, merchant_id, customer_ids=customer_ids, anonymous_ids=anonymous_ids)
        if beside is not None:
            beside.queue(pipeline)
        found = pipeline.execute()
        if beside is not None:
            beside.read(found.pop())
    except RedisError:
        # Ask again in five seconds, so that a slow Redis does not slow every answer.
        _rests_until = time.monotonic() + RETRY_SECONDS
        logger.warning("what people did since the training is unknown: Redis does not answer")
        return NOTHING
    if key is None:
        return Memory(notes=visitor.read(found))
    bought, refused = ([int(product_id) for product_id in ids] for ids in found[:2])
    return Memory(bought, refused, visitor.read(found[2:]))


def forget(merchant_id: int, keys: Iterable[int]) -> int:
    """Forget what was bought and sent back under these keys; returns how many were known. Raises RedisError."""
    names = [_name(merchant_id, kind, key) for key in keys for kind in (_BOUGHT, _REFUSED)]
    return cast(int, redis_client().delete(*names)) if names else 0


def wake() -> None:
    """Ask Redis again at once."""
    global _rests_until
    _rests_until = 0.0


def _name(merchant_id: int, kind: str, key: int) -> str:
    return f"cx:{kind}:{merchant_id}:{key:x}"
