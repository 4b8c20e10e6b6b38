"""When something happened: the sender's clock, corrected by how far it is off, within limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

# A difference up to here is the way of the request, not the clock.
UNNOTICED = timedelta(seconds=5)
# A clock without a correction may be ahead by this much: then it happened when we heard of it.
AHEAD = timedelta(hours=24)


class BadMoment(ValueError):  # noqa: N818  # reads as what it says
    """Not a moment, or none that can be."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def parse_moment(text: Any) -> datetime:
    """ISO 8601; without an offset it is UTC, as Segment has it. Raises BadMoment."""
    if not isinstance(text, str) or len(text) > 40:
        raise BadMoment("invalid_timestamp")
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is UTC:
            return moment
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadMoment("invalid_timestamp") from error


def occurred(timestamp: Any, original: Any, sent_at: datetime | None, received_at: datetime) -> datetime:
    """The moment of an event.

    ``timestamp`` beside ``originalTimestamp`` was corrected by whoever passed the event on. Otherwise the one that is
    there is by the sender's clock, which is off by what lies between ``sentAt`` and the arrival.
    """
    if timestamp is None and original is None:
        return received_at
    moment = parse_moment(original if timestamp is None else timestamp)
    if sent_at is not None and (timestamp is None or original is None):
        moment = _corrected(moment, received_at - sent_at)
    if moment > received_at:
        if moment - received_at > AHEAD:
            raise BadMoment("in_the_future")
        return received_at
    return moment


def _corrected(moment: datetime, skew: timedelta) -> datetime:
    if abs(skew) <= UNNOTICED:
        return moment
    try:
        return moment + skew
    except OverflowError as error:
        raise BadMoment("invalid_timestamp") from error
