"""Promotions are written: a new one, and a further version of one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.once import once
from merchants.models import Role
from promotions.actions.offers import PromotionData, VersionData, create_promotion
from promotions.actions.revising import free_key, revise_promotion
from promotions.forms.offers.editor import PromotionEditor, Start
from promotions.models import Promotion
from promotions.pricing.reading import UNWANTED
from promotions.queries.naming import suggestions
from promotions.queries.offers import versions_of
from promotions.views.offers import find_promotion

TEMPLATE = "promotions/promotion_form.html"
# What a button of the form asks for without saving.
ACT, SUMMARY = "do", "summary"


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
@once
def promotion_add(request: MerchantRequest) -> HttpResponse:
    """A new promotion: a draft."""
    data = request.POST if request.method == "POST" else None
    editor = PromotionEditor(request.merchant, start=Start(), data=data)
    context: dict[str, Any] = {}
    if data is not None and ACT not in data and editor.is_valid():
        try:
            promotion = create_promotion(request.merchant, _new(request, editor), staff=request.user)
        except DomainError as error:
            context["said"] = editor.summary()
            _blame(editor, error)
        else:
            messages.success(request, _("Saved as a draft. It decides on nothing before it is published."))
            return redirect("promotion_detail", request.merchant.slug, promotion.pk)
    return _page(request, editor, context)


def _new(request: MerchantRequest, editor: PromotionEditor) -> PromotionData:
    given = editor.head.cleaned_data
    assert editor.limits is not None
    return PromotionData(
        key=given["key"] or free_key(request.merchant, given["name"]),
        name=given["name"],
        version=_version(editor),
        limits=editor.limits.limits(),
    )


def _version(editor: PromotionEditor) -> VersionData:
    offered = editor.offered()
    return VersionData(definition=offered.definition, starts_at=offered.starts_at, ends_at=offered.ends_at)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
@once
def promotion_edit(request: MerchantRequest, pk: int) -> HttpResponse:
    """A further version; what decides stays as it is until it is published."""
    promotion = find_promotion(request, pk)
    if promotion.status == Promotion.Status.ENDED and request.method != "POST":
        return redirect("promotion_detail", request.merchant.slug, pk)
    data = request.POST if request.method == "POST" else None
    newest = versions_of(promotion)[0]
    start = Start.of(promotion, newest, seen=newest.number)
    editor = PromotionEditor(request.merchant, start=start, data=data, is_new=False)
    context: dict[str, Any] = {"promotion": promotion, "newest": newest}
    if data is not None and ACT not in data and editor.is_valid():
        try:
            given = editor.head.cleaned_data
            version = revise_promotion(
                promotion, given["name"], _version(editor), staff=request.user, seen=given["seen"]
            )
        except DomainError as error:
            context["said"] = editor.summary()
            _blame(editor, error)
            context["theirs"] = error.extra.get("newest")
        else:
            messages.success(
                request, _("Saved as version %(number)s. It is not published yet.") % {"number": version.number}
            )
            return redirect("promotion_detail", request.merchant.slug, pk)
    return _page(request, editor, context)


def _blame(editor: PromotionEditor, error: DomainError) -> None:
    """Say it where it belongs."""
    name = {"key_taken": "key", "ends_before_it_starts": "ends_at"}.get(error.code)
    editor.head.add_error(name if name in editor.head.fields else None, str(error.message))


def _page(request: MerchantRequest, editor: PromotionEditor, context: dict[str, Any]) -> HttpResponse:
    asked = request.POST.get(ACT, "")
    is_saved_in_vain = request.method == "POST" and not asked
    if asked == SUMMARY:
        return render(request, f"{TEMPLATE}#summary", context | {"editor": editor, **_said(editor)})
    if asked:
        editor.act(asked)
    editor.name_choices()
    context |= {"editor": editor, "flaws": editor.flaws() if is_saved_in_vain else []}
    if request.method != "POST":
        context["said"] = editor.started_with()
    elif (
        is_saved_in_vain and "said" not in context
    ):  # what was well written reads back, whatever kept it from being saved
        context |= _said(editor)
    if request.htmx and asked:
        return render(request, f"{TEMPLATE}#{'whole' if asked.startswith('as ') else 'definition'}", context)
    return render(request, TEMPLATE, context, status=422 if is_saved_in_vain else 200)


def _said(editor: PromotionEditor) -> dict[str, Any]:
    """The sentence, or what is still missing for one."""
    if editor.is_valid():
        return {"said": editor.summary()}
    return {"said": "", "missing": editor.flaws()[:3]}


@merchant_view(Role.ANALYST)
def promotion_suggest(request: MerchantRequest) -> HttpResponse:
    """Values to choose from while somebody types: ``source`` says of what, ``field`` in which field of the query."""
    source, name = request.GET.get("source", ""), request.GET.get("field", "")
    typed = request.GET.getlist(name)
    found = suggestions(request.merchant, source, UNWANTED.sub("", typed[-1][:200]) if typed else "")
    return render(request, "promotions/parts/suggestions.html", {"suggestions": found})
