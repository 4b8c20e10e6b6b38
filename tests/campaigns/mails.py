"""How tests read what a message says."""

from __future__ import annotations

import html as html_lib
import re

from campaigns.models import Message, MessageBlock


def cross_sell(message: Message) -> MessageBlock:
    return MessageBlock.objects.for_merchant(message.merchant_id).get(message=message, kind="cross_sell")


def visible(html: str) -> str:
    """The words a reader sees."""
    body = re.sub(r"<(style|script|title)\b.*?</\1>|<!--.*?-->", " ", html, flags=re.DOTALL)
    return " ".join(html_lib.unescape(re.sub(r"<[^>]+>", " ", body)).split())
