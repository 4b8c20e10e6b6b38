"""Of two statements about a detail of a person the newer counts, in whatever order they arrive. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

DETAILS = ("first_name", "last_name", "locale", "postal_code", "city", "country")


def latest(
    stored: Mapping[str, str],
    given: Mapping[str, str],
    *,
    moments: Mapping[str, str],
    at: datetime,
    since: datetime | None = None,
) -> tuple[dict[str, str], dict[str, str]]:
    """What becomes of ``stored`` by a statement of ``at``: changed details, and moments (ISO) to be noted.

    ``moments`` says when each stored detail was given; one without a moment counts as of ``since`` (None: long ago).
    An empty detail says nothing. Of two statements of one moment the greater text counts.
    """
    changed, noted = {}, {}
    for name, value in given.items():
        if value and (not stored[name] or _counts((at, value), (_moment(name, moments, since), stored[name]))):
            noted[name] = at.isoformat()
            if value != stored[name]:
                changed[name] = value
    return changed, {name: moment for name, moment in noted.items() if moments.get(name) != moment}


def _counts(given: tuple[datetime, str], stored: tuple[datetime | None, str]) -> bool:
    """Whether the given statement outweighs the stored one: newer, or greater at the same moment."""
    at, value = stored
    return at is None or given >= (at, value)


def _moment(name: str, moments: Mapping[str, str], since: datetime | None) -> datetime | None:
    return datetime.fromisoformat(moments[name]) if name in moments else since


def newest(mine: list[str], theirs: list[str]) -> list[str]:
    """Of two statements (value and moment, ISO) the one that counts; an empty one says nothing."""
    if not (mine[0] and theirs[0]):
        return mine if mine[0] or not theirs[0] else theirs
    return max(mine, theirs, key=lambda statement: (_instant(statement[1]), statement[0]))


def _instant(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp() if moment else float("-inf")
