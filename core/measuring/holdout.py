"""Who is held back from something: a person, for good, and never a single request. Pure.

Every subject (a placement, a promotion) draws on its own, so that each one's effect is measured while the others act as
they do. A larger share keeps everybody who is held back already.
"""

from __future__ import annotations

from hashlib import blake2b

OPEN, TREATED, HOLDOUT = "open", "treated", "holdout"
MOST_PERCENT = 50
_PARTS = 10_000


def arm(merchant_id: int, subject: str, percent: int, person: str) -> str:
    """``subject``: what from; ``person``: see :func:`person_key`. Whoever cannot be recognised again takes no part."""
    if not person or percent <= 0:
        return OPEN
    drawn = blake2b(f"{merchant_id} {subject} {person}".encode(), digest_size=8, person=b"holdout").digest()
    return HOLDOUT if int.from_bytes(drawn) % _PARTS < percent * (_PARTS // 100) else TREATED


def person_key(*, customer_id: int | None = None, external_key: int | None = None, anonymous_id: str = "") -> str:
    """By what a person is drawn: the profile, else the shop's own number, else the visitor; empty for nobody."""
    if customer_id is not None:
        return f"c{customer_id}"
    if external_key is not None:
        return f"k{external_key}"
    return f"v{anonymous_id}" if anonymous_id else ""
