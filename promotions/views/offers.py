"""Promotions: the list, and one at a glance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from core.door import MerchantRequest, merchant_view
from core.listing import list_rows, render_list
from merchants.models import Role
from promotions.forms.offers.editor import offered_by, words_for
from promotions.language.findings import Told, told
from promotions.language.summary import parts, say_limits, summary
from promotions.language.terms import AUDIENCES, LANES, TONES, audience_of
from promotions.models import Promotion, PromotionVersion
from promotions.offer_filters import PromotionFilter
from promotions.queries.checks import check_version, conflicts
from promotions.queries.offers import Shown, shown, versions_of


@merchant_view(Role.ANALYST)
def promotion_list(request: MerchantRequest) -> HttpResponse:
    """Every promotion with how it stands."""
    rows = Promotion.objects.for_merchant(request.merchant).select_related("version")
    listing = list_rows(request, PromotionFilter, rows)
    entries = shown(request.merchant, listing.rows, timezone.now())
    words = words_for(request.merchant, *(entry.version.definition for entry in entries))
    marked = conflicts(request.merchant) if entries else {}
    promotions = [
        _row(entry)
        | {
            "said": summary(offered_by(entry.version), words),
            "conflicts": marked.get(entry.promotion.key, 0),
        }
        for entry in entries
    ]
    return render_list(request, "promotions/promotion_list.html", listing, {"promotions": promotions})


def _row(entry: Shown) -> dict[str, Any]:
    definition = entry.version.definition
    audience, icon = AUDIENCES[audience_of(definition)]
    return {
        "promotion": entry.promotion,
        "version": entry.version,
        "standing": entry.standing.label,
        "tone": TONES[entry.standing],
        "lane": LANES.get(definition.get("lane", "order"), ""),
        "audience": audience,
        "icon": icon,
        "use": entry.use,
        "share": entry.spent_share,
    }


def find_promotion(request: MerchantRequest, pk: int) -> Promotion:
    """Or 404: one of this shop, with its version."""
    rows = Promotion.objects.for_merchant(request.merchant).select_related("merchant", "version")
    return get_object_or_404(rows, pk=pk)


def promotion_context(request: MerchantRequest, promotion: Promotion, page: str) -> dict[str, Any]:
    """What ``promotion_base.html`` needs: the head of every screen of one promotion."""
    newest = versions_of(promotion).first()
    standing = promotion.standing_at(timezone.now())
    return {
        "page": page,
        "promotion": promotion,
        "newest": newest,
        "version": promotion.version or newest,
        "has_draft": promotion.version is not None and newest is not None and newest.pk != promotion.version_id,
        "standing": standing.label,
        "tone": TONES[standing],
    }


@merchant_view(Role.ANALYST)
def promotion_detail(request: MerchantRequest, pk: int) -> HttpResponse:
    """What it says, how it stands, and what became of it."""
    promotion = find_promotion(request, pk)
    context = promotion_context(request, promotion, "overview")
    context |= _said(request, promotion, context["version"], context["newest"])
    context["findings"] = _findings(request, promotion, context["newest"])
    context["row"] = next((_row(entry) for entry in shown(request.merchant, [promotion], timezone.now())), None)
    return render(request, "promotions/promotion_detail.html", context)


def _findings(request: MerchantRequest, promotion: Promotion, newest: PromotionVersion | None) -> list[Told]:
    """What a check says of the newest version, should it decide; nothing of what has ended."""
    if newest is None or promotion.status == Promotion.Status.ENDED:
        return []
    newest.promotion = promotion
    found = told(request.merchant, check_version(newest).findings)
    return [replace(one, promotions=[other for other in one.promotions if other[0] != promotion.pk]) for one in found]


def _said(
    request: MerchantRequest, promotion: Promotion, version: PromotionVersion | None, newest: PromotionVersion | None
) -> dict[str, Any]:
    """The promotion in words: what decides (or would), and what is to be published."""
    if version is None or newest is None:
        return {}
    words = words_for(request.merchant, version.definition, newest.definition)
    offered = offered_by(version, promotion)
    return {
        "said": summary(offered, words),
        "parts": parts(offered, words),
        "limits": say_limits(offered.limits, words),
        "to_publish": summary(offered_by(newest, promotion), words),
    }
