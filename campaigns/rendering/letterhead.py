"""What every message has: how it greets, its legal footer, its two parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.template import Template
from django.template.loader import get_template
from django.utils.translation import gettext as _

from campaigns.models import Message
from merchants.models import Merchant


@dataclass(frozen=True)
class Rendered:
    """The written message; both parts say the same."""

    subject: str
    html: str
    text: str


def plain_template(name: str) -> Template:
    """The text template ``campaigns/mail/<name>.txt``."""
    return cast(Template, get_template(f"campaigns/mail/{name}.txt").template)  # type: ignore[attr-defined]  # Django's backend has it


def greeting(message: Message) -> str:
    customer = message.customer
    name = f"{customer.first_name} {customer.last_name}".strip() if customer else ""
    return _("Hello %(name)s,") % {"name": name} if name else _("Hello,")


def legal_footer(merchant: Merchant) -> list[str]:
    """Legal form, seat, register and number, directors (GmbHG § 35a, HGB § 37a), line by line."""
    register = f"{merchant.register_court} {merchant.register_number}".strip()
    lines = [
        merchant.legal_name,
        f"{merchant.street}, {merchant.postal_code} {merchant.city}",
        _("Managing directors: %(names)s") % {"names": merchant.directors},
        _("Register: %(register)s") % {"register": register} if register else "",
        _("VAT ID: %(id)s") % {"id": merchant.vat_id} if merchant.vat_id else "",
        " · ".join(filter(None, [merchant.contact_email, merchant.contact_phone, merchant.website])),
    ]
    return [line for line in lines if line]
