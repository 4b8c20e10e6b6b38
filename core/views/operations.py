"""Operations: is the system healthy, what long work runs, which deliveries failed."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.events import retry_deliveries, retry_delivery
from core.filters import DeliveryFilter, JobFilter
from core.health import system_health
from core.jobs import cancel_job
from core.listing import list_rows, render_list
from core.models import Delivery, Job
from core.providers import job_panels
from merchants.models import Role

SHOWN_LINES = 500


def _jobs(request: MerchantRequest) -> QuerySet[Job]:
    return Job.objects.for_merchant(request.merchant).select_related("asked_by")


@merchant_view(Role.ANALYST)
def operations(request: MerchantRequest) -> HttpResponse:
    """Health at a glance, running work, and what failed."""
    failed = Delivery.objects.for_merchant(request.merchant).failed()
    context = {
        "health": system_health(request.merchant),
        "running": _jobs(request).unfinished().order_by("-id")[:10],  # type: ignore[attr-defined]  # JobQuerySet
        "recent": _jobs(request).filter(finished_at__isnull=False).order_by("-id")[:5],
        "failed": failed.order_by("-id")[:5],
    }
    return render(request, "core/operations/overview.html", context)


@merchant_view(Role.ANALYST)
def job_list(request: MerchantRequest) -> HttpResponse:
    return render_list(request, "core/operations/job_list.html", list_rows(request, JobFilter, _jobs(request)))


@merchant_view(Role.ANALYST)
def job_detail(request: MerchantRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(_jobs(request), pk=pk)
    panels = [panel for provider in job_panels if (panel := provider(job))]
    context = {"job": job, "panels": panels, "log": job.log_lines.all()[:SHOWN_LINES]}
    return render(request, "core/operations/job_detail.html", context)


@merchant_view(Role.ANALYST)
def job_progress(request: MerchantRequest, pk: int) -> HttpResponse:
    """The progress part alone; it asks for itself until the job has ended, then the page is loaded anew."""
    job = get_object_or_404(_jobs(request), pk=pk)
    response = render(request, "parts/job.html", {"job": job})
    if job.is_finished:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@merchant_view(Role.SUPPORT)
def job_cancel(request: MerchantRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(_jobs(request), pk=pk)
    is_late = False
    try:
        cancel_job(job)
    except DomainError as error:
        messages.error(request, str(error.message))
        is_late = True
    if not request.htmx:
        return redirect("job_detail", request.merchant.slug, pk)
    job.refresh_from_db()
    response = render(request, "parts/job.html", {"job": job})
    if job.is_finished and not is_late:  # it had not begun yet: what the page says of it is out of date
        response["HX-Refresh"] = "true"
    return response


@merchant_view(Role.ANALYST)
def delivery_list(request: MerchantRequest) -> HttpResponse:
    deliveries = Delivery.objects.for_merchant(request.merchant)
    listing = list_rows(request, DeliveryFilter, deliveries)
    return render_list(
        request, "core/operations/delivery_list.html", listing, {"has_failed": deliveries.failed().exists()}
    )


@require_POST
@merchant_view(Role.SUPPORT)
def delivery_retry(request: MerchantRequest, pk: int) -> HttpResponse:
    delivery = get_object_or_404(Delivery.objects.for_merchant(request.merchant), pk=pk)
    if retry_delivery(delivery):
        messages.success(request, _("The delivery will be tried again at once."))
    else:
        messages.info(request, _("This delivery is not failed any more."))
    if not request.htmx:
        return redirect("delivery_list", request.merchant.slug)
    delivery.refresh_from_db()
    return render(request, "core/operations/delivery_list.html#row", {"delivery": delivery})


@require_POST
@merchant_view(Role.SUPPORT)
def delivery_retry_all(request: MerchantRequest) -> HttpResponse:
    count = retry_deliveries(request.merchant)
    messages.success(
        request,
        ngettext("%(count)s delivery will be tried again.", "%(count)s deliveries will be tried again.", count)
        % {"count": count},
    )
    return redirect("delivery_list", request.merchant.slug)
