"""Customers for a product."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from core.door import MerchantRequest, merchant_view
from merchants.models import Role
from recommendations.audiences import CONTACT, CONTROL, DAYS, audience
from recommendations.forms.audience import AudienceForm

SHOWN = 25


@merchant_view(Role.ANALYST)
def recommendation_audience(request: MerchantRequest) -> HttpResponse:
    """The question lives in the address."""
    is_asked = "product" in request.GET
    form = AudienceForm(request.GET if is_asked else None, merchant=request.merchant)
    context: dict[str, Any] = {"page": "audience", "form": form, "found": None, "days": DAYS}
    if is_asked and form.is_valid():
        asked = form.cleaned_data
        found = audience(
            asked["product"], channel=asked["channel"], limit=asked["limit"], control_percent=asked["control"]
        )
        context |= {
            "found": found,
            "contact": len(found.of(CONTACT)),
            "control": len(found.of(CONTROL)),
            "expected": found.expected(CONTACT),
            "expected_control": found.expected(CONTROL),
            "shown": found.of(CONTACT)[:SHOWN],
        }
    return render(request, "recommendations/audience.html", context)
