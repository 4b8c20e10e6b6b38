"""Trained models: all of them, one, two beside each other, back to an earlier one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.listing import list_rows, render_list
from merchants.models import Role
from recommendations.actions import roll_back
from recommendations.filters import VersionFilter
from recommendations.models import ModelVersion
from recommendations.outcomes import ailments, checked, compare, methods, outcome, stages, verdicts

COMPARABLE = 30


@merchant_view(Role.ANALYST)
def version_list(request: MerchantRequest) -> HttpResponse:
    listing = list_rows(request, VersionFilter, ModelVersion.objects.for_merchant(request.merchant))
    live = ModelVersion.objects.for_merchant(request.merchant).live().first()
    context = {"outcomes": [outcome(version) for version in listing.rows], "live": live}
    return render_list(request, "recommendations/version_list.html", listing, context)


@merchant_view(Role.ANALYST)
def version_detail(request: MerchantRequest, pk: int) -> HttpResponse:
    versions = ModelVersion.objects.for_merchant(request.merchant)
    version = get_object_or_404(versions.select_related("job"), pk=pk)
    context = {
        "version": version,
        "outcome": outcome(version),
        "checks": checked(version),
        "methods": methods(version),
        "verdicts": verdicts(version),
        "ailments": ailments(version),
        "stages": stages(version),
        "live": versions.live().first(),
        "log": version.job.log_lines.all()[:100] if version.job else [],
    }
    return render(request, "recommendations/version_detail.html", context)


@merchant_view(Role.ANALYST)
def version_compare(request: MerchantRequest) -> HttpResponse:
    """Two versions, chosen in the address: by default the live one and the newest other."""
    versions = ModelVersion.objects.for_merchant(request.merchant).order_by("-id")
    newest = list(versions[:COMPARABLE])
    left = _chosen(request, "left") or versions.live().first() or (newest[0] if newest else None)
    right = _chosen(request, "right") or next((version for version in newest if version != left), None)
    context: dict[str, Any] = {"versions": newest, "left": left, "right": right}
    if left and right:
        context["groups"] = compare(left, right)
    return render(request, "recommendations/version_compare.html", context)


def _chosen(request: MerchantRequest, name: str) -> ModelVersion | None:
    """404 for a version that is not this merchant's."""
    pk = request.GET.get(name, "")
    if not pk:
        return None
    versions = ModelVersion.objects.for_merchant(request.merchant)
    found: ModelVersion = get_object_or_404(
        versions, pk=int(pk) if pk.isascii() and pk.isdigit() and len(pk) < 19 else 0
    )
    return found


@require_POST
@merchant_view(Role.EDITOR)
def version_roll_back(request: MerchantRequest, pk: int) -> HttpResponse:
    version = get_object_or_404(ModelVersion.objects.for_merchant(request.merchant), pk=pk)
    try:
        roll_back(version, staff=request.user)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("This model answers again within two seconds. Trainings by schedule are paused."))
    return redirect("model_version", request.merchant.slug, pk)
