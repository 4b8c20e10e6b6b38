"""The list of customers as a file."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from core.door import MerchantRequest, merchant_view
from core.listing import list_rows
from core.models import Job
from customers.actions.exports import CSV, EXPORT, request_export
from customers.filters import CustomerFilter
from customers.forms.exports import ExportForm
from customers.models import Customer
from merchants.actions import record_audit
from merchants.models import Role


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
def customer_export(request: MerchantRequest) -> HttpResponse:
    """What of the list in the address (its filters and search) goes into the file; a worker writes it."""
    form = ExportForm(request.POST or None)
    if form.is_valid():
        job = request_export(request.merchant, query=request.GET.urlencode(), staff=request.user, **form.cleaned_data)
        return redirect("job_detail", request.merchant.slug, job.pk)
    listing = list_rows(request, CustomerFilter, Customer.objects.for_merchant(request.merchant).present(), size=1)
    context = {"form": form, "listing": listing}
    return render(request, "customers/export.html", context, status=422 if form.is_bound else 200)


@require_POST
@merchant_view(Role.EDITOR)
def customer_export_download(request: MerchantRequest, pk: int) -> HttpResponseBase:
    """The file, as long as it is kept. Who took it is in the audit log, so it is asked for by POST."""
    job = get_object_or_404(Job.objects.for_merchant(request.merchant).filter(kind=EXPORT), pk=pk)
    name = job.result.get("export", "")
    if not name or not default_storage.exists(name):
        raise Http404
    record_audit(request.merchant, "export.downloaded", staff=request.user, subject=job)
    is_csv = job.parameters["format"] == CSV
    day = timezone.localdate(job.finished_at)
    response = FileResponse(
        default_storage.open(name),
        as_attachment=True,
        filename=f"customers-{request.merchant.slug}-{day:%Y-%m-%d}.{'csv' if is_csv else 'jsonl'}",
        content_type="text/csv; charset=utf-8" if is_csv else "application/x-ndjson",
    )
    response["Cache-Control"] = "private, no-store"
    return response
