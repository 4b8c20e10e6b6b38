"""The page on which a consent is confirmed: the second half of a double opt-in."""

from __future__ import annotations

from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from campaigns.public.pages import public_page, shop_context
from core.errors import DomainError
from customers.actions.double_opt_in import confirm_consent
from customers.models import ConsentRequest, request_digest


# No CSRF token: whoever can forge this request knows the secret, and could simply press the button.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def consent_confirmation(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what is asked and changes nothing, for machines open every link; POST confirms, once or again."""
    asked = _request(token)
    if asked is None:
        return public_page(request, "campaigns/confirmation_unknown.html", status=404)
    if request.method == "POST":
        asked = _confirmed(asked)
    with translation.override(asked.text.language), timezone.override(asked.merchant.tz):
        is_open = asked.is_open()
        context = shop_context(asked.merchant) | {
            "asked": asked,
            "paragraphs": [line for line in asked.text.text.split("\n") if line.strip()],
            "state": "done" if asked.confirmed_at else "open" if is_open else "expired",
        }
        gone = not is_open and not asked.confirmed_at
        return public_page(request, "campaigns/confirmation.html", context, status=410 if gone else 200)


def _request(token: str) -> ConsentRequest | None:
    rows = ConsentRequest.objects.all_merchants().filter(digest=request_digest(token))
    return rows.select_related("merchant", "text").first()


def _confirmed(asked: ConsentRequest) -> ConsentRequest:
    with suppress(DomainError):  # expired: the page says so
        confirm_consent(asked)
    asked.refresh_from_db(fields=["confirmed_at"])
    return asked
