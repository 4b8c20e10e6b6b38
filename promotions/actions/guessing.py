"""Codes that do not exist are noted with whoever tried them; a Redis that is away notes nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from merchants.models import Merchant
from promotions.queries.guessing import DAY, QUARTER, ask, newest_key, people_key, tried_key
from promotions.queries.people import person_digest


def failed_codes(decision: Mapping[str, Any]) -> list[str]:
    """Of a decision as it is told: codes that do not exist, or not for this person. One that expired is no guess."""
    codes = decision["codes"]
    refused = [entry["code"] for entry in codes["refused"] if entry["reason"] == "unknown"]
    return sorted({*codes["unknown"], *refused})


def note_tries(
    merchant: Merchant, names: Sequence[str], codes: Sequence[str], *, customer_id: int | None = None
) -> None:
    """Count these codes for everybody in ``names`` (of ``queries.guessing.asking``)."""
    if not names or not codes:
        return
    now, pk = time.time(), merchant.pk
    digests = [person_digest(pk, f"code:{code}")[:16] for code in codes]
    commands: list[tuple[Any, ...]] = [
        ("zremrangebyscore", newest_key(pk), "-inf", now - DAY),
        ("zadd", newest_key(pk), *(part for name in names for part in (now, name))),
        ("expire", newest_key(pk), DAY),
    ]
    for name in names:
        for window in (QUARTER, DAY):
            tried = tried_key(pk, name, window, now)
            commands += [("sadd", tried, *digests), ("expire", tried, window)]
        if customer_id:
            commands += [("hset", people_key(pk), name, customer_id), ("expire", people_key(pk), DAY)]
    ask(commands)
