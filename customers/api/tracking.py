"""The tracking API, in the wire format of Segment's: ``/batch``, ``/track``, ``/identify``, ``/page`` and the others.

Each is mounted below ``/api/v1/`` and, for SDKs that put ``/v1/`` behind their host themselves, below ``/v1/``.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from msgspec import Raw
from rest_framework import serializers
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.authentication import ApiCaller, ApiKeyAuthentication, caller, caller_of
from core.api.cors import BrowserView
from core.errors import InvalidInput
from customers.rules.months import oldest_month
from customers.tracking.clock import BadMoment, parse_moment
from customers.tracking.intake import DUPLICATE, REJECTED, STORED, Outcome, take_in
from customers.tracking.reading import KINDS, Envelope, Refused, shared_context
from customers.tracking.wire import Body, EventParser, TextEventParser
from merchants.models import Scope

MOST_EVENTS = 500
RETRY_SECONDS = 1
STATUSES = [STORED, DUPLICATE, REJECTED]


class StorageUnavailable(APIException):
    """The database is away: SDKs keep what they have and come again."""

    status_code = 503
    default_code = "storage_unavailable"
    default_detail = "Events cannot be stored right now. Send them again; none is stored twice."
    wait = RETRY_SECONDS


class WriteKeyAuthentication(ApiKeyAuthentication):
    """The key as Bearer token, as user name of HTTP Basic (Segment's way), or as ``writeKey`` in the body (beacons)."""

    def authenticate(self, request: Request) -> tuple[ApiCaller, None] | None:
        scheme, _space, credentials = request.headers.get("Authorization", "").partition(" ")
        token = _basic_user(credentials) if scheme.lower() == "basic" else credentials.strip()
        if not scheme:
            token = _write_key(request)
            if not token:
                return None
        elif scheme.lower() not in ("basic", "bearer"):
            token = ""
        found = caller_of(token) if token and "\0" not in token else None
        if found is None:
            raise AuthenticationFailed("This API key is not valid.")
        return found, None


class WriteKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes it in the OpenAPI schema."""

    target_class = WriteKeyAuthentication
    name = "writeKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "basic",
            "description": "The key as user name, without a password; or Bearer.",
        }


def _sent(request: Request) -> Body:
    data: Any = request.data
    return data if isinstance(data, Body) else Body(b"null")  # no body at all


def _basic_user(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except ValueError:
        return ""


def _write_key(request: Request) -> str:
    head = _sent(request).head
    return head.write_key if head and isinstance(head.write_key, str) else ""


class TrackingView(BrowserView):
    """What the addresses share: keys, parsers, errors that every SDK understands."""

    scopes = {"POST": Scope.EVENTS_WRITE}
    authentication_classes = [WriteKeyAuthentication]
    parser_classes = [EventParser, TextEventParser]

    def handle_exception(self, exc: Exception) -> Response:
        """A database that is away is no fault of the request; RudderStack's SDKs read ``message`` of any error."""
        away = isinstance(exc, OperationalError | InterfaceError)
        answer = super().handle_exception(StorageUnavailable() if away else exc)
        if isinstance(answer.data, dict):
            answer.data["message"] = answer.data.get("detail", "")
        return answer

    def _envelope(self, body: Body, kind: str = "") -> Envelope:
        if body.head is None:
            raise InvalidInput("not_an_object", "The body is a JSON object.")
        now = timezone.now()
        return Envelope(
            received_at=now,
            oldest=oldest_month(now).start,
            sent_at=_sent_at(body.head.sent_at),
            kind=kind,
            context=None if kind else _shared_context(body.head.context, body.may_hold_nul),
            may_hold_nul=body.may_hold_nul,
        )

    def _take_in(self, request: Request, events: Sequence[Raw | bytes], envelope: Envelope) -> list[Outcome]:
        # Storing tries again by itself on a connection that broke, which is cheaper than to ask before every request.
        connection.health_check_done = True  # type: ignore[attr-defined]  # Django's own mark of it
        sender, is_public = caller(request), not caller(request).is_secret
        browser = _browser(request) if is_public else ""
        return take_in(sender.merchant, events, envelope, user_agent=browser, is_public=is_public)


def _shared_context(context: Raw, may_hold_nul: bool) -> dict[str, Raw]:
    try:
        return shared_context(context, may_hold_nul=may_hold_nul)
    except Refused as error:
        raise InvalidInput(error.code, error.reason, field="context") from error


def _sent_at(said: Any) -> datetime | None:
    if said is None:
        return None
    try:
        return parse_moment(said)
    except BadMoment as error:
        raise InvalidInput(
            "invalid_timestamp", "“sentAt” is a moment such as 2026-11-20T10:00:00Z.", field="sentAt"
        ) from error


def _browser(request: Request) -> str:
    """What a browser says of itself. A server's library is a program, and speaks for people."""
    said = request.headers.get("User-Agent", "")
    return said if said.startswith("Mozilla/") else ""


def _json(document: dict[str, Any]) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(document), content_type="application/json")


class EventFields(serializers.Serializer[Any]):
    """What every call may carry. Further keys, and any keys inside the objects, are allowed."""

    messageId = serializers.CharField(  # noqa: N815  # Segment's name
        required=False, max_length=255, help_text="Yours, new for every event: the same one again is a duplicate."
    )
    userId = serializers.CharField(required=False, max_length=320, help_text="Your own id of the customer.")  # noqa: N815
    anonymousId = serializers.CharField(required=False, max_length=255)  # noqa: N815
    timestamp = serializers.CharField(required=False, help_text="When it happened; now by default.")
    sentAt = serializers.CharField(  # noqa: N815
        required=False, help_text="By the same clock as `timestamp`: how far it is off is corrected."
    )
    channel = serializers.CharField(
        required=False, help_text="web, app, pos, clienteling, email, social or support; else the library says it."
    )
    context = serializers.DictField(required=False)  # type: ignore[assignment]  # Segment's name
    writeKey = serializers.CharField(required=False, help_text="The API key, where no header can be set.")  # noqa: N815


class TrackInput(EventFields):
    """Something a person did."""

    event = serializers.CharField(max_length=200, help_text="`Product Viewed`, `Order Completed`, or one of your own.")
    properties = serializers.DictField(required=False)


class IdentifyInput(EventFields):
    """Who somebody is."""

    traits = serializers.DictField(required=False)


class PageInput(EventFields):
    """A page or a screen of the app was seen."""

    name = serializers.CharField(required=False, max_length=200)
    category = serializers.CharField(required=False, max_length=200)
    properties = serializers.DictField(required=False)


class AliasInput(EventFields):
    """Two ids are one person's."""

    previousId = serializers.CharField(max_length=320)  # noqa: N815


class GroupInput(EventFields):
    """A person belongs to a company."""

    groupId = serializers.CharField(max_length=200)  # noqa: N815
    traits = serializers.DictField(required=False)


class BatchedEvent(EventFields):
    """One of the calls, with its `type`."""

    type = serializers.ChoiceField(choices=sorted(KINDS))
    event = serializers.CharField(required=False, max_length=200)
    name = serializers.CharField(required=False, max_length=200)
    properties = serializers.DictField(required=False)
    traits = serializers.DictField(required=False)
    groupId = serializers.CharField(required=False, max_length=200)  # noqa: N815
    previousId = serializers.CharField(required=False, max_length=320)  # noqa: N815


class BatchInput(serializers.Serializer[Any]):
    batch = serializers.ListField(child=BatchedEvent(), min_length=1, max_length=MOST_EVENTS)
    sentAt = serializers.CharField(required=False)  # noqa: N815
    context = serializers.DictField(required=False, help_text="For every event that says nothing else.")  # type: ignore[assignment]
    writeKey = serializers.CharField(required=False)  # noqa: N815


class EventOutput(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    message_id = serializers.CharField()
    status = serializers.ChoiceField(choices=[STORED, DUPLICATE])


class EventResult(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="The place in `batch`, from 0.")
    message_id = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=STATUSES)
    code = serializers.CharField(required=False, help_text="Why it was rejected; stable, for programs.")
    detail = serializers.CharField(required=False, help_text="Why it was rejected, for people.")


class BatchOutput(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    stored = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    rejected = serializers.IntegerField()
    results = EventResult(many=True)


BATCH = {
    "sentAt": "2026-11-20T10:00:05Z",
    "batch": [
        {
            "type": "track",
            "messageId": "a1f0",
            "anonymousId": "visitor-1",
            "timestamp": "2026-11-20T10:00:00Z",
            "event": "Product Viewed",
            "properties": {"sku": "mug-blue", "name": "Mug, blue", "price": 19.99, "currency": "EUR"},
            "context": {"consent": {"tracking": True, "text_version": "2026-01"}},
        }
    ],
}
TRACK = {key: value for key, value in BATCH["batch"][0].items() if key != "type"}  # type: ignore[attr-defined]


class BatchView(TrackingView):
    """Up to 500 events at once."""

    @extend_schema(
        operation_id="track_batch",
        tags=["events"],
        request=BatchInput,
        responses=BatchOutput,
        examples=[OpenApiExample("A visit", BATCH, request_only=True)],
    )
    def post(self, request: Request) -> HttpResponse:
        """Events of any kind. Each stands or falls alone; what is answered as stored is on disk.

        The same `messageId` again is a duplicate and stored once. A batch of which every event is rejected is a 400.
        """
        body = _sent(request)
        envelope = self._envelope(body)
        outcomes = self._take_in(request, _batch(body), envelope)
        counts = Counter(outcome.status for outcome in outcomes)
        if counts[REJECTED] == len(outcomes):
            first = outcomes[0]
            raise InvalidInput(
                "no_event_accepted",
                f"No event was accepted. The first: {first.detail}",
                results=msgspec.to_builtins(outcomes),
            )
        return _json(
            {
                "success": True,
                "stored": counts[STORED],
                "duplicates": counts[DUPLICATE],
                "rejected": counts[REJECTED],
                "results": outcomes,
            }
        )


def _batch(body: Body) -> list[Raw]:
    batch = body.events()
    if not batch:
        raise InvalidInput("batch_missing", "“batch” is a list of events.", field="batch")
    if len(batch) > MOST_EVENTS:
        raise InvalidInput("too_many_events", f"A batch has {MOST_EVENTS} events at most.", field="batch")
    return batch


class EventView(TrackingView):
    """One event; ``kind`` says which."""

    kind = ""

    def post(self, request: Request) -> HttpResponse:
        """Stored once by its `messageId`; when this answers it is on disk."""
        body = _sent(request)
        (outcome,) = self._take_in(request, [body.text], self._envelope(body, self.kind))
        if outcome.status == REJECTED:
            raise InvalidInput(outcome.code, outcome.detail)
        return _json({"success": True, "message_id": outcome.message_id, "status": outcome.status})


def _described(kind: str, takes: type[EventFields], *examples: OpenApiExample) -> Any:
    schema = extend_schema(
        operation_id=kind, tags=["events"], request=takes, responses=EventOutput, examples=list(examples)
    )
    return extend_schema_view(post=schema)


@_described("track", TrackInput, OpenApiExample("A product", TRACK, request_only=True))
class TrackView(EventView):
    """Something a person did."""

    kind = "track"


@_described("identify", IdentifyInput)
class IdentifyView(EventView):
    """Who somebody is."""

    kind = "identify"


@_described("page", PageInput)
class PageView(EventView):
    """A page was seen."""

    kind = "page"


@_described("screen", PageInput)
class ScreenView(EventView):
    """A screen of the app was seen."""

    kind = "screen"


@_described("alias", AliasInput)
class AliasView(EventView):
    """Two ids are one person's."""

    kind = "alias"


@_described("group", GroupInput)
class GroupView(EventView):
    """A person belongs to a company."""

    kind = "group"
