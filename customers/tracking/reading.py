"""One event of a body as we keep it, or why we do not. Pure; written for speed, because every event passes here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from types import NoneType
from typing import Any
from uuid import uuid4

import orjson
from django.utils.translation import gettext_lazy as _

from customers.tracking.channels import UnknownChannel, channel_of
from customers.tracking.clock import BadMoment, occurred
from customers.tracking.names import canonical_name

KINDS = frozenset({"track", "identify", "page", "screen", "alias", "group"})
MAX_EVENT_BYTES = 32_000
MAX_DEPTH = 20
MAX_NAME, MAX_ID, MAX_USER_ID = 200, 255, 320
# Who somebody is belongs to the profile, and where a device is on the net to nobody: neither stays in the context.
UNKEPT = frozenset({"ip", "traits", "consent"})

REASONS = {
    "not_an_object": _("An event is a JSON object."),
    "unknown_type": _("“type” is track, identify, page, screen, alias or group."),
    "wrong_type": _("The event's “type” is not the one of this address."),
    "event_missing": _("A track call names its “event”."),
    "group_id_missing": _("A group call names its “groupId”."),
    "previous_id_missing": _("An alias call names “previousId” and “userId”."),
    "nobody": _("An event carries a “userId” or an “anonymousId”."),
    "invalid_text": _("“%(field)s” is a text of %(most)s characters at most."),
    "invalid_object": _("“%(field)s” is an object."),
    "invalid_timestamp": _("“timestamp” is a moment such as 2026-11-20T10:00:00Z."),
    "in_the_future": _("This happens more than 24 hours from now."),
    "too_old": _("Events are kept for 25 months, this one is older."),
    "unknown_channel": _("“channel” is web, app, pos, clienteling, email, social or support."),
    "too_big": _("An event has 32 KB at most."),
    "too_deep": _("The event is nested more than 20 deep."),
    "nul_character": _("The event holds the character NUL."),
    "invalid_consent": _("“context.consent” says “tracking” (true or false) and “text_version”."),
}


class Refused(ValueError):  # noqa: N818  # reads as what it says
    """The event cannot be kept, for a reason of ``REASONS``."""

    def __init__(self, code: str, **about: Any) -> None:
        super().__init__(code)
        self.code = code
        self._about = about

    @property
    def reason(self) -> str:
        """A sentence in the reader's language."""
        sentence = str(REASONS[self.code])
        return sentence % self._about if self._about else sentence


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is said once for all events of a request."""

    received_at: datetime
    oldest: datetime
    sent_at: datetime | None = None
    kind: str = ""  # of the address; empty: each event says
    context: Mapping[str, Any] | None = None
    may_hold_nul: bool = False


@dataclass(frozen=True, slots=True)
class Consent:
    """What the visitor decided about tracking, as the event tells it; None: it does not."""

    tracking: bool | None = None
    text_version: str = ""


NO_CONSENT = Consent()


@dataclass(slots=True)
class Tracked:
    """An event on its way into the table. ``customer_id`` and ``is_bot`` are found out later."""

    kind: str
    name: str
    channel: str
    message_id: str
    user_id: str
    anonymous_id: str
    previous_id: str
    occurred_at: datetime
    properties: dict[str, Any]
    properties_json: bytes
    context_json: bytes
    user_agent: str
    consent: Consent
    customer_id: int | None = None
    is_bot: bool = False


def shared_context(body: Mapping[str, Any], *, may_hold_nul: bool) -> dict[str, Any]:
    """What a batch says once for all its events. Raises Refused."""
    context = _object(dict(body), "context")
    if may_hold_nul:
        _check_text(context)
    return context


def read_event(event: Any, envelope: Envelope) -> Tracked:
    """Raises Refused."""
    if event.__class__ is not dict:
        raise Refused("not_an_object")
    kind = _kind(event, envelope)
    context = _context(event, envelope)
    name, properties = _content(event, kind)
    user_id, anonymous_id, previous_id = _people(event, kind)
    properties_json, context_json = _as_json(properties), _kept_context(context)
    if len(properties_json) + len(context_json) > MAX_EVENT_BYTES:
        raise Refused("too_big")
    if envelope.may_hold_nul:
        _check_text(event)
    user_agent = context.get("userAgent")
    return Tracked(
        kind=kind,
        name=name,
        channel=_channel(event, context, kind, name),
        message_id=_message_id(event, properties_json),
        user_id=user_id,
        anonymous_id=anonymous_id,
        previous_id=previous_id,
        occurred_at=_moment(event, envelope),
        properties=properties,
        properties_json=properties_json,
        context_json=context_json,
        user_agent=user_agent if user_agent.__class__ is str else "",
        consent=_consent(context.get("consent")),
    )


def _kind(event: dict[str, Any], envelope: Envelope) -> str:
    kind = event.get("type") or envelope.kind
    if kind.__class__ is not str or kind not in KINDS:
        raise Refused("unknown_type")
    if envelope.kind and kind != envelope.kind:
        raise Refused("wrong_type")
    return str(kind)


def _context(event: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
    context = _object(event, "context")
    return {**envelope.context, **context} if envelope.context else context


def _content(event: dict[str, Any], kind: str) -> tuple[str, dict[str, Any]]:
    """Name and properties; an identify and a group call call them traits."""
    if kind == "track":
        name = _text(event, "event", MAX_NAME)
        if not name:
            raise Refused("event_missing")
        return canonical_name(name), _object(event, "properties")
    if kind == "identify":
        return "", _object(event, "traits")
    if kind == "group":
        name = _identifier(event, "groupId", MAX_NAME)
        if not name:
            raise Refused("group_id_missing")
        return name, _object(event, "traits")
    if kind == "alias":
        return "", {}
    return _text(event, "name", MAX_NAME) or _text(event, "category", MAX_NAME), _object(event, "properties")


def _people(event: dict[str, Any], kind: str) -> tuple[str, str, str]:
    user_id = _identifier(event, "userId", MAX_USER_ID)
    anonymous_id = _identifier(event, "anonymousId", MAX_ID)
    if kind == "alias":
        previous_id = _identifier(event, "previousId", MAX_USER_ID)
        if not (previous_id and user_id):
            raise Refused("previous_id_missing")
        return user_id, anonymous_id, previous_id
    if not (user_id or anonymous_id):
        raise Refused("nobody")
    return user_id, anonymous_id, ""


def _text(event: dict[str, Any], field: str, most: int) -> str:
    value = event.get(field)
    if value is None:
        return ""
    if value.__class__ is not str or len(value) > most:
        raise Refused("invalid_text", field=field, most=most)
    return str(value).strip()


def _identifier(event: dict[str, Any], field: str, most: int) -> str:
    """Shops number people, and some SDKs send the number as one."""
    value = event.get(field)
    if value.__class__ is int:
        return str(value)
    return _text(event, field, most)


def _object(event: dict[str, Any], field: str) -> dict[str, Any]:
    value = event.get(field)
    if value is None:
        return {}
    if value.__class__ is not dict:
        raise Refused("invalid_object", field=field)
    if _is_deeper(value, MAX_DEPTH - 1):
        raise Refused("too_deep")
    return dict[str, Any](value)


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether more than ``levels`` lists and objects lie inside one another; only they are looked at."""
    for inner in value.values() if value.__class__ is dict else value:
        if (inner.__class__ is dict or inner.__class__ is list) and (not levels or _is_deeper(inner, levels - 1)):
            return True
    return False


def _check_text(value: dict[str, Any]) -> None:
    """PostgreSQL keeps no NUL, wherever it stands. Keys that nobody reads may be nested deeper than Python can go."""
    if _is_deeper(value, MAX_DEPTH):
        raise Refused("too_deep")
    if _holds_nul(value):
        raise Refused("nul_character")


def _holds_nul(value: Any) -> bool:
    if value.__class__ is str:
        return "\0" in value
    if value.__class__ is dict:
        return any(_holds_nul(key) or _holds_nul(inner) for key, inner in value.items())
    return value.__class__ is list and any(map(_holds_nul, value))


def _as_json(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value)


def _kept_context(context: dict[str, Any]) -> bytes:
    if UNKEPT.isdisjoint(context):
        return _as_json(context)
    return _as_json({key: value for key, value in context.items() if key not in UNKEPT})


def _channel(event: dict[str, Any], context: dict[str, Any], kind: str, name: str) -> str:
    try:
        return channel_of(event, context, kind, name)
    except UnknownChannel as error:
        raise Refused("unknown_channel") from error


def _message_id(event: dict[str, Any], properties_json: bytes) -> str:
    """The sender's; else one made of the content, so that the same event again is the same.

    Without id and moment two equal events are two: somebody looked at one product twice.
    """
    given = _text(event, "messageId", MAX_ID)
    if given:
        return given
    moment = event.get("timestamp") or event.get("originalTimestamp")
    if not moment:
        return str(uuid4())
    parts = [event.get(field) for field in ("type", "event", "name", "userId", "anonymousId", "previousId", "groupId")]
    parts.append(moment)
    if _is_deeper(parts, MAX_DEPTH):  # not all of them are read, and so nobody looked at them yet
        raise Refused("too_deep")
    content = orjson.dumps(parts) + properties_json
    return f"content-{blake2b(content, digest_size=16).hexdigest()}"


def _moment(event: dict[str, Any], envelope: Envelope) -> datetime:
    try:
        moment = occurred(
            event.get("timestamp"), event.get("originalTimestamp"), envelope.sent_at, envelope.received_at
        )
    except BadMoment as error:
        raise Refused(error.code) from error
    if moment < envelope.oldest:
        raise Refused("too_old")
    return moment


def _consent(stated: Any) -> Consent:
    """``{"tracking": true, "text_version": "…"}``, or Segment's ``{"categoryPreferences": {"tracking": true}}``."""
    if stated is None:
        return NO_CONSENT
    if stated.__class__ is not dict:
        raise Refused("invalid_consent")
    by_category = stated.get("categoryPreferences")
    tracking = stated.get("tracking", by_category.get("tracking") if by_category.__class__ is dict else None)
    version = stated.get("text_version") or ""
    # By class: 0 is equal to False, and is no answer.
    if tracking.__class__ not in (bool, NoneType) or version.__class__ is not str or len(version) > 40:
        raise Refused("invalid_consent")
    return Consent(tracking, version.strip())
