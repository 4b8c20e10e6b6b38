"""Who tries codes that do not exist, and how long they have to wait: counted in Redis, for a day at most.

``guessers(merchant)`` lists who tried how many, the busiest first: what a screen on abuse shows. A person is known by a
digest of the number or address that their cart named, a visitor by one of their IP address; neither is stored itself.
Carts that say neither are one guesser together: who they are of, nobody can tell.
Different codes are counted, so the same slip on every look at the cart is one. Redis away: nobody waits.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

from redis.exceptions import RedisError

from core.redis import redis_client
from merchants.models import Merchant
from promotions.queries.people import person_digest

logger = logging.getLogger(__name__)

PERSON, ADDRESS, NAMELESS = "person", "address", "nameless"
QUARTER, DAY = 15 * 60, 24 * 3600
# Of different codes that do not exist so many per quarter of an hour, and per day; behind one address there may be many,
# and carts that say neither person nor address are counted together, for the whole shop.
LIMITS = {PERSON: {QUARTER: 10, DAY: 40}, ADDRESS: {QUARTER: 30, DAY: 120}, NAMELESS: {QUARTER: 200, DAY: 2_000}}
# A Redis that hangs does not slow every cart.
REST_SECONDS = 5.0

_rests_until = 0.0


@dataclass(frozen=True)
class Guesser:
    """Who tried codes today. ``who`` tells one from another; ``customer_id`` where the person has a profile."""

    kind: str  # person, address, nameless
    who: str
    customer_id: int | None
    tries: int
    last_at: datetime
    blocked_until: datetime | None


def asking(merchant: Merchant, *, external_id: str = "", email: str = "", ip: str = "") -> list[str]:
    """Under which names the tries of this cart's shopper are counted."""
    person, names = external_id or email, []
    if person:
        names.append(_named(merchant.pk, person))
    if ip:
        names.append(f"{ADDRESS}:{person_digest(merchant.pk, f'ip:{_line_of(ip)}')[:32]}")
    return names or [f"{NAMELESS}:shop"]


def _line_of(ip: str) -> str:
    """The address; of version 6 the network that one line has to itself."""
    address = ip_address(ip)
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))


def seconds_to_wait(merchant: Merchant, names: Sequence[str]) -> int:
    """Until the shopper may try codes again; 0: now. One round trip, and none where nobody is named."""
    return max((seconds for seconds in _waits(merchant.pk, names, time.time())), default=0)


def _waits(merchant_id: int, names: Sequence[str], now: float) -> list[int]:
    """By name, in their order."""
    asked = [(name, window, most) for name in names for window, most in LIMITS[name.partition(":")[0]].items()]
    counts = ask([("scard", tried_key(merchant_id, name, window, now)) for name, window, _most in asked])
    waits = dict.fromkeys(names, 0)
    for (name, window, most), count in zip(asked, counts, strict=False):
        if count >= most:
            waits[name] = max(waits[name], int(window - now % window) + 1)
    return list(waits.values())


def guessers(merchant: Merchant, *, limit: int = 50) -> list[Guesser]:
    """Who tried codes that do not exist today, the most codes first; nobody while Redis is away."""
    now, names = time.time(), people_key(merchant.pk)
    found = ask([("zrevrangebyscore", newest_key(merchant.pk), now, now - DAY, "WITHSCORES")])
    newest = [(name.decode(), float(at)) for name, at in _pairs(found[0])] if found else []
    if not newest:
        return []
    tried = ask([("scard", tried_key(merchant.pk, name, DAY, now)) for name, _at in newest])
    [profiles] = ask([("hmget", names, *(name for name, _at in newest))]) or [[None] * len(newest)]
    waits = _waits(merchant.pk, [name for name, _at in newest], now) if tried else []
    rows = [
        _guesser(name, at, int(tries), profile, now, wait)
        for (name, at), tries, profile, wait in zip(newest, tried, profiles, waits, strict=False)
        if tries
    ]
    return sorted(rows, key=lambda row: (-row.tries, row.last_at, row.who))[:limit]


def _pairs(listed: Sequence[Any]) -> list[tuple[bytes, bytes]]:
    """Names with their scores, however the client hands them out."""
    if listed and isinstance(listed[0], tuple | list):
        return [(name, score) for name, score in listed]
    return list(zip(listed[::2], listed[1::2], strict=True))


def _guesser(name: str, at: float, tries: int, profile: bytes | None, now: float, wait: int) -> Guesser:
    kind, _colon, who = name.partition(":")
    until = datetime.fromtimestamp(now + wait, UTC) if wait else None
    return Guesser(kind, who, int(profile) if profile else None, tries, datetime.fromtimestamp(at, UTC), until)


def forget(merchant_id: int, values: Iterable[str]) -> int:
    """Erase what was counted under these numbers and addresses; how many names that were. Raises RedisError."""
    now, client, found = time.time(), redis_client(), 0
    for name in [_named(merchant_id, value) for value in values]:
        tried = [tried_key(merchant_id, name, window, now) for window in LIMITS[PERSON]]
        gone = (
            client.delete(*tried),
            client.zrem(newest_key(merchant_id), name),
            client.hdel(people_key(merchant_id), name),
        )
        found += any(gone)
    return found


def _named(merchant_id: int, person: str) -> str:
    return f"{PERSON}:{person_digest(merchant_id, person)[:32]}"


# --- how it lies in Redis --------------------------------------------------------------------------------------------


def tried_key(merchant_id: int, name: str, window: int, now: float) -> str:
    """The set of digests of codes that were tried in the window of this moment."""
    return f"cx:guess:{merchant_id}:{name}:{window}:{int(now // window)}"


def newest_key(merchant_id: int) -> str:
    """When each name tried last."""
    return f"cx:guess:{merchant_id}:newest"


def people_key(merchant_id: int) -> str:
    """Which profile each name is of."""
    return f"cx:guess:{merchant_id}:people"


def ask(commands: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The answers to these commands in one round trip; none while Redis is away."""
    global _rests_until
    if not commands or time.monotonic() < _rests_until:
        return []
    pipeline: Any = redis_client().pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    try:
        answers: list[Any] = pipeline.execute()
    except RedisError as error:
        _rests_until = time.monotonic() + REST_SECONDS
        logger.warning("tries of codes are not counted: %s", type(error).__name__)
        return []
    return answers
