"""Who opened the preference centre: by the secret of a message, or by a link that staff gave out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core import signing
from django.urls import reverse

from campaigns.models import Message
from campaigns.public.pages import find_message
from campaigns.rendering.formats import choose_locale
from customers.models import Customer
from merchants.models import Merchant

LINK_VALID = timedelta(days=14)
SALT = "campaigns.preferences"


@dataclass(frozen=True)
class Holder:
    """Whose switches may be turned (None: a guest's, who has none), and what proves it."""

    merchant: Merchant
    customer: Customer | None
    address: str
    language: str
    evidence: dict[str, Any] = field(default_factory=dict)


def find_holder(token: str) -> Holder | None:
    """None for a forged or lapsed link, and for a person who is gone."""
    message = find_message(token)
    if message:
        customer = reader_of(message)
        return Holder(message.merchant, customer, message.address, message.language, {"message": message.pk})
    customer = _customer_of(token)
    if customer is None:
        return None
    language = choose_locale(customer.locale, customer.merchant.language).split("-")[0]
    return Holder(customer.merchant, customer, customer.email, language, {"link": "given out by staff"})


def reader_of(message: Message) -> Customer | None:
    """Whose switches the holder of the message may turn.

    A question about a consent goes to an address that anybody may have typed: it opens nothing until it is confirmed.
    """
    asked = message.consent_request
    if message.kind == Message.Kind.DOUBLE_OPT_IN:
        return asked.customer if asked and asked.confirmed_at else None
    return message.customer


def preference_link(customer: Customer) -> str:
    """An address at which this person decides, for two weeks; staff tell it to nobody else."""
    token = signing.dumps({"customer": customer.pk}, salt=SALT)
    return urljoin(settings.PUBLIC_URL, reverse("preferences", args=[token]))


def _customer_of(token: str) -> Customer | None:
    try:
        content = signing.loads(token, salt=SALT, max_age=LINK_VALID)
    except signing.BadSignature:
        return None
    people = Customer.objects.all_merchants().present().select_related("merchant").with_identities()
    found: Customer | None = people.filter(pk=content["customer"]).first()
    return found
