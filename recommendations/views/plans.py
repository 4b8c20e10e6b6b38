"""When a shop trains."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.door import MerchantRequest, merchant_view
from merchants.models import Role
from recommendations.actions import resume, save_plan
from recommendations.forms.plans import TrainingPlanForm
from recommendations.models import training_plan


@merchant_view(Role.EDITOR)
def plan(request: MerchantRequest) -> HttpResponse:
    """The form, and saving it."""
    form = TrainingPlanForm(request.POST or None, instance=training_plan(request.merchant))
    if request.method == "POST" and form.is_valid():
        save_plan(request.merchant, staff=request.user, **form.values())
        messages.success(request, _("The plan is saved."))
        return redirect("training_plan", request.merchant.slug)
    status = 422 if form.is_bound else 200
    return render(request, "recommendations/plan.html", {"form": form}, status=status)


@require_POST
@merchant_view(Role.EDITOR)
def plan_resume(request: MerchantRequest) -> HttpResponse:
    resume(request.merchant, staff=request.user)
    messages.success(request, _("Trainings begin by schedule again."))
    return redirect("recommendations", request.merchant.slug)
