"""Django's cache on Redis, for which a Redis that is away or hangs is an empty cache and never an error."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

T = TypeVar("T")
# A Redis that hangs is not waited for at every look-up of a page.
REST_SECONDS = 5.0


class ForgivingRedisCache(RedisCache):
    """Reads miss and writes are lost while Redis does not answer. Login limits then do not hold, but people get in."""

    _rests_until = 0.0

    def _or(self, default: T, ask: Callable[[], T]) -> T:
        if time.monotonic() < ForgivingRedisCache._rests_until:
            return default
        try:
            return ask()
        except RedisError as error:
            ForgivingRedisCache._rests_until = time.monotonic() + REST_SECONDS
            logger.warning("the cache does without Redis: %s", type(error).__name__)
            return default

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return self._or(True, lambda: super(ForgivingRedisCache, self).add(*args, **kwargs))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._or(default, lambda: super(ForgivingRedisCache, self).get(key, default, version))

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._or(None, lambda: super(ForgivingRedisCache, self).set(*args, **kwargs))

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return self._or(False, lambda: super(ForgivingRedisCache, self).touch(*args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return self._or(False, lambda: super(ForgivingRedisCache, self).delete(*args, **kwargs))

    def get_many(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return self._or({}, lambda: super(ForgivingRedisCache, self).get_many(*args, **kwargs))

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return self._or(False, lambda: super(ForgivingRedisCache, self).has_key(*args, **kwargs))

    def set_many(self, data: dict[Any, Any], *args: Any, **kwargs: Any) -> list[Any]:
        return self._or(list(data), lambda: super(ForgivingRedisCache, self).set_many(data, *args, **kwargs))

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        self._or(None, lambda: super(ForgivingRedisCache, self).delete_many(*args, **kwargs))
