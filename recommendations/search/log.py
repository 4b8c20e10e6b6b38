"""What was searched for, counted: in Redis while somebody waits, in PostgreSQL a minute later. Never by whom.

Losing Redis loses a minute of counts, and nothing else.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from datetime import date
from typing import cast

from django.db import connection, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from core.redis import redis_client
from merchants.models import Merchant
from recommendations.models.search import LONGEST_TERM, SearchTerm

logger = logging.getLogger(__name__)

COUNTS, TAKEN = "cx:searched", "cx:searched:taken"
# More different texts than this in a minute are no people's.
MOST_WAITING = 20_000
MOST_PER_DAY = 5_000
# Telephone numbers, card numbers and accounts are longer.
MOST_DIGITS = 6
REST_SECONDS = 5.0
_rests_until = 0.0


def term(text: str) -> str:
    """What is counted of a text: without superfluous spaces and capitals; nothing of what could tell who somebody is."""
    plain = " ".join(text.split()).casefold()
    is_private = "@" in plain or sum(map(str.isdigit, plain)) > MOST_DIGITS
    is_text = any(map(str.isalnum, plain))
    return "" if is_private or not is_text or len(plain) > LONGEST_TERM else plain


def note(merchant: Merchant, text: str, *, found: bool) -> None:
    """Count a search. Redis away: it is not counted."""
    global _rests_until
    plain = term(text)
    if not plain or time.monotonic() < _rests_until:
        return
    day = timezone.localdate(timezone=merchant.tz).isoformat()
    try:
        pipeline = redis_client().pipeline(transaction=False)
        pipeline.hincrby(COUNTS, json.dumps([merchant.pk, day, plain, found]), 1)
        pipeline.hlen(COUNTS)
        waiting = pipeline.execute()[-1]
    except RedisError as error:
        logger.warning("searches are not counted: Redis does not answer (%s)", type(error).__name__)
        waiting = MOST_WAITING
    if waiting >= MOST_WAITING:
        _rests_until = time.monotonic() + REST_SECONDS


def write_down() -> int:
    """Move the counts from Redis to PostgreSQL; returns how many texts. Raises RedisError.

    The counts are set aside first: what is asked meanwhile is counted anew, and what a killed worker left is taken up by
    the next round. Killed between the two stores, a minute counts twice.
    """
    client = redis_client()
    if not client.exists(TAKEN):
        if not client.exists(COUNTS):
            return 0
        client.rename(COUNTS, TAKEN)
    counted = {key: int(times) for key, times in cast(dict[bytes, bytes], client.hgetall(TAKEN)).items()}
    _store(counted)
    client.delete(TAKEN)
    return len(counted)


def _store(counted: dict[bytes, int]) -> None:
    searches: Counter[tuple[int, str, str]] = Counter()
    missed: Counter[tuple[int, str, str]] = Counter()
    for key, times in counted.items():
        merchant_id, day, text, found = json.loads(key)
        searches[merchant_id, day, text] += times
        missed[merchant_id, day, text] += 0 if found else times
    known = set(
        Merchant.objects.filter(pk__in={merchant_id for merchant_id, _day, _text in searches}).values_list(
            "pk", flat=True
        )
    )
    with transaction.atomic():
        for merchant_id, day in sorted(
            {(merchant_id, day) for merchant_id, day, _text in searches if merchant_id in known}
        ):
            texts = sorted(text for other, on, text in searches if (other, on) == (merchant_id, day))
            rows = [(text, searches[merchant_id, day, text], missed[merchant_id, day, text]) for text in texts]
            _add(merchant_id, date.fromisoformat(day), rows)


_ADD = """
INSERT INTO recommendations_searchterm AS stored (merchant_id, day, text, searches, without_result)
SELECT %(merchant)s, %(day)s, text, searches, missed
FROM unnest(%(texts)s::text[], %(searches)s::int[], %(missed)s::int[]) AS given (text, searches, missed)
ON CONFLICT (merchant_id, day, text) DO UPDATE SET searches = stored.searches + excluded.searches,
    without_result = stored.without_result + excluded.without_result
"""


def _add(merchant_id: int, day: date, rows: list[tuple[str, int, int]]) -> None:
    """Once a day has as many texts as anybody reads, only those that it has are counted on."""
    of_day = SearchTerm.objects.for_merchant(merchant_id).filter(day=day)
    if of_day.count() + len(rows) > MOST_PER_DAY:
        stored = set(of_day.values_list("text", flat=True))
        free = MOST_PER_DAY - len(stored)
        fresh = [row for row in rows if row[0] not in stored]
        fresh.sort(key=lambda row: -row[1])
        rows = [row for row in rows if row[0] in stored] + fresh[: max(free, 0)]
    texts, searches, missed = zip(*rows, strict=True) if rows else ((), (), ())
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD,
            {
                "merchant": merchant_id,
                "day": day,
                "texts": list(texts),
                "searches": list(searches),
                "missed": list(missed),
            },
        )
