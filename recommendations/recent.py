"""What a customer bought since the training: a short memory in Redis, so that answering needs no SQL.

One sorted set per customer, product ids scored by the time of receipt. Losing it costs freshness until
the next training, nothing else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import cast

from redis.exceptions import RedisError

from core.redis import redis_client

logger = logging.getLogger(__name__)

# Trainings run every night; after two weeks without one nobody remembers.
KEPT_FOR = timedelta(days=14)
MOST_REMEMBERED = 100
RETRY_SECONDS = 5.0
_rests_until = 0.0


def remember(merchant_id: int, keys: Iterable[int], product_ids: Sequence[int], *, at: datetime) -> None:
    """Note a purchase for each of a customer's ``keys``; idempotent. Raises RedisError."""
    if not product_ids:
        return
    pipeline = redis_client().pipeline(transaction=False)
    for key in keys:
        name = _name(merchant_id, key)
        pipeline.zadd(name, {str(product_id): at.timestamp() for product_id in product_ids})
        pipeline.zremrangebyrank(name, 0, -MOST_REMEMBERED - 1)
        pipeline.expire(name, KEPT_FOR)
    pipeline.execute()


def purchased_since(merchant_id: int, key: int, since: datetime) -> list[int]:
    """Ids of products received after ``since``, newest first; empty while Redis does not answer."""
    global _rests_until
    if time.monotonic() < _rests_until:
        return []
    try:
        found = redis_client().zrevrangebyscore(_name(merchant_id, key), "+inf", f"({since.timestamp()}")
    except RedisError:
        # Ask again in five seconds, so that a slow Redis does not slow every answer.
        _rests_until = time.monotonic() + RETRY_SECONDS
        logger.warning("recent purchases are unknown: Redis does not answer")
        return []
    return [int(product_id) for product_id in found]


def forget(merchant_id: int, keys: Iterable[int]) -> int:
    """Forget what was bought under these keys; returns how many were known. Raises RedisError."""
    names = [_name(merchant_id, key) for key in keys]
    return cast(int, redis_client().delete(*names)) if names else 0


def _name(merchant_id: int, key: int) -> str:
    return f"cx:recent:{merchant_id}:{key:x}"
