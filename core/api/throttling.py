"""Rate limits per key: a fixed one-second window in Redis; a local one when Redis is away.

throttle_classes = [CountedOnTheWay]

def get(self, request: Request) -> Response:
    with counted_on_the_way(caller(request).key_id) as count:
        ...  # and ``count`` goes along with what is asked of Redis anyway
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.conf import settings
from redis.client import Pipeline
from redis.exceptions import RedisError
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from core.api.authentication import ApiCaller
from core.redis import redis_client

logger = logging.getLogger(__name__)

KEPT_SECONDS = 3


class KeyRateThrottle(BaseThrottle):
    """At most ``settings.API_REQUESTS_PER_SECOND`` per key. Redis down: the same limit per process."""

    _local: Counter[int] = Counter()
    _local_second = 0
    _redis_rests_until = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        caller = request.user
        if not isinstance(caller, ApiCaller):
            return True
        return self.count(caller.key_id) <= settings.API_REQUESTS_PER_SECOND

    def wait(self) -> float:
        return 1.0

    @classmethod
    def count(cls, key_id: int) -> int:
        """Counts a request; answers how many this key has made within this second."""
        if time.monotonic() < KeyRateThrottle._redis_rests_until:
            return cls._count_here(key_id)
        try:
            name = _name(key_id)
            return _kept(name, cast(int, redis_client().incr(name)))
        except RedisError:
            # Ask again in five seconds, so that a slow Redis does not slow every answer.
            KeyRateThrottle._redis_rests_until = time.monotonic() + 5
            logger.warning("rate limits are local: Redis does not answer")
            return cls._count_here(key_id)

    @classmethod
    def _count_here(cls, key_id: int) -> int:
        second = int(time.time())
        if second != cls._local_second:
            cls._local, cls._local_second = Counter(), second
        cls._local[key_id] += 1
        return cls._local[key_id]


class CountedOnTheWay(KeyRateThrottle):
    """For views that read by GET and count with :func:`counted_on_the_way`."""

    def allow_request(self, request: Request, view: Any) -> bool:
        return request.method == "GET" or super().allow_request(request, view)


class Count:
    """One request of a key. It is counted in the round trip to Redis of somebody who asks for something else."""

    def __init__(self, key_id: int) -> None:
        self._key_id = key_id
        self._name = _name(key_id)
        self._made: int | None = None

    def queue(self, pipeline: Pipeline) -> None:
        """Counts with what ``pipeline`` asks; :meth:`read` takes the answer."""
        pipeline.incr(self._name)

    def read(self, answer: int) -> None:
        """The answer to what :meth:`queue` asked. Raises RedisError."""
        self._made = answer
        _kept(self._name, answer)

    def total(self) -> int:
        """How many requests the key has made within this second; counted now if it was not yet."""
        return KeyRateThrottle.count(self._key_id) if self._made is None else self._made


# Keys that made too many requests, and the second in which they did.
_over: dict[int, int] = {}


@contextmanager
def counted_on_the_way(key_id: int) -> Iterator[Count]:
    """Counts a request while it is answered, whatever comes of it. Raises Throttled, at the latest at the end.

    A process that knows that the key is over its limit refuses at once; else it makes one answer too many a second at most,
    which nobody gets to see.
    """
    second = int(time.time())
    if _over.get(key_id) == second:
        raise Throttled(wait=1)
    count = Count(key_id)
    try:
        yield count
    finally:
        if count.total() > settings.API_REQUESTS_PER_SECOND:
            _over[key_id] = second
            raise Throttled(wait=1)


def _kept(name: str, count: int) -> int:
    """``count``, after which the counter lasts for some seconds; all but the first of a second are spared the command."""
    if count == 1:
        redis_client().expire(name, KEPT_SECONDS)
    return count


def _name(key_id: int) -> str:
    return f"cx:rate:{key_id}:{int(time.time())}"
