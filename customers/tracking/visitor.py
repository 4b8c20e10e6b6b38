"""What a visitor looked at and put into the basket, in Redis: there before the tracking request answers.

    recent_products(merchant.pk, customer_ids=profile_ids(customer), anonymous_ids=[visitor])
    basket(merchant.pk, anonymous_ids=[visitor])

Notes are kept by visitor and by profile, the newest few of each, for 30 days. Redis is a cache: while it is away
nobody has looked at anything.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

import msgspec
from redis.client import Pipeline
from redis.commands.core import Script
from redis.exceptions import RedisError

from core.redis import redis_client
from customers.tracking import bots, memory
from customers.tracking.memory import BasketItem, Note, RecentProduct
from customers.tracking.reading import Tracked

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
# A Redis that hangs does not slow every answer.
REST_SECONDS = 5.0
# The newest so many notes of looking, of the basket, and of what was recommended or rated badly.
MOST = {"seen": 60, "cart": 120, "shown": 40}
_LISTS = {memory.VIEWED: "seen", memory.WISHED: "seen", memory.SHOWN: "shown", memory.DISLIKED: "shown"}

_rests_until = 0.0


def recent_products(
    merchant_id: int, *, customer_ids: Collection[int] = (), anonymous_ids: Collection[str] = (), limit: int = 20
) -> list[RecentProduct]:
    """The products these visitors and profiles had to do with, the newest first; a removed one says so."""
    return memory.recent(_notes(merchant_id, customer_ids, anonymous_ids, ("seen", "cart")), limit)


def basket(
    merchant_id: int, *, customer_ids: Collection[int] = (), anonymous_ids: Collection[str] = ()
) -> list[BasketItem]:
    """What lies in the basket of these visitors and profiles."""
    return memory.basket(_notes(merchant_id, customer_ids, anonymous_ids, ("cart",)))


def forget(merchant_id: int, *, customer_ids: Collection[int] = (), anonymous_ids: Collection[str] = ()) -> int:
    """Erase what is remembered of them; returns how many lists there were. Raises RedisError while Redis is away."""
    keys = list(_keys(merchant_id, customer_ids, anonymous_ids, MOST))
    return cast(int, redis_client().delete(*keys)) if keys else 0


def _keys(
    merchant_id: int, customer_ids: Iterable[int], anonymous_ids: Iterable[str], lists: Iterable[str]
) -> Iterator[str]:
    owners = [*(f"c:{pk}" for pk in customer_ids), *(f"a:{visitor}" for visitor in anonymous_ids if visitor)]
    return (_key(merchant_id, name, owner) for owner in owners for name in lists)


def _key(merchant_id: int, name: str, owner: str) -> str:
    return f"cx:visitor:{merchant_id}:{name}:{owner}"


def queue(
    pipeline: Pipeline, merchant_id: int, *, customer_ids: Collection[int] = (), anonymous_ids: Collection[str] = ()
) -> None:
    """Ask for everything remembered of them within a round trip of the caller's, who has :func:`read` the answers."""
    for key in _keys(merchant_id, customer_ids, anonymous_ids, MOST):
        pipeline.lrange(key, 0, -1)


def read(answers: Iterable[Iterable[bytes]]) -> list[Note]:
    """The notes that the questions of :func:`queue` were answered with."""
    return [_read(line) for lines in answers for line in lines]


_read = msgspec.json.Decoder(Note).decode


def _notes(
    merchant_id: int, customer_ids: Iterable[int], anonymous_ids: Iterable[str], lists: Iterable[str]
) -> list[Note]:
    keys = list(_keys(merchant_id, customer_ids, anonymous_ids, lists))
    if not keys or _is_resting():
        return []
    try:
        pipeline = redis_client().pipeline(transaction=False)
        for key in keys:
            pipeline.lrange(key, 0, -1)
        return read(pipeline.execute())
    except RedisError as error:
        _rest(error)
        return []


def remember(merchant_id: int, events: Sequence[Tracked], paces: Counter[bots.Pace], received_at: datetime) -> None:
    """Note what new events tell, and how fast visitors are, in one round trip. Redis away: nothing is noted."""
    lines = _lines(merchant_id, events, received_at - KEPT)
    if not (lines or paces) or _is_resting():
        return
    said: list[Any] = [len(paces), bots.MOST_PER_MINUTE, bots.COUNTED_SECONDS, int(KEPT.total_seconds())]
    for (visitor, minute), count in paces.items():
        said += [bots.pace_key(merchant_id, minute), visitor, count]
    for (key, name), new in lines.items():
        said += [key, MOST[name], len(new), *new]
    try:
        hasty = _script()(args=said)
    except RedisError as error:
        _rest(error)
    else:
        if hasty:
            seen = list(paces)
            bots.remember_hasty(merchant_id, {seen[place][0] for place in hasty})


# One command for the whole batch: a pipeline of five commands for each of a hundred visitors would cost more than
# storing their events. Answers the places of the paces that are too fast.
_REMEMBER = """
local hasty, place, most, lasting = {}, 5, tonumber(ARGV[2]), {}
for pace = 1, tonumber(ARGV[1]) do
    local key = ARGV[place]
    if redis.call('HINCRBY', key, ARGV[place + 1], ARGV[place + 2]) > most then hasty[#hasty + 1] = pace - 1 end
    if not lasting[key] then
        redis.call('EXPIRE', key, ARGV[3])
        lasting[key] = true
    end
    place = place + 3
end
while place <= #ARGV do
    local key, kept, lines = ARGV[place], tonumber(ARGV[place + 1]), tonumber(ARGV[place + 2])
    if redis.call('LPUSH', key, unpack(ARGV, place + 3, place + 2 + lines)) > kept then
        redis.call('LTRIM', key, 0, kept - 1)
    end
    redis.call('EXPIRE', key, ARGV[4])
    place = place + 3 + lines
end
return hasty
"""


@cache
def _script() -> Script:
    return redis_client().register_script(_REMEMBER)


def _lines(merchant_id: int, events: Iterable[Tracked], oldest: datetime) -> dict[tuple[str, str], list[bytes]]:
    """By key and list."""
    lines: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    for event in events:
        if event.is_bot or event.kind != "track" or event.name not in memory.TELLING or event.occurred_at < oldest:
            continue
        kind, products = memory.TELLING[event.name], memory.products_of(event.name, event.properties)
        if not products and kind not in (memory.CART, memory.ORDERED):
            continue
        name = _LISTS.get(kind, "cart")
        line = msgspec.json.encode((event.milliseconds, kind, products, event.message_id[:64]))
        if event.customer_id:
            lines[_key(merchant_id, name, f"c:{event.customer_id}"), name].append(line)
        if event.anonymous_id:
            lines[_key(merchant_id, name, f"a:{event.anonymous_id}"), name].append(line)
    return lines


def _is_resting() -> bool:
    return time.monotonic() < _rests_until


def _rest(error: RedisError) -> Any:
    global _rests_until
    _rests_until = time.monotonic() + REST_SECONDS
    logger.warning("visitors are not remembered: Redis does not answer (%s)", type(error).__name__)


def wake() -> None:
    """Ask Redis again at once."""
    global _rests_until
    _rests_until = 0.0
