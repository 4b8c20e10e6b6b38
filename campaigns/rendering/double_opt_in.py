"""The question whether a consent is really meant: what was agreed to, one link, and nothing else.

It carries no advertising whatsoever, not even a picture of the shop's (BGH I ZR 164/09).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.template import Context, Template
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from campaigns.models import Message
from campaigns.rendering.formats import Formats
from campaigns.rendering.letterhead import Rendered, legal_footer, plain_template
from campaigns.rendering.skeleton import skeleton
from customers.models import ConsentRequest


@dataclass(frozen=True)
class Question:
    """What is asked, and where it is confirmed."""

    message: Message
    request: ConsentRequest
    confirmation_url: str


def render_question(question: Question) -> Rendered:
    """Write the message in the language of the text that is to be confirmed."""
    with translation.override(question.message.language):
        context = _context(question)
        html = skeleton("double_opt_in").render(Context(context))
        text = _text_template().render(Context(context, autoescape=False))
    return Rendered(context["subject"], html, text)


@cache
def _text_template() -> Template:
    return plain_template("double_opt_in")


def _context(question: Question) -> dict[str, Any]:
    message, request = question.message, question.request
    merchant = message.merchant
    formats = Formats.of(message.locale, merchant.currency)
    return {
        "language": message.language,
        "merchant": merchant,
        "subject": _("Please confirm: messages from %(shop)s") % {"shop": merchant.name},
        "preview": _("One click, and your consent is complete. Without it nothing happens."),
        "paragraphs": [line for line in request.text.text.split("\n") if line.strip()],
        "asked_on": formats.day(timezone.localtime(request.requested_at, merchant.tz).date()),
        "valid_until": formats.day(timezone.localtime(request.expires_at, merchant.tz).date()),
        "confirmation_url": question.confirmation_url,
        "version": request.text.version,
        "footer": legal_footer(merchant),
    }
