"""The recommender's screen: what is live, how good it is, and what became of each training."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.models import Job
from merchants.models import Role
from recommendations.actions import TRAINING, request_training
from recommendations.models import ModelVersion, training_plan
from recommendations.outcomes import Outcome, ailments, methods, outcome, verdicts
from recommendations.slots import next_slot

SHOWN_VERSIONS = 5


@merchant_view(Role.ANALYST)
def recommendations(request: MerchantRequest) -> HttpResponse:
    context = _models(request) | _schedule(request) | _job(request)
    return render(request, "recommendations/overview.html", context)


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


def _models(request: MerchantRequest) -> dict[str, Any]:
    versions = ModelVersion.objects.for_merchant(request.merchant)
    live = versions.live().first()
    outcomes = [outcome(version) for version in versions.order_by("-id")[:SHOWN_VERSIONS]]
    measured = live.metrics.get("methods", {}) if live else {}
    read = next((row.version for row in outcomes if row.version.health), live)
    return {
        "live": live,
        "quality": measured.get("blend"),
        "popularity": measured.get("popularity"),
        "methods": methods(live) if live else [],
        "verdicts": verdicts(live) if live else [],
        "outcomes": outcomes,
        "newest_problem": _problem(outcomes),
        "ailments": ailments(read) if read else [],
    }


def _problem(outcomes: list[Outcome]) -> Outcome | None:
    """The newest training, when it did not go live."""
    stayed_out = (ModelVersion.Status.REFUSED, ModelVersion.Status.FAILED)
    return outcomes[0] if outcomes and outcomes[0].version.status in stayed_out else None


def _schedule(request: MerchantRequest) -> dict[str, Any]:
    plan = training_plan(request.merchant)
    return {"plan": plan, "next_training": next_slot(plan.hour, request.merchant.tz, timezone.now())}


def _job(request: MerchantRequest) -> dict[str, Any]:
    trainings = Job.objects.for_merchant(request.merchant).filter(kind=TRAINING)
    return {"job": trainings.unfinished().order_by("-id").first()}
