"""What is left to set up until the shop earns with cxapp."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.models import Message
from campaigns.transport import is_configured
from catalog.models import Product
from customers.models import Event
from merchants.models import ApiKey, Merchant
from orders.models import Order
from recommendations.models import ModelVersion


@dataclass(frozen=True)
class Step:
    title: str
    detail: str
    done: bool
    url: str


def setup_steps(merchant: Merchant) -> list[Step]:
    """In the order in which they make sense; six cheap existence queries."""
    slug = [merchant.slug]
    return [
        Step(
            _("Fill in the legal footer"),
            _("Without it no message may leave."),
            not merchant.missing_legal_fields(),
            reverse("settings_legal", args=slug),
        ),
        Step(
            _("Create an API key"),
            _("With it your shop sends products and orders."),
            ApiKey.objects.for_merchant(merchant).usable().exists(),
            reverse("api_key_list", args=slug),
        ),
        Step(
            _("Send the products"),
            _("Only what is in the catalog can be recommended."),
            Product.objects.for_merchant(merchant).exists(),
            reverse("product_list", args=slug),
        ),
        Step(
            _("Send the orders, or import them"),
            _("They tell what goes together."),
            Order.objects.for_merchant(merchant).exists(),
            reverse("order_list", args=slug),
        ),
        Step(
            _("Let events arrive"),
            _("They show what people look at before they buy."),
            Event.objects.for_merchant(merchant).exists(),
            reverse("tracking_setup", args=slug),
        ),
        Step(
            _("Train the recommendations"),
            _("From then on every confirmation can carry fitting products."),
            ModelVersion.objects.for_merchant(merchant).live().exists(),
            reverse("recommendations", args=slug),
        ),
        Step(
            _("Send the first order confirmation"),
            _first_confirmation(),
            Message.objects.for_merchant(merchant).filter(sent_at__isnull=False).exists(),
            reverse("message_list", args=slug),
        ),
    ]


def _first_confirmation() -> str:
    if is_configured():
        return _("It leaves by itself when an order arrives.")
    return _("Name a mail server (EMAIL_URL); until then messages are kept here.")
