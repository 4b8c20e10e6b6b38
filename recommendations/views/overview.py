"""The recommender's screen: what is live, how good it is, what it would show, and what became of each training."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.models import Job
from merchants.models import Role
from recommendations.actions import TRAINING, request_training
from recommendations.forms.preview import PreviewForm
from recommendations.models import ModelVersion
from recommendations.serving import recommend
from recommendations.showing import methods, outcome, verdicts, with_products

SHOWN_VERSIONS = 15
PREVIEWED = 8


@merchant_view(Role.ANALYST)
def recommendations(request: MerchantRequest) -> HttpResponse:
    """The whole screen; an htmx request of the preview's form gets the preview alone."""
    context = _preview(request)
    if request.htmx.target == "preview":
        return render(request, "recommendations/overview.html#preview", context)
    return render(request, "recommendations/overview.html", context | _models(request) | _job(request))


@require_POST
@merchant_view(Role.EDITOR)
def training_start(request: MerchantRequest) -> HttpResponse:
    try:
        request_training(request.merchant, staff=request.user)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("The training has begun. The live model answers until the new one is ready."))
    return redirect("recommendations", request.merchant.slug)


def _preview(request: MerchantRequest) -> dict[str, Any]:
    """The form as the address has it, and its answer: at first, what a stranger sees on the home page."""
    data = request.GET if "placement" in request.GET else {"placement": "home"}
    form = PreviewForm(data, merchant=request.merchant)
    if not form.is_valid():
        return {"form": form, "shown": None}
    answer = recommend(merchant_id=request.merchant.pk, limit=PREVIEWED, **form.question())
    shown = with_products(request.merchant.pk, answer)
    return {"form": form, "answer": answer, "shown": shown, "customer": form.cleaned_data["customer"]}


def _models(request: MerchantRequest) -> dict[str, Any]:
    versions = ModelVersion.objects.for_merchant(request.merchant)
    live = versions.live().first()
    newest = list(versions.order_by("-id")[:SHOWN_VERSIONS])
    return {
        "live": live,
        "methods": methods(live) if live else [],
        "verdicts": verdicts(live) if live else [],
        "versions": [outcome(version) for version in newest],
    }


def _job(request: MerchantRequest) -> dict[str, Any]:
    trainings = Job.objects.for_merchant(request.merchant).filter(kind=TRAINING)
    return {"job": trainings.unfinished().order_by("-id").first()}
