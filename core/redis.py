"""The Redis client: short time-outs, because Redis is a doorbell and a cache, never the truth."""

from functools import cache
from typing import Any, Protocol

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.exceptions import ConnectionError as ConnectionLost
from redis.retry import Retry


class Passenger(Protocol):
    """A question of one command that travels in a round trip of somebody who asks something else."""

    def queue(self, pipeline: Pipeline) -> None:
        """Puts the command into ``pipeline``."""

    def read(self, answer: Any) -> None:
        """Takes what Redis said to it. Raises RedisError."""


class _Unasked:
    """A connection that is not asked for unread data before each command.

    The question is a system call that gives the interpreter lock away, and among the threads of a busy process that
    costs more than the command. A connection that was closed meanwhile shows by the command, which is then sent once
    more on a new one; one that timed out is closed by the client itself, so that no late answer is left in it.
    """

    def can_read(self, timeout: float = 0) -> bool:
        return False


@cache
def redis_client() -> Redis:
    """One pooled client per process. Callers catch RedisError and go on without."""
    client = Redis.from_url(
        settings.REDIS_URL or "redis://127.0.0.1:1/0",
        socket_timeout=0.25,
        socket_connect_timeout=0.25,
        retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,)),
    )
    pool = client.connection_pool
    pool.connection_class = type("Connection", (_Unasked, pool.connection_class), {})
    return client
