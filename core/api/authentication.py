"""API keys as ``Authorization: Bearer sk_…``: the merchant comes from the key, never from the body."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from merchants.actions import find_api_key
from merchants.models import ApiKey, Merchant

# How long a process trusts what it read: a revoked key works at most this much longer.
TRUST_SECONDS = 5.0
_MAX_KNOWN = 1000


@dataclass(frozen=True)
class ApiCaller:
    """Who calls: DRF's ``request.user``. It is never a person."""

    key_id: int
    merchant: Merchant
    is_secret: bool
    scopes: frozenset[str]
    is_authenticated: bool = True

    @property
    def pk(self) -> int:
        return self.key_id


def caller(request: Request) -> ApiCaller:
    """Who calls, for views behind ``HasScope``, which lets nobody else through."""
    return cast(ApiCaller, request.user)


_known: dict[bytes, tuple[float, ApiCaller]] = {}


def forget_known_keys() -> None:
    """Drop what this process remembers of keys."""
    _known.clear()


def caller_of(token: str) -> ApiCaller | None:
    """The caller behind a key; remembered for ``TRUST_SECONDS`` by its hash, so that a request costs no query."""
    digest = hashlib.sha256(token.encode()).digest()
    until, known = _known.get(digest, (0.0, None))
    if known is not None and time.monotonic() < until:
        return known
    key = find_api_key(token)
    if key is None:
        _known.pop(digest, None)
        return None
    _note_use(key)
    if len(_known) >= _MAX_KNOWN:
        _known.clear()
    found = ApiCaller(key.pk, key.merchant, key.kind == ApiKey.Kind.SECRET, frozenset(key.scopes))
    _known[digest] = (time.monotonic() + TRUST_SECONDS, found)
    return found


def _note_use(key: ApiKey) -> None:
    """To the minute is enough for staff who wonder whether a key is still in use."""
    now = timezone.now()
    if key.last_used_at is None or key.last_used_at < now - timedelta(minutes=1):
        ApiKey.objects.for_merchant(key.merchant_id).filter(pk=key.pk).update(last_used_at=now)


class ApiKeyAuthentication(BaseAuthentication):
    """Bearer authentication; 401 for a missing, unknown or revoked key, with one uniform answer."""

    def authenticate(self, request: Request) -> tuple[ApiCaller, None] | None:
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        if not token:
            return None
        found = caller_of(token.strip()) if scheme.lower() == "bearer" and "\0" not in token else None
        if found is None:
            raise AuthenticationFailed("This API key is not valid.")
        return found, None

    def authenticate_header(self, request: HttpRequest) -> str:
        return 'Bearer realm="cxapp"'


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the keys in the OpenAPI schema."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "`sk_…` for servers, `pk_…` for browsers."}
