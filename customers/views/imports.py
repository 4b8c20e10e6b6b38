"""Importing customers: upload, what the columns mean, trial, import, report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.importing.report import rejected_file, report_context, report_listing
from core.listing import list_rows, render_list
from customers.actions.imports import request_import, store_upload
from customers.filters import CustomerRejectionFilter, ImportFilter
from customers.forms.imports import CustomerUploadForm, MappingForm, samples
from customers.importing.reading import open_people
from customers.importing.reasons import reason_label
from customers.models import CustomerImport
from merchants.models import Role


def _imports(request: MerchantRequest) -> QuerySet[CustomerImport]:
    return CustomerImport.objects.for_merchant(request.merchant).select_related("job", "staff", "merchant")


@merchant_view(Role.ANALYST)
def customer_import_list(request: MerchantRequest) -> HttpResponse:
    listing = list_rows(request, ImportFilter, _imports(request))
    return render_list(request, "customers/import_list.html", listing)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
def customer_import_start(request: MerchantRequest) -> HttpResponse:
    """The upload. The file is read to its end here, so that one that is broken is refused at once."""
    form = CustomerUploadForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            imported = store_upload(request.merchant, form.cleaned_data["file"], staff=request.user)
        except DomainError as error:
            form.add_error("file", str(error.message))
        else:
            return redirect("customer_import_mapping", request.merchant.slug, imported.pk)
    return render(request, "customers/import_start.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
def customer_import_mapping(request: MerchantRequest, pk: int) -> HttpResponse:
    """What each column means, with the first rows beside it; ``trial`` in the form writes nothing but the report."""
    imported = get_object_or_404(_imports(request), pk=pk)
    form = MappingForm(request.POST if request.method == "POST" else None, imported=imported)
    if form.is_valid():
        try:
            request_import(
                imported, mapping=form.cleaned_data["mapping"], dry_run="trial" in request.POST, staff=request.user
            )
        except DomainError as error:
            form.add_error(None, str(error.message))
        else:
            return redirect("customer_import_detail", request.merchant.slug, pk)
    shown = _samples(imported)
    columns = [(name, field, shown.get(name, [])) for name, field in form.columns]
    context = {"imported": imported, "form": form, "columns": columns}
    return render(request, "customers/import_mapping.html", context, status=422 if form.is_bound else 200)


def _samples(imported: CustomerImport) -> dict[str, list[str]]:
    if not imported.upload or not default_storage.exists(imported.upload):
        return {}
    file = open_people(Path(default_storage.path(imported.upload)))
    return samples(file.header, file.sample())


@require_POST
@merchant_view(Role.EDITOR)
def customer_import_confirm(request: MerchantRequest, pk: int) -> HttpResponse:
    """After a trial: the same file with the same columns, for good."""
    imported = get_object_or_404(_imports(request), pk=pk)
    try:
        request_import(imported, mapping=imported.mapping, dry_run=False, staff=request.user)
    except DomainError as error:
        messages.error(request, str(error.message))
    return redirect("customer_import_detail", request.merchant.slug, pk)


@merchant_view(Role.ANALYST)
def customer_import_detail(request: MerchantRequest, pk: int) -> HttpResponse:
    """What became of a file, and every row of it that was rejected."""
    imported = get_object_or_404(_imports(request), pk=pk)
    context: dict[str, Any] = {"imported": imported, "job": imported.job, "tally": {}}
    if imported.job is None:
        return render(request, "customers/import_detail.html", context)
    tally = imported.job.result.get("tally", {})
    counts: dict[str, int] = tally.get("reasons", {})
    listing = report_listing(request, CustomerRejectionFilter, imported.job, counts)
    context |= {"tally": tally, **report_context(listing, counts, reason_label, imported.header)}
    return render_list(request, "customers/import_detail.html", listing, context, rows_in="core/imports/report.html")


@require_POST
@merchant_view(Role.EDITOR)
def customer_import_rejected(request: MerchantRequest, pk: int) -> HttpResponseBase:
    """The rejected rows with all their columns: to be corrected and uploaded again. Personal data leaves: by POST."""
    imported = get_object_or_404(_imports(request).filter(job__isnull=False), pk=pk)
    assert imported.job is not None
    return rejected_file(imported.job, imported.header)
