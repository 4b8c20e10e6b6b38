"""A version is tried on a cart, alone and beside what is active."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from merchants.models import Role
from promotions.forms.offers.editor import offered_by, words_for
from promotions.forms.offers.parts import Shop
from promotions.forms.offers.trial import SOURCES, TrialForm
from promotions.language.outcomes import lines_of, tell
from promotions.language.summary import summary
from promotions.language.words import Words
from promotions.models import Promotion, PromotionVersion
from promotions.queries.naming import labels_of
from promotions.queries.offers import versions_of
from promotions.trying import Tried, try_version
from promotions.views.offers import find_promotion, promotion_context


@merchant_view(Role.ANALYST)
def promotion_try(request: MerchantRequest, pk: int) -> HttpResponse:
    """The question lives in the address; nothing is stored and nothing is counted."""
    promotion = find_promotion(request, pk)
    versions = versions_of(promotion)
    version = _asked_version(request, versions)
    form = TrialForm(request.GET, shop=Shop(request.merchant))
    context = promotion_context(request, promotion, "try") | {
        "form": form,
        "sources": [{"key": key, "label": label, "icon": icon} for key, (label, icon) in SOURCES.items()],
        "versions": versions,
        "tried_version": version,
        "said": summary(offered_by(version, promotion), words_for(request.merchant, version.definition)),
    }
    if form.is_bound and form.is_valid():
        context |= _answer(request, promotion, version, form)
    return render(request, "promotions/promotion_try.html", context)


def _asked_version(request: MerchantRequest, versions: QuerySet[PromotionVersion]) -> PromotionVersion:
    asked = request.GET.get("version", "")
    if asked.isascii() and asked.isdigit() and len(asked) < 10:
        return get_object_or_404(versions, number=int(asked))
    return versions[0]


def _answer(
    request: MerchantRequest, promotion: Promotion, version: PromotionVersion, form: TrialForm
) -> dict[str, Any]:
    basket, at = form.basket(), form.moment
    try:
        tried = try_version(request.merchant, version, basket, at=at, lenient=form.source == "order")
    except DomainError as error:
        form.add_error(None, str(error.message))
        return {}
    words = _words(request, tried)
    is_outside = bool((version.starts_at and at < version.starts_at) or (version.ends_at and at >= version.ends_at))
    return {
        "tried": tried,
        "basket": basket,
        "order": form.cleaned_data.get("order"),
        "is_outside": is_outside,
        "ways": [
            {
                "title": title,
                "lines": lines_of(decision, words),
                "decision": decision,
                "told": tell(decision, words),
            }
            for title, decision in (
                (_("This version alone"), tried.alone),
                (_("Together with what is active"), tried.together),
            )
        ],
        "original": tried.alone["total"] + tried.alone["discount"],
        "alone": tried.alone["total"],
        "before": tried.before["total"],
        "together": tried.together["total"],
        "as_cart": _as_cart(version, basket.lines),
    }


def _words(request: MerchantRequest, tried: Tried) -> Words:
    """With the titles of all that is in the carts, and of what is missing."""
    words = words_for(request.merchant, *({"missing": entry["explanations"]} for entry in tried.decisions))
    skus = {("product", line["sku"]) for line in tried.alone["lines"]}
    gifts = {("product", gift["sku"]) for entry in tried.decisions for gift in entry["gifts"]}
    out = {("promotion", entry["promotion"]) for decision in tried.decisions for entry in decision["used_up"]}
    labels = {**words.labels, **labels_of(request.merchant, skus | gifts | out)}
    return Words(words.currency, words.zone, labels)


def _as_cart(version: PromotionVersion, lines: Any) -> str:
    """The same lines as a cart that can be changed."""
    query = QueryDict(mutable=True)
    query["source"], query["version"] = "cart", str(version.number)
    query.setlist("sku", [line["sku"] for line in lines])
    query.setlist("quantity", [str(line["quantity"]) for line in lines])
    return query.urlencode()
