"""Who is no person: programs that say so, and visitors who are faster than anybody.

Their events are stored like any others, flagged ``is_bot``; visitor memory and recommenders do without them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable
from functools import lru_cache

from crawleruseragents import is_crawler

from core.redis import redis_client
from customers.tracking.reading import Tracked

# Nobody does more than this in one minute, counted by the minute in which it happened: an app that was offline for an
# hour sends hundreds of events at once and is no bot.
MOST_PER_MINUTE = 200
# Who was too fast is a bot for so long.
REMEMBERED_SECONDS = 3600.0
COUNTED_SECONDS = 600

Visitor = tuple[int, str]  # merchant and anonymous id
Pace = tuple[str, int]  # anonymous id and minute

_too_fast: dict[Visitor, float] = {}
_MOST_REMEMBERED = 100_000


@lru_cache(maxsize=4096)
def says_it_is_a_bot(user_agent: str) -> bool:
    """By the community's list of crawlers."""
    return bool(user_agent) and is_crawler(user_agent)


def mark_bots(merchant_id: int, events: Iterable[Tracked], user_agent: str = "") -> Counter[Pace]:
    """Flags the bots' events; returns how often each visitor did something in each minute.

    ``user_agent`` is that of the request, for events that name none: a browser speaks for itself. Leave it out where a
    server sends, which is a program and speaks for people.
    """
    paces = Counter((event.anonymous_id, event.minute) for event in events if event.anonymous_id)
    hasty = {visitor for (visitor, _minute), count in paces.items() if count > MOST_PER_MINUTE}
    for event in events:
        event.is_bot = (
            event.anonymous_id in hasty
            or (bool(_too_fast) and is_known_bot(merchant_id, event.anonymous_id))
            or says_it_is_a_bot(event.user_agent or user_agent)
        )
    return paces


def is_known_bot(merchant_id: int, anonymous_id: str) -> bool:
    """Whether this process saw the visitor being too fast not long ago."""
    until = _too_fast.get((merchant_id, anonymous_id))
    return until is not None and time.monotonic() < until


def pace_key(merchant_id: int, minute: int | str) -> str:
    """Where Redis adds up what all processes saw of each visitor."""
    return f"cx:pace:{merchant_id}:{minute}"


def forget_paces(merchant_id: int, visitors: Collection[str]) -> int:
    """Erase how fast these visitors were; returns in how many minutes. Raises RedisError while Redis is away."""
    if not visitors:
        return 0
    pipeline = redis_client().pipeline(transaction=False)
    for key in redis_client().scan_iter(match=pace_key(merchant_id, "*"), count=1000):
        pipeline.hdel(key, *visitors)
    return sum(pipeline.execute())


def remember_hasty(merchant_id: int, visitors: Iterable[str]) -> None:
    """Whoever was too fast is a bot from the next event on."""
    for visitor in visitors:
        if len(_too_fast) >= _MOST_REMEMBERED:
            _too_fast.clear()
        _too_fast[merchant_id, visitor] = time.monotonic() + REMEMBERED_SECONDS


def forget_hasty() -> None:
    """Drop what this process remembers."""
    _too_fast.clear()
