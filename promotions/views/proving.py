"""What a promotion would do, does and did: replay, check, results."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.models import Job
from merchants.models import Role
from promotions.forms.proving import ReplayForm
from promotions.language.findings import told
from promotions.linting.world import Severity
from promotions.measuring.figures import FOLLOWED, RESULTS, request_report
from promotions.measuring.showing import PERIODS, results
from promotions.models import Promotion, Replay
from promotions.queries.checks import check_all
from promotions.queries.offers import versions_of
from promotions.replaying.running import start_replay
from promotions.replaying.showing import shown
from promotions.views.offers import find_promotion, promotion_context

MOST_VERSIONS, MOST_REPLAYS, MOST_FINDINGS = 50, 10, 100


# --- replay ----------------------------------------------------------------------------------------------------------


@merchant_view(Role.ANALYST)
def promotion_replay(request: MerchantRequest, pk: int) -> HttpResponse:
    """``?run=``: an earlier one; otherwise the newest that came to its end."""
    return _replay_page(request, find_promotion(request, pk), None)


@require_POST
@merchant_view(Role.EDITOR)
def promotion_replay_start(request: MerchantRequest, pk: int) -> HttpResponse:
    promotion = find_promotion(request, pk)
    versions = list(versions_of(promotion)[:MOST_VERSIONS])
    form = ReplayForm(request.POST, versions=versions, live=promotion.version_id)
    if not form.is_valid():
        return _replay_page(request, promotion, form)
    version = form.chosen()
    version.promotion = promotion
    assumes_code = form.cleaned_data.get("assumes_code", False)
    try:
        start_replay(version, wanted=form.cleaned_data["orders"], assumes_code=assumes_code, staff=request.user)
    except DomainError as error:
        form.add_error(None, str(error.message))
        return _replay_page(request, promotion, form)
    return redirect("promotion_replay", request.merchant.slug, pk)


def _replay_page(request: MerchantRequest, promotion: Promotion, form: ReplayForm | None) -> HttpResponse:
    versions = list(versions_of(promotion)[:MOST_VERSIONS])
    rows = Replay.objects.for_merchant(request.merchant).filter(promotion=promotion).order_by("-pk")
    replays = list(rows.select_related("version", "job")[:MOST_REPLAYS])
    chosen = _chosen(request, rows, replays)
    if chosen:
        chosen.promotion = promotion
    context = promotion_context(request, promotion, "replay") | {
        "form": form or ReplayForm(None, versions=versions, live=promotion.version_id),
        "replays": replays,
        "running": next((one for one in replays if one.job and not one.job.is_finished), None),
        "shown": shown(chosen) if chosen else None,
        "is_old": bool(chosen and versions and chosen.version_id != versions[0].pk),
    }
    return render(request, "promotions/proof/replay.html", context, status=422 if form else 200)


def _chosen(request: MerchantRequest, rows: Any, replays: list[Replay]) -> Replay | None:
    asked = request.GET.get("run", "")
    if asked.isdecimal() and len(asked) < 19:
        found: Replay = get_object_or_404(
            rows.select_related("version", "job"), pk=int(asked), finished_at__isnull=False
        )
        return found
    return next((one for one in replays if one.finished_at), None)


# --- check -----------------------------------------------------------------------------------------------------------


@merchant_view(Role.ANALYST)
def promotion_check(request: MerchantRequest) -> HttpResponse:
    """Every finding, the gravest first; ``?severity=`` narrows."""
    checked = check_all(request.merchant)
    wanted = request.GET.get("severity", "")
    counts = {severity: sum(one.severity == severity for one in checked.findings) for severity in Severity}
    findings = [one for one in checked.findings if wanted not in set(Severity) or one.severity == wanted]
    context = {
        "findings": told(request.merchant, findings[:MOST_FINDINGS]),
        "more": max(len(findings) - MOST_FINDINGS, 0),
        "counts": counts,
        "severity": wanted,
        "is_cut": checked.is_cut,
        "has_promotions": Promotion.objects.for_merchant(request.merchant).exists(),
    }
    return render(request, "promotions/proof/check.html", context)


# --- results ---------------------------------------------------------------------------------------------------------


@merchant_view(Role.ANALYST)
def promotion_results(request: MerchantRequest, pk: int) -> HttpResponse:
    """``?days=``: 30 or 90, for what is shown by day."""
    promotion = find_promotion(request, pk)
    context = promotion_context(request, promotion, "results")
    wanted = request.GET.get("days", "")
    days = next((period for period in PERIODS if str(period) == wanted), PERIODS[0])
    version = context["version"]
    holdout = version.definition.get("holdout", 0) if version else 0
    running = Job.objects.for_merchant(request.merchant).unfinished().filter(kind=RESULTS, parameters__promotion=pk)
    context |= {
        "results": results(promotion, days=days, holdout=holdout),
        "periods": PERIODS,
        "followed": FOLLOWED,
        "running": running.first(),
    }
    return render(request, "promotions/proof/results.html", context)


@require_POST
@merchant_view(Role.EDITOR)
def promotion_figure(request: MerchantRequest, pk: int) -> HttpResponse:
    """Figure the comparison anew, by a worker."""
    request_report(find_promotion(request, pk), staff=request.user)
    messages.success(request, _("The figures are being made."))
    return redirect("promotion_results", request.merchant.slug, pk)
