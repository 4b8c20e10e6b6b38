"""Who is who: possible duplicates, two profiles side by side, merging and undoing it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.listing import list_rows, render_list
from customers.actions.duplicates import find_duplicates
from customers.actions.merging import dismiss_duplicate, merge_customers, unmerge, what_moves
from customers.filters import DuplicateFilter
from customers.models import Customer, CustomerQuerySet, Duplicate, Merge
from customers.queries.merging import blocked_identities, choices
from merchants.models import Role

CANDIDATES = 8


@merchant_view(Role.ANALYST)
def duplicate_list(request: MerchantRequest) -> HttpResponse:
    """Pairs that may be one person, side by side."""
    pairs = Duplicate.objects.for_merchant(request.merchant).open().select_related("first", "second")
    pairs = pairs.prefetch_related("first__identities", "second__identities")
    listing = list_rows(request, DuplicateFilter, pairs)
    context = {"blocked": blocked_identities(request.merchant.pk)}
    return render_list(request, "customers/duplicate_list.html", listing, context)


@require_POST
@merchant_view(Role.SUPPORT)
def duplicate_search(request: MerchantRequest) -> HttpResponse:
    """Look for duplicates now instead of tonight."""
    count = find_duplicates(request.merchant)
    text = ngettext("%(count)s pair may be one person.", "%(count)s pairs may be one person.", count)
    messages.success(request, text % {"count": count})
    return redirect("duplicate_list", request.merchant.slug)


@require_POST
@merchant_view(Role.SUPPORT)
def duplicate_dismiss(request: MerchantRequest, pk: int) -> HttpResponse:
    """Not the same person: nothing joins the two, and nobody is asked again."""
    pair = get_object_or_404(Duplicate.objects.for_merchant(request.merchant).select_related("first", "second"), pk=pk)
    dismiss_duplicate(pair, staff=request.user)
    messages.success(request, _("Noted: these are two people. They are kept apart and not suggested again."))
    return redirect("duplicate_list", request.merchant.slug)


def _customers(request: MerchantRequest) -> CustomerQuerySet:
    rows: CustomerQuerySet = Customer.objects.for_merchant(request.merchant).present()
    return rows.select_related("merchant").with_identities()


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.SUPPORT)
def customer_merge(request: MerchantRequest, pk: int) -> HttpResponse:
    """Choose another profile, see what becomes of both, and merge. ``pk`` is the one that is kept."""
    kept = get_object_or_404(_customers(request), pk=pk)
    if request.method == "POST":
        return _merge(request, kept)
    other = _other(request, kept, request.GET.get("other", ""))
    return _compare(request, kept, other) if other else _search(request, kept)


def _other(request: MerchantRequest, kept: Customer, pk: str) -> Customer | None:
    """The profile that the address names; 404 for one that is not there."""
    if not pk:
        return None
    other = _customers(request).exclude(pk=kept.pk).filter(pk=pk).first() if _is_id(pk) else None
    if other is None:
        raise Http404
    return other


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _search(request: MerchantRequest, kept: Customer) -> HttpResponse:
    text = request.GET.get("q", "").replace("\0", "").strip()[:200]
    found = _customers(request).exclude(pk=kept.pk).search(text).order_by("-pk")[:CANDIDATES] if text else []
    return render(request, "customers/customer_merge_search.html", {"customer": kept, "q": text, "found": found})


def _compare(request: MerchantRequest, kept: Customer, other: Customer, *, status: int = 200) -> HttpResponse:
    context = {
        "kept": kept,
        "other": other,
        "choices": choices(kept, other),
        "moving": what_moves(other),
        "is_unconfirmed": status != 200,
    }
    return render(request, "customers/customer_merge.html", context, status=status)


def _merge(request: MerchantRequest, kept: Customer) -> HttpResponse:
    other = _other(request, kept, request.POST.get("other", ""))
    if other is None:
        raise Http404
    if not request.POST.get("sure"):
        return _compare(request, kept, other, status=422)
    names = {"other": other.name, "kept": kept.name}
    try:
        merge_customers(kept, other, staff=request.user)
    except DomainError as error:
        messages.error(request, str(error.message))
        return redirect("customer_list", request.merchant.slug)
    messages.success(request, _("%(other)s is now part of %(kept)s. You can undo this on this page.") % names)
    return redirect("customer_detail", request.merchant.slug, kept.pk)


@require_POST
@merchant_view(Role.SUPPORT)
def merge_undo(request: MerchantRequest, pk: int) -> HttpResponse:
    """Two profiles again, with everything that was theirs."""
    merge = get_object_or_404(Merge.objects.for_merchant(request.merchant).select_related("merchant"), pk=pk)
    try:
        restored = unmerge(merge, staff=request.user)
    except DomainError as error:
        messages.error(request, str(error.message))
        return redirect("customer_detail", request.merchant.slug, merge.kept_id)
    messages.success(request, _("Undone: %(name)s has a profile of their own again.") % {"name": restored.name})
    return redirect("customer_detail", request.merchant.slug, restored.pk)
