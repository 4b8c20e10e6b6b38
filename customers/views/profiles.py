"""Customers: the list, and everything known about one."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.door import MerchantRequest, merchant_view
from core.listing import list_rows, render_list
from core.providers import customer_panels
from customers.actions.consent import record_objection
from customers.filters import CustomerFilter
from customers.models import Channel, ConsentRecord, Customer, Purpose
from customers.queries.consent import BasisDecision, may_we
from customers.rules.legal_basis import Code
from customers.timeline import timeline
from merchants.models import Role


def _customers(request: MerchantRequest) -> QuerySet[Customer]:
    return Customer.objects.for_merchant(request.merchant).with_identities()


@merchant_view(Role.ANALYST)
def customer_list(request: MerchantRequest) -> HttpResponse:
    listing = list_rows(request, CustomerFilter, _customers(request))
    return render_list(request, "customers/customer_list.html", listing)


@merchant_view(Role.ANALYST)
def customer_detail(request: MerchantRequest, pk: int) -> HttpResponse:
    customer = get_object_or_404(_customers(request), pk=pk)
    advertising = _advertising(request, customer)
    context = {
        "customer": customer,
        "average_order": customer.revenue // customer.orders_count if customer.orders_count else None,
        "panels": [provider(customer) for provider in customer_panels],
        **_consent_context(customer),
        "advertising": advertising,
        "may_object": request.role >= Role.SUPPORT and advertising.code != Code.OBJECTED,
        **_timeline_context(request, customer, before=None),
    }
    return render(request, "customers/customer_detail.html", context)


def _consent_context(customer: Customer) -> dict[str, object]:
    """Decisions one by one; of the notices, which come with every purchase, the newest and how many."""
    records = ConsentRecord.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    newest_first = records.order_by("-occurred_at", "-id")
    notices = newest_first.filter(kind=ConsentRecord.Kind.NOTICE_SHOWN)
    return {
        "decisions": newest_first.exclude(kind=ConsentRecord.Kind.NOTICE_SHOWN)[:20],
        "notice": notices.first(),
        "notice_count": notices.count(),
    }


def _advertising(request: MerchantRequest, customer: Customer) -> BasisDecision:
    """May products be recommended to this person by e-mail? The question staff ask most."""
    purpose, address = Purpose.PRODUCT_RECOMMENDATIONS, customer.email
    return may_we(customer, merchant=request.merchant, purpose=purpose, channel=Channel.EMAIL, address=address)


@merchant_view(Role.ANALYST)
def customer_timeline(request: MerchantRequest, pk: int) -> HttpResponse:
    """Older entries of the timeline; without htmx the whole page from there on."""
    customer = get_object_or_404(_customers(request), pk=pk)
    context = _timeline_context(request, customer, before=_moment(request.GET.get("before", "")))
    template = "parts/timeline.html" if request.htmx else "customers/customer_timeline.html"
    return render(request, template, {"customer": customer, **context})


def _timeline_context(request: MerchantRequest, customer: Customer, *, before: datetime | None) -> dict[str, object]:
    page = timeline(customer, before=before)
    url = reverse("customer_timeline", args=[request.merchant.slug, customer.pk])
    more_url = f"{url}?{urlencode({'before': page.until.isoformat()})}" if page.more and page.until else ""
    return {"entries": page.entries, "more_url": more_url}


def _moment(text: str) -> datetime | None:
    """The keyset in the address; None for one that is not ours."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is None or timezone.is_aware(found) else None


@require_POST
@merchant_view(Role.SUPPORT)
def customer_object(request: MerchantRequest, pk: int) -> HttpResponse:
    """Staff write down that this person objected to advertising, for every purpose and channel."""
    customer = get_object_or_404(_customers(request), pk=pk)
    record_objection(customer, source="back office", staff=request.user)
    messages.success(request, _("The objection is recorded. No advertising reaches this person any more."))
    return redirect("customer_detail", request.merchant.slug, pk)
