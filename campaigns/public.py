"""The page on which people object to advertising, opened from a message: no login, the merchant comes from the token."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from campaigns.actions.objections import object_by_message
from campaigns.cross_sell import may_advertise
from campaigns.models import Message
from campaigns.rendering.confirmation import legal_footer
from customers.rules.legal_basis import Code


# No CSRF token: the mailbox's own button posts from nowhere, without a cookie (RFC 8058). The token is the secret.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def objection(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the page and changes nothing, for machines open every link; POST records the objection."""
    message = _message(token)
    if message is None:
        return _page(request, "campaigns/objection_unknown.html", status=404)
    if request.method == "POST":
        object_by_message(message, one_click=request.POST.get("List-Unsubscribe") == "One-Click")
    with translation.override(message.language):
        context = {
            "merchant_name": message.merchant.name,
            "contact_email": message.merchant.contact_email,
            "footer_lines": legal_footer(message.merchant),
            "is_done": may_advertise([message])[message.pk].code in (Code.OBJECTED, Code.ADDRESS_OBJECTED),
        }
        return _page(request, "campaigns/objection.html", context)


def _message(token: str) -> Message | None:
    if not token.isprintable():
        return None  # PostgreSQL refuses a NUL, and no token of ours has one
    rows = Message.objects.all_merchants().light().filter(unsubscribe_token=token)
    return rows.select_related("merchant", "customer").first()


def _page(
    request: HttpRequest, template: str, context: dict[str, object] | None = None, *, status: int = 200
) -> HttpResponse:
    response = render(request, template, context or {}, status=status)
    response["X-Robots-Tag"] = "noindex"
    # The token must not travel on to the shop with the next click.
    response["Referrer-Policy"] = "no-referrer"
    return response
