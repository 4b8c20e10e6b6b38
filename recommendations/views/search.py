"""The search's screens: what people searched for, the synonyms, and a search to try."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.charts import Chart, Series
from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.exports import csv_response
from core.listing import list_rows, render_list
from merchants.models import Role
from recommendations.forms.search import ReportForm, SynonymFilter, SynonymForm, TryForm
from recommendations.models import Synonym
from recommendations.models.search import LONGEST_TERM
from recommendations.search.actions import add_synonym, delete_synonym, edit_synonym
from recommendations.search.report import MOST_EXPORTED, MOST_SHOWN, Period
from recommendations.search.searching import Searcher, search
from recommendations.search.synonyms import forget as forget_synonyms

TRIED = 24


@merchant_view(Role.ANALYST)
def search_report(request: MerchantRequest) -> HttpResponse:
    """What people searched for; at first what they did not find. Whoever only narrows the table gets the table alone."""
    form = ReportForm(request.GET)
    period, missed_only, containing = _asked(request, form)
    context: dict[str, Any] = {
        "form": form,
        "terms": period.terms(missed_only=missed_only, containing=containing),
        "missed_only": missed_only,
        "containing": containing,
        "days": period.days,
        "most": MOST_SHOWN,
        "totals": period.totals(),
        "tab": "report",
    }
    if request.htmx and not request.htmx.history_restore_request:
        response = render(request, "recommendations/search/report.html#rows", context)
    else:
        response = render(request, "recommendations/search/report.html", context | _figures(period))
    patch_vary_headers(response, ["HX-Request"])
    return response


def _asked(request: MerchantRequest, form: ReportForm) -> tuple[Period, bool, str]:
    period = Period(request.merchant, form.asked("days", 30))
    return period, form.asked("show", "missed") == "missed", form.asked("q", "")


def _figures(period: Period) -> dict[str, Any]:
    days, searches, missed = period.by_day()
    earlier = period.earlier_searches()
    chart = Chart(
        key="search-chart",
        title=_("Searches per day"),
        axis=_("Day"),
        days=days,
        series=[Series(_("Searches"), searches), Series(_("Without result"), missed, kind="line")],
    )
    return {
        "change": sum(searches) / earlier - 1 if earlier else None,
        "chart": chart,
        "synonyms": Synonym.objects.for_merchant(period.merchant).count(),
    }


@merchant_view(Role.ANALYST)
def search_export(request: MerchantRequest) -> HttpResponseBase:
    """The report as it is narrowed, without its limit of rows."""
    period, missed_only, containing = _asked(request, ReportForm(request.GET))
    header = [_("Search term"), _("Searches"), _("Without result"), _("Last searched")]
    terms = period.terms(missed_only=missed_only, containing=containing, limit=MOST_EXPORTED)
    rows = ([term.text, term.searches, term.missed, term.last.isoformat()] for term in terms)
    return csv_response("searches.csv", header, rows)


@merchant_view(Role.ANALYST)
def search_try(request: MerchantRequest) -> HttpResponse:
    """A search as a customer would see it, with what it was understood as and why things stand where they stand."""
    form = TryForm(request.GET if "q" in request.GET else None, merchant=request.merchant)
    context: dict[str, Any] = {"form": form, "tab": "try"}
    if form.is_valid():
        customer = form.cleaned_data["customer"]
        searcher = Searcher(customer_id=customer.pk if customer else None)
        found = search(request.merchant, form.cleaned_data["q"], searcher=searcher, limit=TRIED)
        context |= {"found": found, "customer": customer, "typed": form.cleaned_data["q"]}
    is_part = request.htmx and not request.htmx.history_restore_request
    response = render(request, f"recommendations/search/try.html{'#found' if is_part else ''}", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@merchant_view(Role.ANALYST)
def synonym_list(request: MerchantRequest) -> HttpResponse:
    listing = list_rows(request, SynonymFilter, Synonym.objects.for_merchant(request.merchant))
    return render_list(request, "recommendations/search/synonym_list.html", listing, {"tab": "synonyms"})


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
def synonym_add(request: MerchantRequest) -> HttpResponse:
    """A new synonym, at first for what somebody searched for in vain."""
    if request.method != "POST":
        form = SynonymForm(initial={"words": request.GET.get("words", "")[:LONGEST_TERM]})
        return render(request, "recommendations/search/synonym_form.html", {"form": form})
    form = SynonymForm(request.POST)
    if form.is_valid():
        try:
            add_synonym(request.merchant, form.data_given, staff=request.user)
        except DomainError as error:
            form.add_error(error.field, str(error.message))
        else:
            return _saved(request)
    return render(request, "recommendations/search/synonym_form.html", {"form": form}, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
def synonym_edit(request: MerchantRequest, pk: int) -> HttpResponse:
    synonym = get_object_or_404(Synonym.objects.for_merchant(request.merchant).select_related("merchant"), pk=pk)
    if request.method != "POST":
        return _edit_form(request, synonym, SynonymForm.of(synonym), 200)
    form = SynonymForm(request.POST)
    if form.is_valid():
        try:
            edit_synonym(synonym, form.data_given, seen=form.cleaned_data["seen"], staff=request.user)
        except DomainError as error:
            # What was typed stays; from here on the newer state is what was seen.
            form = SynonymForm(request.POST.dict() | {"seen": synonym.changed_at.isoformat()})
            form.add_error(None, str(error.message))
        else:
            return _saved(request)
    return _edit_form(request, synonym, form, 422)


def _edit_form(request: MerchantRequest, synonym: Synonym, form: SynonymForm, status: int) -> HttpResponse:
    context = {"form": form, "synonym": synonym}
    return render(request, "recommendations/search/synonym_form.html", context, status=status)


def _saved(request: MerchantRequest) -> HttpResponse:
    forget_synonyms()
    messages.success(request, _("Saved. Searches know it within seconds."))
    return redirect("synonym_list", request.merchant.slug)


@require_POST
@merchant_view(Role.EDITOR)
def synonym_delete(request: MerchantRequest, pk: int) -> HttpResponse:
    synonym = get_object_or_404(Synonym.objects.for_merchant(request.merchant).select_related("merchant"), pk=pk)
    delete_synonym(synonym, staff=request.user)
    forget_synonyms()
    messages.success(request, _("Deleted."))
    return redirect("synonym_list", request.merchant.slug)
