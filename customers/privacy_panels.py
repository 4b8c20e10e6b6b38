"""Privacy on a customer's page: their requests, and the way to an export or an erasure."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.providers import NavigationItem, Panel, customer_panels, navigation
from customers.models import Customer, PrivacyRequest
from merchants.models import Role


def privacy_panel(customer: Customer) -> Panel:
    rows = PrivacyRequest.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    restriction = rows.restricting(timezone.now()).order_by("pk").first()
    context = {
        "restriction": restriction,
        "requests": list(rows.order_by("-pk")[:5]),
        "customer": customer,
        "customer_id": str(customer.pk),
    }
    return Panel("customers/parts/privacy_panel.html", context)


navigation.register(
    NavigationItem("privacy_list", _("Privacy requests"), "shield-lock", "customers", Role.SUPPORT),
    name="privacy",
    rank=27,
)
customer_panels.register(privacy_panel, name="privacy", rank=90)
