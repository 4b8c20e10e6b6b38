"""Orders: the list, everything that happened to one, and the import of those of the past."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from core.door import MerchantRequest, merchant_view
from core.filters import JobFilter
from core.importing.report import rejected_file, report_context, report_listing
from core.listing import list_rows, render_list
from core.models import Job
from core.providers import order_panels
from merchants.models import Role
from orders.actions.imports import request_import
from orders.filters import OrderFilter, OrderRejectionFilter
from orders.forms import ImportForm
from orders.importing import IMPORT
from orders.importing.described import COLUMNS
from orders.importing.layouts import CXAPP_CSV, LAYOUTS
from orders.importing.reasons import reason_label
from orders.models import Order
from orders.queries import order_document


@merchant_view(Role.ANALYST)
def order_list(request: MerchantRequest) -> HttpResponse:
    orders = Order.objects.for_merchant(request.merchant).select_related("customer")
    named = orders.prefetch_related("customer__identities")
    return render_list(request, "orders/order_list.html", list_rows(request, OrderFilter, named))


@merchant_view(Role.ANALYST)
def order_detail(request: MerchantRequest, pk: int) -> HttpResponse:
    orders = Order.objects.for_merchant(request.merchant).select_related("customer", "merchant")
    order = get_object_or_404(orders.prefetch_related("customer__identities"), pk=pk)
    document = order_document(order)
    context = {
        "order": order,
        "document": document,
        "today": timezone.localdate(),
        "is_late": order.is_late(timezone.localdate()),
        "subtotal": sum(line.total for line in document.lines),
        "net": order.total - order.refunded,
        "panels": [provider(order) for provider in order_panels],
    }
    return render(request, "orders/order_detail.html", context)


def _imports(request: MerchantRequest) -> QuerySet[Job]:
    return Job.objects.for_merchant(request.merchant).filter(kind=IMPORT).select_related("asked_by")


@merchant_view(Role.ANALYST)
def import_list(request: MerchantRequest) -> HttpResponse:
    return render_list(request, "orders/import_list.html", list_rows(request, JobFilter, _imports(request)))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.EDITOR)
def import_start(request: MerchantRequest) -> HttpResponse:
    """The upload: a worker does the rest, and its progress is the next page."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        job = request_import(request.merchant, staff=request.user, **form.request())
        return redirect("import_detail", request.merchant.slug, job.pk)
    context = {"form": form, "columns": COLUMNS, "required": CXAPP_CSV.required}
    return render(request, "orders/import_start.html", context, status=422 if form.is_bound else 200)


@merchant_view(Role.ANALYST)
def import_detail(request: MerchantRequest, pk: int) -> HttpResponse:
    """What became of a file, and every row of it that was rejected."""
    job = get_object_or_404(_imports(request), pk=pk)
    tally = job.result.get("tally", {})
    counts: dict[str, int] = tally.get("reasons", {})
    listing = report_listing(request, OrderRejectionFilter, job, counts)
    columns = LAYOUTS[job.parameters["format"]].columns
    context = {"job": job, "tally": tally, **report_context(listing, counts, reason_label, columns)}
    return render_list(request, "orders/import_detail.html", listing, context, rows_in="core/imports/report.html")


@require_GET
@merchant_view(Role.ANALYST)
def import_rejected(request: MerchantRequest, pk: int) -> StreamingHttpResponse:
    """The rejected rows with all their columns: to be corrected and uploaded again."""
    job = get_object_or_404(_imports(request), pk=pk)
    return rejected_file(job, LAYOUTS[job.parameters["format"]].columns)
