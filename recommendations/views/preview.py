"""What the recommender would answer to anybody, why, and what became of every other candidate."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from core.door import MerchantRequest, merchant_view
from merchants.models import Role
from recommendations.explaining import explained
from recommendations.forms.preview import PreviewForm


@merchant_view(Role.ANALYST)
def recommendation_preview(request: MerchantRequest) -> HttpResponse:
    """The question lives in the address; an htmx request of the form gets the answer alone."""
    data = request.GET if "placement" in request.GET else {"placement": "home"}
    form = PreviewForm(data, merchant=request.merchant)
    context: dict[str, Any] = {"page": "preview", "form": form, "found": None}
    if form.is_valid():
        context["found"] = explained(request.merchant, form.question())
        context["customer"] = form.cleaned_data["customer"]
        context["visitor"] = form.cleaned_data["visitor"]
    template = "recommendations/preview.html"
    return render(request, f"{template}#answer" if request.htmx.target == "answer" else template, context)
