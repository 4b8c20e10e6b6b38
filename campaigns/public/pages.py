"""What these pages have in common."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from campaigns.models import Message
from campaigns.rendering.letterhead import legal_footer
from merchants.models import Merchant


def find_message(token: str) -> Message | None:
    """The message whose secret this is."""
    if not token.isprintable():
        return None  # PostgreSQL refuses a NUL, and no token of ours has one
    rows = Message.objects.all_merchants().light().filter(unsubscribe_token=token)
    return rows.select_related("merchant", "customer", "consent_request__customer").first()


def public_page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Kept out of search engines, and the secret out of what the next page learns."""
    response = render(request, template, context or {}, status=status)
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response


def shop_context(merchant: Merchant) -> dict[str, Any]:
    """Whose page it is; ask inside the language of the page."""
    return {
        "merchant_name": merchant.name,
        "contact_email": merchant.contact_email,
        "footer_lines": legal_footer(merchant),
    }
