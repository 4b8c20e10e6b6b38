"""What recommendations led to in the shop, and who is held back to know it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.door import MerchantRequest, merchant_view
from merchants.models import Role
from recommendations.forms.holdout import HoldoutForm
from recommendations.measuring.actions import hold_back
from recommendations.measuring.showing import PERIODS, results
from recommendations.models import PlacementSettings


@merchant_view(Role.ANALYST)
def recommendation_results(request: MerchantRequest) -> HttpResponse:
    """``?days=``: 28 or 90; ``?placement=``: whose weeks are drawn."""
    wanted = request.GET.get("days", "")
    days = next((period for period in PERIODS if str(period) == wanted), PERIODS[0])
    found = results(request.merchant, days=days, placement=request.GET.get("placement", ""))
    context = {"page": "results", "results": found, "periods": PERIODS}
    return render(request, "recommendations/results.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
def recommendation_holdout(request: MerchantRequest) -> HttpResponse:
    known = PlacementSettings.objects.for_merchant(request.merchant)
    percents = dict(known.values_list("placement", "holdout_percent"))
    form = HoldoutForm(request.POST if request.method == "POST" else None, percents=percents)
    if form.is_valid():
        if hold_back(request.merchant, form.percents(), staff=request.user):
            messages.success(request, _("Saved. It acts within five seconds."))
        return redirect("recommendation_results", request.merchant.slug)
    context = {"page": "results", "form": form}
    return render(request, "recommendations/holdout.html", context, status=422 if form.is_bound else 200)
