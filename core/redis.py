"""The Redis client: short time-outs, because Redis is a doorbell and a cache, never the truth."""

from functools import cache

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry


@cache
def redis_client() -> Redis:
    """One pooled client per process. Callers catch RedisError and go on without."""
    return Redis.from_url(
        settings.REDIS_URL or "redis://127.0.0.1:1/0",
        socket_timeout=0.25,
        socket_connect_timeout=0.25,
        retry=Retry(NoBackoff(), 0),
    )
