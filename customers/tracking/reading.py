"""One event of a body as we keep it, or why we do not. Pure; written for speed, because every event passes here.

Properties are kept as the text that was sent: nobody writes down again what is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from types import NoneType
from typing import Any
from uuid import uuid4

import msgspec
from django.utils.translation import gettext_lazy as _
from msgspec import Raw

from customers.tracking.channels import UnknownChannel, channel_of
from customers.tracking.clock import BadMoment, occurred
from customers.tracking.names import canonical_name

KINDS = frozenset({"track", "identify", "page", "screen", "alias", "group"})
MAX_EVENT_BYTES = 32_000
Object = tuple[bytes, dict[str, Any]]  # JSON text and what it says
MAX_DEPTH = 20
MOST_DECIMALS = 16_383
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
    "number_too_big": _("The event holds a number that is too big."),
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
NULL = Raw(b"null")


class Call(msgspec.Struct, rename="camel", gc=False):
    """An event as it is sent: what is looked at as values of any type, what is only kept as text. The rest is skipped."""

    type: Any = None
    event: Any = None
    name: Any = None
    category: Any = None
    user_id: Any = None
    anonymous_id: Any = None
    previous_id: Any = None
    group_id: Any = None
    message_id: Any = None
    timestamp: Any = None
    original_timestamp: Any = None
    channel: Any = None
    properties: Raw = NULL
    traits: Raw = NULL
    context: Raw = NULL


_read_call = msgspec.json.Decoder(Call).decode
_read = msgspec.json.Decoder().decode


class Tracked(msgspec.Struct, gc=False):
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

    @property
    def milliseconds(self) -> int:
        """When it happened, since 1970."""
        return int(self.occurred_at.timestamp() * 1000)

    @property
    def minute(self) -> int:
        """The minute in which it happened, since 1970."""
        return int(self.occurred_at.timestamp()) // 60


def shared_context(context: Raw, *, may_hold_nul: bool) -> dict[str, Any]:
    """What a batch says once for all its events. Raises Refused."""
    _text_of_it, value = _object(context, "context")
    if may_hold_nul:
        _check_text(value)
    return value


def read_event(raw: Raw | bytes, envelope: Envelope) -> Tracked:
    """``raw`` is valid JSON. Raises Refused."""
    call = _call(raw)
    kind = _kind(call, envelope)
    context = _context(call, envelope)
    name, (properties_json, properties) = _content(call, kind)
    user_id, anonymous_id, previous_id = _people(call, kind)
    context_json = _kept_context(context)
    if len(properties_json) + len(context_json) > MAX_EVENT_BYTES:
        raise Refused("too_big")
    if envelope.may_hold_nul:
        _check_text(_value(raw))
    user_agent = context.get("userAgent")
    return Tracked(
        kind=kind,
        name=name,
        channel=_channel(call, context, kind, name),
        message_id=_message_id(call, properties_json),
        user_id=user_id,
        anonymous_id=anonymous_id,
        previous_id=previous_id,
        occurred_at=_moment(call, envelope),
        properties=properties,
        properties_json=properties_json,
        context_json=context_json,
        user_agent=user_agent if user_agent.__class__ is str else "",
        consent=_consent(context.get("consent")),
    )


def message_id_of(raw: Raw | bytes) -> str:
    """The sender's id of an event that cannot be kept, as far as there is one."""
    try:
        given = _call(raw).message_id
    except Refused:
        return ""
    return given[:MAX_ID] if isinstance(given, str) else ""


def _call(raw: Raw | bytes) -> Call:
    try:
        return _read_call(raw)
    except msgspec.ValidationError as error:
        is_object = bytes(raw).lstrip()[:1] == b"{"
        raise Refused("number_too_big" if is_object else "not_an_object") from error
    except RecursionError as error:
        raise Refused("too_deep") from error


def _kind(call: Call, envelope: Envelope) -> str:
    kind = call.type or envelope.kind
    if kind.__class__ is not str or kind not in KINDS:
        raise Refused("unknown_type")
    if envelope.kind and kind != envelope.kind:
        raise Refused("wrong_type")
    return str(kind)


def _context(call: Call, envelope: Envelope) -> dict[str, Any]:
    context = _object(call.context, "context")[1]
    return {**envelope.context, **context} if envelope.context else context


def _content(call: Call, kind: str) -> tuple[str, Object]:
    """Name and properties; an identify and a group call call them traits."""
    if kind == "track":
        name = _text(call.event, "event", MAX_NAME)
        if not name:
            raise Refused("event_missing")
        return canonical_name(name), _object(call.properties, "properties")
    if kind == "identify":
        return "", _object(call.traits, "traits")
    if kind == "group":
        name = _identifier(call.group_id, "groupId", MAX_NAME)
        if not name:
            raise Refused("group_id_missing")
        return name, _object(call.traits, "traits")
    if kind == "alias":
        return "", (b"{}", {})
    name = _text(call.name, "name", MAX_NAME) or _text(call.category, "category", MAX_NAME)
    return name, _object(call.properties, "properties")


def _people(call: Call, kind: str) -> tuple[str, str, str]:
    user_id = _identifier(call.user_id, "userId", MAX_USER_ID)
    anonymous_id = _identifier(call.anonymous_id, "anonymousId", MAX_ID)
    if kind == "alias":
        previous_id = _identifier(call.previous_id, "previousId", MAX_USER_ID)
        if not (previous_id and user_id):
            raise Refused("previous_id_missing")
        return user_id, anonymous_id, previous_id
    if not (user_id or anonymous_id):
        raise Refused("nobody")
    return user_id, anonymous_id, ""


def _text(value: Any, field: str, most: int) -> str:
    if value is None:
        return ""
    if value.__class__ is not str or len(value) > most:
        raise Refused("invalid_text", field=field, most=most)
    return str(value).strip()


def _identifier(value: Any, field: str, most: int) -> str:
    """Shops number people, and some SDKs send the number as one."""
    return str(value) if value.__class__ is int else _text(value, field, most)


def _object(raw: Raw, field: str) -> Object:
    text, value = bytes(raw), _value(raw)
    if value is None:
        return b"{}", {}
    if value.__class__ is not dict:
        raise Refused("invalid_object", field=field)
    # What opens no more brackets than that is not nested deeper.
    if text.count(b"{") + text.count(b"[") > MAX_DEPTH and _is_deeper(value, MAX_DEPTH - 1):
        raise Refused("too_deep")
    # PostgreSQL keeps 16,383 decimal places at most and refuses a number with more; a float has no such.
    if b"e-" in text or b"E-" in text or len(text) > MOST_DECIMALS:
        text = msgspec.json.encode(value)
    return text, value


def _value(text: Raw | bytes) -> Any:
    try:
        return _read(text)
    except msgspec.ValidationError as error:
        raise Refused("number_too_big") from error
    except RecursionError as error:
        raise Refused("too_deep") from error


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether more than ``levels`` lists and objects lie inside one another; only they are looked at."""
    for inner in value.values() if value.__class__ is dict else value:
        if (inner.__class__ is dict or inner.__class__ is list) and (not levels or _is_deeper(inner, levels - 1)):
            return True
    return False


def _check_text(value: Any) -> None:
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


def _kept_context(context: dict[str, Any]) -> bytes:
    return msgspec.json.encode({key: value for key, value in context.items() if key not in UNKEPT})


def _channel(call: Call, context: dict[str, Any], kind: str, name: str) -> str:
    try:
        return channel_of((call.channel, context.get("channel")), context.get("library"), kind, name)
    except UnknownChannel as error:
        raise Refused("unknown_channel") from error


def _message_id(call: Call, properties_json: bytes) -> str:
    """The sender's; else one made of the content, so that the same event again is the same.

    Without id and moment two equal events are two: somebody looked at one product twice.
    """
    given = _text(call.message_id, "messageId", MAX_ID)
    if given:
        return given
    moment = call.timestamp or call.original_timestamp
    if not moment:
        return str(uuid4())
    parts = [call.type, call.event, call.name, call.user_id, call.anonymous_id, call.previous_id, call.group_id, moment]
    if _is_deeper(parts, MAX_DEPTH):  # not all of them are read, and so nobody looked at them yet
        raise Refused("too_deep")
    content = msgspec.json.encode(parts) + properties_json
    return f"content-{blake2b(content, digest_size=16).hexdigest()}"


def _moment(call: Call, envelope: Envelope) -> datetime:
    try:
        moment = occurred(call.timestamp, call.original_timestamp, envelope.sent_at, envelope.received_at)
    except BadMoment as error:
        raise Refused(error.code) from error
    if moment < envelope.oldest:
        raise Refused("too_old")
    return moment


def _consent(value: Any) -> Consent:
    """``{"tracking": true, "text_version": "…"}``, or Segment's ``{"categoryPreferences": {"tracking": true}}``."""
    if value is None:
        return NO_CONSENT
    if value.__class__ is not dict:
        raise Refused("invalid_consent")
    by_category = value.get("categoryPreferences")
    tracking = value.get("tracking", by_category.get("tracking") if by_category.__class__ is dict else None)
    version = value.get("text_version") or ""
    # By class: 0 is equal to False, and is no answer.
    if tracking.__class__ not in (bool, NoneType) or version.__class__ is not str or len(version) > 40:
        raise Refused("invalid_consent")
    return Consent(tracking, version.strip())
