"""Consents on a person's page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.providers import NavigationItem, Panel, customer_panels, navigation
from customers.models import ConsentRecord, Customer
from customers.queries.consent import ConsentCell, consent_state
from customers.rules.legal_basis import Code
from merchants.models import Role

MOST = 20
# Said of channels that nobody ever spoke of: left out, or every person would have fifteen lines of it.
_NOTHING_SAID = frozenset({Code.NO_ADDRESS, Code.CONSENT_ONLY, Code.NO_NOTICE, Code.EXCEPTION_OFF})


def consents_panel(customer: Customer) -> Panel:
    """What is allowed and why, and every decision with its evidence."""
    return Panel("customers/parts/consents.html", consents_context(customer))


def consents_context(customer: Customer) -> dict[str, Any]:
    """Decisions one by one; of the notices, which come with every purchase, the newest and how many."""
    records = ConsentRecord.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    newest_first = records.select_related("text").order_by("-occurred_at", "-id")
    notices = newest_first.filter(kind=ConsentRecord.Kind.NOTICE_SHOWN)
    return {
        "customer": customer,
        "cells": [cell for cell in consent_state(customer) if _is_worth_saying(cell)],
        "decisions": newest_first.exclude(kind=ConsentRecord.Kind.NOTICE_SHOWN)[:MOST],
        "notice": notices.first(),
        "notice_count": notices.count(),
    }


def _is_worth_saying(cell: ConsentCell) -> bool:
    return cell.channel in ("", "email") or cell.decision.code not in _NOTHING_SAID


navigation.register(
    NavigationItem("suppression_lookup", _("Suppressed addresses"), "mail-off", "customers", Role.SUPPORT),
    name="suppressions",
    rank=28,
)
customer_panels.register(consents_panel, name="consents", rank=5)
