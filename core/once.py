"""A form of the back office that is sent twice has its effect once.

A second click, or a browser that sends a page again, would otherwise book points twice or leave two drafts. A template puts
``{% once %}`` into the form; the redirect that answered it is stored with its effect (as ``core.api.idempotency`` does).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from core.door import MerchantRequest
from core.locks import lock_name
from core.models import IdempotencyRecord

FIELD = "once"
P = ParamSpec("P")
View = Callable[Concatenate[MerchantRequest, P], HttpResponseBase]


def once(view: View[P]) -> View[P]:
    """For views behind ``@merchant_view``: the same form with the same content again is answered as the first time.

    Only a redirect counts as done: what was refused may be sent again.
    """

    @wraps(view)
    def answered(request: MerchantRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.method != "POST" or not re.fullmatch(r"[0-9a-f]{32}", request.POST.get(FIELD, "")):
            return view(request, *args, **kwargs)
        with transaction.atomic():
            return _run(request, view, *args, **kwargs)

    return answered


def _run(request: MerchantRequest, view: View[P], *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
    digest = _digest(request)
    key = f"form:{request.user.pk}:{digest}"
    lock_name(f"once:{request.merchant.pk}:{key}")
    if record := IdempotencyRecord.objects.for_merchant(request.merchant).filter(key=key).first():
        messages.info(request, _("This was sent twice and done once."))
        return HttpResponseRedirect(record.body["location"])
    response = view(request, *args, **kwargs)
    if isinstance(response, HttpResponseRedirect):
        body = {"location": response.url}
        IdempotencyRecord.objects.create(
            merchant=request.merchant, key=key, fingerprint=digest, status=response.status_code, body=body
        )
    return response


def _digest(request: MerchantRequest) -> str:
    """Of what was sent, and where to; every page that is drawn has a value of its own in ``once``."""
    sent = sorted((name, values) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken")
    return hashlib.sha256(repr((request.path, sent)).encode()).hexdigest()
