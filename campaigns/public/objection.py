"""The page on which people object to advertising, opened from a message: no login, the merchant comes from the token."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from campaigns.actions.objections import object_by_message
from campaigns.cross_sell import may_advertise
from campaigns.public.pages import find_message, public_page, shop_context
from customers.rules.legal_basis import Code


# No CSRF token: the mailbox's own button posts from nowhere, without a cookie (RFC 8058). The token is the secret.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def objection(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the page and changes nothing, for machines open every link; POST records the objection."""
    message = find_message(token)
    if message is None:
        return public_page(request, "campaigns/objection_unknown.html", status=404)
    if request.method == "POST":
        object_by_message(message, one_click=request.POST.get("List-Unsubscribe") == "One-Click")
    with translation.override(message.language):
        is_done = may_advertise([message])[message.pk].code in (Code.OBJECTED, Code.ADDRESS_OBJECTED)
        context = shop_context(message.merchant) | {"is_done": is_done, "preferences_token": token}
        return public_page(request, "campaigns/objection.html", context)
