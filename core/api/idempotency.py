"""``Idempotency-Key``: a retried write happens once. The record is stored in the transaction of the effect."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.authentication import caller
from core.api.renderers import JSONRenderer
from core.errors import DomainError, InvalidInput
from core.locks import try_lock_name
from core.models import IdempotencyRecord

ViewMethod = Callable[..., Response]
MAX_KEY = 255


def idempotent(method: ViewMethod) -> ViewMethod:
    """For methods of API views: the same key and body again answers as the first time.

    Another body under the key is a 422, a first request still running a 409. Errors are not stored:
    what failed may be tried again under the same key.
    """

    @wraps(method)
    def once(view: Any, request: Request, /, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if not key:
            return method(view, request, *args, **kwargs)
        if len(key) > MAX_KEY or "\0" in key:
            raise InvalidInput("invalid_idempotency_key", f"Idempotency-Key may have {MAX_KEY} characters at most.")
        with transaction.atomic():
            return _run(key, view, request, method, *args, **kwargs)

    return once


def _run(key: str, view: Any, request: Request, method: ViewMethod, /, *args: Any, **kwargs: Any) -> Response:
    merchant = caller(request).merchant
    if not try_lock_name(f"idempotency:{merchant.pk}:{key}"):
        raise DomainError("request_in_flight", "A request with this Idempotency-Key is still running.")
    fingerprint = _fingerprint(request)
    record = IdempotencyRecord.objects.for_merchant(merchant).filter(key=key).first()
    if record and record.fingerprint != fingerprint:
        raise DomainError("idempotency_key_reused", "This Idempotency-Key was used for another request.", status=422)
    if record:
        return Response(record.body, status=record.status, headers={"Idempotent-Replay": "true"})
    response = method(view, request, *args, **kwargs)
    body = json.loads(JSONRenderer().render(response.data))  # moments and the like as they go out
    IdempotencyRecord.objects.create(
        merchant=merchant, key=key, fingerprint=fingerprint, status=response.status_code, body=body
    )
    return response


def _fingerprint(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{request.method} {request.path}\n{body}".encode()).hexdigest()
