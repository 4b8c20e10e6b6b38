"""Rate limits per key: a fixed one-second window in Redis; a local one when Redis is away."""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import Any, cast

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from core.api.authentication import ApiCaller
from core.redis import redis_client

logger = logging.getLogger(__name__)


class KeyRateThrottle(BaseThrottle):
    """At most ``settings.API_REQUESTS_PER_SECOND`` per key. Redis down: the same limit per process."""

    _local: Counter[int] = Counter()
    _local_second = 0
    _redis_rests_until = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        caller = request.user
        if not isinstance(caller, ApiCaller):
            return True
        return self._count(caller.key_id) <= settings.API_REQUESTS_PER_SECOND

    def wait(self) -> float:
        return 1.0

    def _count(self, key_id: int) -> int:
        if time.monotonic() < KeyRateThrottle._redis_rests_until:
            return self._count_here(key_id)
        try:
            return self._count_in_redis(redis_client(), key_id)
        except RedisError:
            # Ask again in five seconds, so that a slow Redis does not slow every answer.
            KeyRateThrottle._redis_rests_until = time.monotonic() + 5
            logger.warning("rate limits are local: Redis does not answer")
            return self._count_here(key_id)

    @staticmethod
    def _count_in_redis(client: Redis, key_id: int) -> int:
        name = f"cx:rate:{key_id}:{int(time.time())}"
        count = cast(int, client.incr(name))
        if count == 1:  # every other request of this second is spared the second command
            client.expire(name, 3)
        return count

    @classmethod
    def _count_here(cls, key_id: int) -> int:
        second = int(time.time())
        if second != cls._local_second:
            cls._local, cls._local_second = Counter(), second
        cls._local[key_id] += 1
        return cls._local[key_id]
