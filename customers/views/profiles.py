"""Customers: the list, and everything known about one."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.door import MerchantRequest, merchant_view
from core.listing import list_rows, render_list
from core.providers import customer_panels
from customers.actions.consent import record_objection
from customers.filters import CustomerFilter
from customers.models import Channel, Customer, CustomerQuerySet, Purpose
from customers.queries.consent import BasisDecision, may_we
from customers.queries.profiles import absorbed_into, known_traits
from customers.rules.legal_basis import Code
from customers.timeline import Cursor, by_day, chips, kinds_query, known_kinds, timeline
from merchants.models import Role


def _customers(request: MerchantRequest) -> CustomerQuerySet:
    """Also those who were erased: a link that somebody kept shows what became of them."""
    rows: CustomerQuerySet = Customer.objects.for_merchant(request.merchant)
    return rows.with_identities()


@merchant_view(Role.ANALYST)
def customer_list(request: MerchantRequest) -> HttpResponse:
    listing = list_rows(request, CustomerFilter, _customers(request).present().select_related("kpis"))
    return render_list(request, "customers/customer_list.html", listing)


@merchant_view(Role.ANALYST)
def customer_detail(request: MerchantRequest, pk: int) -> HttpResponse:
    """The whole page; for htmx, which asks when a chip above the timeline is chosen, the timeline alone."""
    customer = _customers(request).select_related("kpis", "merchant").filter(pk=pk).first()
    if customer is None:
        return _kept_instead(request, pk)
    if customer.erased_at:
        return render(request, "customers/customer_erased.html", {"customer": customer})
    shown = _timeline_context(request, customer)
    if request.htmx and request.htmx.target == "timeline" and not request.htmx.history_restore_request:
        response = render(request, "customers/customer_detail.html#timeline", {"customer": customer, **shown})
    else:
        response = render(request, "customers/customer_detail.html", _profile_context(request, customer) | shown)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _kept_instead(request: MerchantRequest, pk: int) -> HttpResponse:
    """A profile that was merged lives on in the one that was kept: old links lead there."""
    kept = absorbed_into(request.merchant, pk)
    if kept is None:
        raise Http404
    return redirect("customer_detail", request.merchant.slug, kept.pk)


def _profile_context(request: MerchantRequest, customer: Customer) -> dict[str, object]:
    advertising = _advertising(request, customer)
    panels = [provider(customer) for provider in customer_panels]
    return {
        "customer": customer,
        "average_order": customer.revenue // customer.orders_count if customer.orders_count else None,
        "wide_panels": [panel for panel in panels if panel.is_wide],
        "narrow_panels": [panel for panel in panels if not panel.is_wide],
        "traits": known_traits(customer),
        "may_object": request.role >= Role.SUPPORT and advertising.code != Code.OBJECTED,
    }


def _advertising(request: MerchantRequest, customer: Customer) -> BasisDecision:
    """May products be recommended to this person by e-mail? The question staff ask most."""
    purpose, address = Purpose.PRODUCT_RECOMMENDATIONS, customer.email
    return may_we(customer, merchant=request.merchant, purpose=purpose, channel=Channel.EMAIL, address=address)


@merchant_view(Role.ANALYST)
def customer_timeline(request: MerchantRequest, pk: int) -> HttpResponse:
    """Older entries of the timeline; without htmx the whole page from there on."""
    customer = get_object_or_404(_customers(request).present(), pk=pk)
    cursor = Cursor.read(request.GET.get("before", ""), request.GET.get("shown", ""))
    context = _timeline_context(request, customer, after=cursor)
    template = "parts/timeline.html" if request.htmx else "customers/customer_timeline.html"
    return render(request, template, {"customer": customer, **context})


def _timeline_context(
    request: MerchantRequest, customer: Customer, *, after: Cursor | None = None
) -> dict[str, object]:
    """A page of the timeline as the address asks for it. A fragment goes on with the day that was shown last."""
    kinds = known_kinds(request.GET.getlist("kind"))
    page = timeline(customer, after=after, kinds=kinds)
    more_url = ""
    if page.older:
        query = "&".join(part for part in (kinds_query(kinds), urlencode(page.older.as_query())) if part)
        more_url = f"{reverse('customer_timeline', args=[request.merchant.slug, customer.pk])}?{query}"
    return {
        "days": by_day(page.entries, after=after if request.htmx else None),
        "more_url": more_url,
        "chips": chips(kinds),
        "kinds": kinds,
    }


@require_POST
@merchant_view(Role.SUPPORT)
def customer_object(request: MerchantRequest, pk: int) -> HttpResponse:
    """Staff write down that this person objected to advertising, for every purpose and channel."""
    customer = get_object_or_404(_customers(request).present(), pk=pk)
    record_objection(customer, source="back office", staff=request.user)
    messages.success(request, _("The objection is recorded. No advertising reaches this person any more."))
    return redirect("customer_detail", request.merchant.slug, pk)
