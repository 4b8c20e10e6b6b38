"""Messages in the back office: the list, one message as it was sent, and trying again."""

from __future__ import annotations

import re
from dataclasses import replace

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.actions.queueing import retry_message
from campaigns.filters import MessageFilter
from campaigns.models import LegalClass, Message
from campaigns.public.links import LINK_VALID, preference_link
from campaigns.queries import block_documents, history_steps
from campaigns.rendering.mime import Parts, read_message
from campaigns.tasks import SEND_DUE_MESSAGES
from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.listing import list_rows, render_list
from core.rings import ring
from customers.models import Customer
from merchants.actions import record_audit
from merchants.models import Role

# A message is foreign matter in the back office: no script, no form, nothing but its own looks and pictures.
PREVIEW_POLICY = (
    f"sandbox; default-src 'none'; img-src https: data: {settings.PUBLIC_URL}; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)

_CONFIRMATION = re.compile(r"(/c/)[0-9a-f]{64}")


def _messages(request: MerchantRequest) -> QuerySet[Message]:
    return Message.objects.for_merchant(request.merchant).select_related("order", "customer", "consent_request")


@merchant_view(Role.ANALYST)
def message_list(request: MerchantRequest) -> HttpResponse:
    rows = Message.objects.for_merchant(request.merchant).light().select_related("order")
    return render_list(request, "campaigns/message_list.html", list_rows(request, MessageFilter, rows))


@merchant_view(Role.ANALYST)
def message_detail(request: MerchantRequest, pk: int) -> HttpResponse:
    """What left, byte for byte, and why each of its blocks was or was not shown."""
    message = get_object_or_404(_messages(request), pk=pk)
    blocks = block_documents(message)
    context = {
        "message": message,
        "parts": _readable(message) if message.body else None,
        "source_shown": message.body is not None and not _holds_open_question(message),
        "advertising": [document for document in blocks if document.block.legal_class == LegalClass.ADVERTISING],
        "contract": [document for document in blocks if document.block.legal_class == LegalClass.CONTRACT],
        "steps": history_steps(message),
    }
    return render(request, "campaigns/message_detail.html", context)


@merchant_view(Role.ANALYST)
def message_preview(request: MerchantRequest, pk: int) -> HttpResponse:
    """The HTML part as it was sent, for the sandboxed frame of the detail page."""
    html = _readable(_message_with_body(request, pk)).html
    return HttpResponse(html, headers={"Content-Security-Policy": PREVIEW_POLICY})


@merchant_view(Role.ANALYST)
def message_source(request: MerchantRequest, pk: int) -> HttpResponse:
    """The exact bytes, as a file that mail programs open."""
    message = _message_with_body(request, pk)
    if _holds_open_question(message):
        raise Http404
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{message.kind}-{message.subject_number}").strip("-.")
    headers = {"Content-Disposition": f'attachment; filename="{name}.eml"'}
    return HttpResponse(bytes(message.body or b""), content_type="message/rfc822", headers=headers)


def _message_with_body(request: MerchantRequest, pk: int) -> Message:
    message = get_object_or_404(_messages(request), pk=pk)
    if message.body is None:
        raise Http404
    return message


def _holds_open_question(message: Message) -> bool:
    """Whether its link still confirms a consent: only the owner of the mailbox may have it, or it would prove nothing."""
    return message.consent_request is not None and message.consent_request.is_open()


def _readable(message: Message) -> Parts:
    """The message taken apart, without the secret of a link that still confirms."""
    parts = read_message(bytes(message.body or b""))
    if not _holds_open_question(message):
        return parts
    html, text = (_CONFIRMATION.sub(r"\1…", part) for part in (parts.html, parts.text))
    return replace(parts, html=html, text=text)


@require_POST
@merchant_view(Role.SUPPORT)
def message_retry(request: MerchantRequest, pk: int) -> HttpResponse:
    message = get_object_or_404(_messages(request), pk=pk)
    try:
        retry_message(message, staff=request.user)
    except DomainError as error:
        messages.info(request, str(error.message))
    else:
        ring(SEND_DUE_MESSAGES)
        messages.success(request, _("The message will be sent again at once."))
    return redirect("message_detail", request.merchant.slug, pk)


@require_POST
@merchant_view(Role.SUPPORT)
def preference_link_issue(request: MerchantRequest, pk: int) -> HttpResponse:
    """A link to the preference centre for a customer who calls; it is written down who made it."""
    people = Customer.objects.for_merchant(request.merchant).present().select_related("merchant").with_identities()
    customer = get_object_or_404(people, pk=pk)
    record_audit(request.merchant, "customer.preference_link", staff=request.user, subject=customer)
    until = timezone.now() + LINK_VALID
    context = {"customer": customer, "link": preference_link(customer), "until": until}
    template = "campaigns/parts/preference_link.html" if request.htmx else "campaigns/preference_link.html"
    answer = render(request, template, context)
    # Whoever has the link decides for the person: it must not lie in a cache.
    answer["Cache-Control"] = "no-store"
    return answer
