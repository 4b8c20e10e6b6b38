"""What becomes of a promotion: published, paused, ended, limited, copied; its versions side by side."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.once import once
from merchants.models import Role
from promotions.actions.offers import (
    LIMITS,
    activate_promotion,
    end_promotion,
    pause_promotion,
    set_limits,
)
from promotions.actions.revising import bring_back, duplicate_promotion
from promotions.forms.offers.editor import offered_by, own_part, words_for, written
from promotions.forms.offers.heads import LimitsForm
from promotions.forms.offers.parts import Shop
from promotions.language.summary import differences, summary
from promotions.models import Promotion, PromotionVersion
from promotions.queries.offers import versions_of
from promotions.views.offers import find_promotion, promotion_context


def _version(promotion: Promotion, number: str | None) -> PromotionVersion:
    """Or 404."""
    rows = versions_of(promotion)
    if not number or not number.isascii() or not number.isdigit() or len(number) > 9:
        raise Http404
    version = rows.filter(number=int(number)).first()
    if version is None:
        raise Http404
    return version


def _back(request: MerchantRequest, pk: int) -> HttpResponse:
    return redirect("promotion_detail", request.merchant.slug, pk)


def _do(request: MerchantRequest, work: Any, done: str) -> None:
    try:
        work()
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, done)


@require_POST
@merchant_view(Role.EDITOR)
def promotion_publish(request: MerchantRequest, pk: int) -> HttpResponse:
    """The version that was confirmed decides from now on, whatever was written meanwhile."""
    promotion = find_promotion(request, pk)
    version = _version(promotion, request.POST.get("version"))
    if promotion.version and promotion.version.number > version.number:  # confirmed on a page from before that
        text = _("Version %(newer)s was published meanwhile. To go back to version %(number)s, bring it back first.")
        messages.error(request, text % {"newer": promotion.version.number, "number": version.number})
        return _back(request, pk)
    resumes = promotion.status == Promotion.Status.PAUSED and promotion.version_id == version.pk
    done = (
        _("The promotion decides again, within its period, everywhere within two seconds.")
        if resumes
        else _("Version %(number)s is published. It decides within its period, everywhere within two seconds.")
        % {"number": version.number}
    )
    _do(request, lambda: activate_promotion(promotion, number=version.number, staff=request.user), done)
    return _back(request, pk)


@require_POST
@merchant_view(Role.EDITOR)
def promotion_pause(request: MerchantRequest, pk: int) -> HttpResponse:
    promotion = find_promotion(request, pk)
    _do(request, lambda: pause_promotion(promotion, staff=request.user), _("The promotion is paused."))
    return _back(request, pk)


@require_POST
@merchant_view(Role.EDITOR)
def promotion_end(request: MerchantRequest, pk: int) -> HttpResponse:
    promotion = find_promotion(request, pk)
    _do(request, lambda: end_promotion(promotion, staff=request.user), _("The promotion has ended."))
    return _back(request, pk)


@require_POST
@merchant_view(Role.EDITOR)
@once
def promotion_duplicate(request: MerchantRequest, pk: int) -> HttpResponse:
    """A draft of the same, opened to be changed."""
    try:
        copy = duplicate_promotion(find_promotion(request, pk), staff=request.user)
    except DomainError as error:
        messages.error(request, str(error.message))
        return _back(request, pk)
    messages.success(request, _("This is the copy, a draft."))
    return redirect("promotion_edit", request.merchant.slug, copy.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
def promotion_limits(request: MerchantRequest, pk: int) -> HttpResponse:
    """How often it may be had; what was used until now counts."""
    promotion = find_promotion(request, pk)
    now = {name: getattr(promotion, name) for name in LIMITS}
    form = LimitsForm(request.POST if request.method == "POST" else None, shop=Shop(request.merchant), initial=now)
    if form.is_valid():
        _do(
            request,
            lambda: set_limits(promotion, form.limits(), staff=request.user),
            _("Saved. It counts from now on, with what was used until now."),
        )
        return _back(request, pk)
    context = promotion_context(request, promotion, "overview") | {"form": form}
    return render(request, "promotions/promotion_limits.html", context, status=422 if form.errors else 200)


# --- versions ----------------------------------------------------------------------------------------------------------


@merchant_view(Role.ANALYST)
def promotion_versions(request: MerchantRequest, pk: int) -> HttpResponse:
    """Every version with who wrote it, and what two of them say differently (``?from=&to=``)."""
    promotion = find_promotion(request, pk)
    versions = list(versions_of(promotion))
    words = words_for(request.merchant, *(version.definition for version in versions))
    rows = [{"version": version, "said": summary(offered_by(version), words)} for version in versions]
    context = promotion_context(request, promotion, "versions") | {"rows": rows}
    if "from" in request.GET or "to" in request.GET:
        before, after = (_version(promotion, request.GET.get(name)) for name in ("from", "to"))
        context |= {
            "before": before,
            "after": after,
            "differences": differences(offered_by(before), offered_by(after), words),
            "json": _side_by_side(before, after),
        }
    elif len(versions) > 1:
        context |= {"before": versions[1], "after": versions[0]}
    return render(request, "promotions/promotion_versions.html", context)


def _side_by_side(before: PromotionVersion, after: PromotionVersion) -> list[dict[str, Any]]:
    """Both documents line by line: what is gone, what is new, what stays. Ten thousand other products take no time."""
    old, new = (written(own_part(version.definition)).splitlines() for version in (before, after))
    rows: list[tuple[str, str, str]] = []
    for kind, start, end, new_start, new_end in SequenceMatcher(a=old, b=new).get_opcodes():
        if kind == "equal":
            rows += [("same", " ", line) for line in old[start:end]]
        else:
            rows += [("gone", "-", line) for line in old[start:end]]
            rows += [("new", "+", line) for line in new[new_start:new_end]]
    return [{"kind": kind, "mark": mark, "text": text} for kind, mark, text in rows]


@require_POST
@merchant_view(Role.EDITOR)
@once
def promotion_bring_back(request: MerchantRequest, pk: int) -> HttpResponse:
    """An old version as a new one; it still has to be published."""
    promotion = find_promotion(request, pk)
    version = _version(promotion, request.POST.get("version"))
    try:
        again = bring_back(promotion, version, staff=request.user)
    except DomainError as error:
        messages.error(request, str(error.message))
        return redirect("promotion_versions", request.merchant.slug, pk)
    messages.success(
        request,
        _("Version %(old)s is back as version %(number)s. It is not published yet.")
        % {"old": version.number, "number": again.number},
    )
    return redirect("promotion_versions", request.merchant.slug, pk)
