"""Privacy requests: the queue, one request with its steps, the files and the receipt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.forms import KitForm
from core.listing import list_rows, render_list
from core.models import Job
from core.privacy import all_tables, stores
from core.templatetags.cx import day
from customers.actions.privacy.access import (
    export_name,
    issue_link,
    letterhead,
    link_token,
    request_export,
    request_of_link,
)
from customers.actions.privacy.erasure import erasure_counts, request_erasure
from customers.actions.privacy.requests import (
    assign_request,
    check_identity,
    complete_request,
    extend_deadline,
    lift_restriction,
    open_request,
    refuse_request,
)
from customers.forms.privacy import ERASE, CareForm, EraseForm, IdentityForm, OutcomeForm, ReasonForm, RequestForm
from customers.models import Customer, PrivacyRequest
from customers.privacy_filters import PrivacyRequestFilter
from merchants.models import Role

Kind = PrivacyRequest.Kind


def _requests(request: MerchantRequest) -> QuerySet[PrivacyRequest]:
    rows = PrivacyRequest.objects.for_merchant(request.merchant).select_related("customer", "assignee", "merchant")
    with_names: QuerySet[PrivacyRequest] = rows.prefetch_related("customer__identities")
    return with_names


def _one(request: MerchantRequest, pk: int) -> PrivacyRequest:
    return get_object_or_404(_requests(request).select_related("job", "closed_by", "identity_checked_by"), pk=pk)


@merchant_view(Role.SUPPORT)
def privacy_list(request: MerchantRequest) -> HttpResponse:
    """The queue, with the day by which each answer is due."""
    listing = list_rows(request, PrivacyRequestFilter, _requests(request))
    today = timezone.localdate()
    rows = [(row, row.urgency(today), (row.due_on - today).days) for row in listing.rows]
    return render_list(request, "customers/privacy_list.html", listing, {"requests": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.SUPPORT)
def privacy_new(request: MerchantRequest) -> HttpResponse:
    """Write a request down; opened from a profile it is about that profile."""
    customer = _customer_asked(request)
    kind = request.GET.get("kind", "")
    initial = {
        "kind": kind if kind in Kind.values else Kind.ACCESS,
        "received_on": timezone.localdate(),
        "contact": customer.email if customer else "",
    }
    form = RequestForm(request.POST or None, initial=initial)
    if form.is_valid():
        given = form.cleaned_data
        opened = open_request(
            request.merchant,
            kind=given["kind"],
            channel=given["channel"],
            customer=customer,
            contact=given["contact"],
            statement=given["statement"],
            received_at=given["received_on"],
            staff=request.user,
        )
        messages.success(request, _("The request is written down. The answer is due in a month."))
        return redirect("privacy_detail", request.merchant.slug, opened.pk)
    context = {"form": form, "customer": customer}
    return render(request, "customers/privacy_new.html", context, status=422 if form.is_bound else 200)


def _customer_asked(request: MerchantRequest) -> Customer | None:
    """The profile that the address names; None without one."""
    asked = request.GET.get("customer", "")
    if not asked:
        return None
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 18):
        raise Http404
    rows = Customer.objects.for_merchant(request.merchant).present().with_identities()
    return get_object_or_404(rows, pk=int(asked))


@require_GET
@merchant_view(Role.SUPPORT)
def privacy_detail(request: MerchantRequest, pk: int) -> HttpResponse:
    return _page(request, _one(request, pk))


def _page(
    request: MerchantRequest, found: PrivacyRequest, *, refused: KitForm | None = None, missing: str = ""
) -> HttpResponse:
    """The request with what can be done next; ``refused`` is a form that was sent with mistakes, ``missing`` says why
    what was asked for is not there."""
    today = timezone.localdate()
    asked = f"#{found.customer_id}" if found.customer else found.contact
    known = found.customer.email or found.customer.external_id or asked if found.customer else asked
    forms: dict[str, KitForm] = {
        "identity_form": IdentityForm(merchant=request.merchant, initial={"customer": known}),
        "extend_form": ReasonForm(prefix="extend"),
        "refuse_form": ReasonForm(prefix="refuse"),
        "lift_form": ReasonForm(prefix="lift"),
        "outcome_form": OutcomeForm(),
        "erase_form": EraseForm(),
        "care_form": CareForm(merchant=request.merchant, initial={"assignee": found.assignee_id, "notes": found.notes}),
    }
    if refused is not None:
        forms = {
            name: refused if type(form) is type(refused) and form.prefix == refused.prefix else form
            for name, form in forms.items()
        }
    may_erase = (
        found.is_open and found.kind == Kind.ERASURE and found.identity_checked_at is not None and found.customer
    )
    context = {
        "found": found,
        "urgency": found.urgency(today),
        "days_left": (found.due_on - today).days,
        "counts": erasure_counts(found.customer) if may_erase and found.customer else [],
        "may_erase": bool(may_erase),
        "word": ERASE,
        "is_running": found.job is not None and not found.job.is_finished,
        "link": _link(request, found),
        "receipt": _receipt(found),
        "missing": missing,
        **forms,
    }
    return render(request, "customers/privacy_detail.html", context, status=422 if refused is not None else 200)


def _link(request: MerchantRequest, found: PrivacyRequest) -> str:
    """The address for the person while it is valid."""
    if not found.file or found.link_until is None or found.link_until <= timezone.now():
        return ""
    return request.build_absolute_uri(reverse("privacy_link", args=[link_token(found)]))


def _receipt(found: PrivacyRequest) -> list[dict[str, Any]]:
    """What an erasure did, place by place, in the reader's language, with the reason for what stays."""
    tables = {table.label: table for table in all_tables()}
    places = {store.name: store for store in stores}
    lines = []
    for place in found.receipt.get("places", []):
        table, store = tables.get(place.get("table", "")), places.get(place.get("store", ""))
        title = table.title if table else store.title if store else place.get("table") or place.get("store")
        kept = table.reason if table and place["blanked"] else store.explanation if store else ""
        counts = {name: place[name] for name in ("deleted", "blanked")}
        details = [_detail(detail) for detail in place.get("details", [])]
        lines.append({"title": title, **counts, "reason": kept, "details": details})
    return lines


def _detail(detail: dict[str, Any]) -> str:
    """What a receipt says of one file."""
    if detail["what"] == "kept":
        count = detail["files"]
        return ngettext(
            "%(count)s file does not hold the person and stays.",
            "%(count)s files do not hold the person and stay.",
            count,
        ) % {"count": count}
    named = {"number": detail["number"], "at": day(datetime.fromisoformat(detail["at"]))}
    if detail["what"] == "export":
        text = _("Exported list no. %(number)s of %(at)s") % named
    else:
        text = _("Uploaded file no. %(number)s of %(at)s") % named
    why = _("held this person") if detail["why"] == "holds" else _("may have held this person")
    return f"{text}: {why}."


def _answer(request: MerchantRequest, pk: int, act: Callable[[], object], done: str) -> HttpResponse:
    """Do it and say so, or say why not; either way the request."""
    try:
        act()
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, done)
    return redirect("privacy_detail", request.merchant.slug, pk)


@require_POST
@merchant_view(Role.SUPPORT)
def privacy_check(request: MerchantRequest, pk: int) -> HttpResponse:
    found = _one(request, pk)
    form = IdentityForm(request.POST, merchant=request.merchant)
    if not form.is_valid():
        return _page(request, found, refused=form)
    customer, evidence = form.cleaned_data["customer"], form.cleaned_data["evidence"]
    return _answer(
        request,
        pk,
        lambda: check_identity(found, customer=customer, evidence=evidence, staff=request.user),
        _("The identity is checked."),
    )


@require_POST
@merchant_view(Role.SUPPORT)
def privacy_extend(request: MerchantRequest, pk: int) -> HttpResponse:
    found, form = _one(request, pk), ReasonForm(request.POST, prefix="extend")
    if not form.is_valid():
        return _page(request, found, refused=form)
    reason = form.cleaned_data["reason"]
    return _answer(
        request,
        pk,
        lambda: extend_deadline(found, reason=reason, staff=request.user),
        _("Extended by two months. Tell the person, and why."),
    )


@require_POST
@merchant_view(Role.SUPPORT)
def privacy_refuse(request: MerchantRequest, pk: int) -> HttpResponse:
    found, form = _one(request, pk), ReasonForm(request.POST, prefix="refuse")
    if not form.is_valid():
        return _page(request, found, refused=form)
    reason = form.cleaned_data["reason"]
    return _answer(
        request, pk, lambda: refuse_request(found, reason=reason, staff=request.user), _("The request is refused.")
    )


@require_POST
@merchant_view(Role.SUPPORT)
def privacy_lift(request: MerchantRequest, pk: int) -> HttpResponse:
    """The restriction ends."""
    found, form = _one(request, pk), ReasonForm(request.POST, prefix="lift")
    if not form.is_valid():
        return _page(request, found, refused=form)
    reason = form.cleaned_data["reason"]
    return _answer(
        request, pk, lambda: lift_restriction(found, reason=reason, staff=request.user), _("The restriction is lifted.")
    )


@require_POST
@merchant_view(Role.SUPPORT)
def privacy_complete(request: MerchantRequest, pk: int) -> HttpResponse:
    found, form = _one(request, pk), OutcomeForm(request.POST)
    if not form.is_valid():
        return _page(request, found, refused=form)
    outcome = form.cleaned_data["outcome"]
    return _answer(
        request, pk, lambda: complete_request(found, outcome=outcome, staff=request.user), _("The request is answered.")
    )


@require_POST
@merchant_view(Role.SUPPORT)
def privacy_care(request: MerchantRequest, pk: int) -> HttpResponse:
    found, form = _one(request, pk), CareForm(request.POST, merchant=request.merchant)
    if not form.is_valid():
        return _page(request, found, refused=form)
    given = form.cleaned_data
    return _answer(
        request,
        pk,
        lambda: assign_request(found, assignee=given["assignee"], notes=given["notes"], staff=request.user),
        _("Saved."),
    )


@require_POST
@merchant_view(Role.SUPPORT)
def privacy_export(request: MerchantRequest, pk: int) -> HttpResponse:
    found = _one(request, pk)
    return _answer(request, pk, lambda: request_export(found, staff=request.user), _("The data is being collected."))


@require_POST
@merchant_view(Role.EDITOR)
def privacy_erase(request: MerchantRequest, pk: int) -> HttpResponse:
    """The typed word starts it; it cannot be undone."""
    found, form = _one(request, pk), EraseForm(request.POST)
    if not form.is_valid():
        return _page(request, found, refused=form)
    return _answer(request, pk, lambda: request_erasure(found, staff=request.user), _("The erasure runs."))


@require_POST
@merchant_view(Role.SUPPORT)
def privacy_issue_link(request: MerchantRequest, pk: int) -> HttpResponse:
    found = _one(request, pk)
    return _answer(request, pk, lambda: issue_link(found, staff=request.user), _("The link is valid for two weeks."))


@require_GET
@merchant_view(Role.SUPPORT)
def privacy_download(request: MerchantRequest, pk: int) -> HttpResponse | FileResponse:
    """The files, for staff; where there are none, the request, which says why."""
    found = _one(request, pk)
    if found.file and default_storage.exists(found.file):
        return _file(found)
    return _page(request, found, missing=_why_no_file(found))


def _why_no_file(found: PrivacyRequest) -> str:
    if found.kind != Kind.ACCESS:
        return _("This request has no files: only a request for access collects some.")
    if found.job and not found.job.is_finished:
        return _("There is no file yet: the data is being collected.")
    if found.job is None:
        return _("There is no file yet: nobody has collected the data.")
    if found.job.state != Job.State.DONE:
        return _("There is no file: collecting the data did not end well. Start it again.")
    return _(
        "The file is no longer here: files of access requests are deleted after their period. Collect the data again."
    )


@require_GET
@merchant_view(Role.SUPPORT)
def privacy_receipt(request: MerchantRequest, pk: int) -> HttpResponse:
    """What an erasure did, to be printed; nothing was erased: the request, which says so."""
    found = _one(request, pk)
    if not found.receipt:
        return _page(request, found, missing=_("There is no receipt: nothing was erased for this request."))
    context = {"found": found, "receipt": _receipt(found), "letterhead": letterhead(request.merchant)}
    return render(request, "customers/privacy_receipt.html", context)


def _file(found: PrivacyRequest) -> FileResponse:
    if not found.file or not default_storage.exists(found.file):
        raise Http404
    return FileResponse(default_storage.open(found.file), as_attachment=True, filename=export_name(found))


@require_GET
@never_cache
def privacy_link(request: HttpRequest, token: str) -> HttpResponse | FileResponse:
    """What the person opens: the page with the button, or with ``?download`` the files. No login; the token is the secret."""
    found = request_of_link(token)
    if found is None:
        response: HttpResponse | FileResponse = render(request, "customers/privacy_link_unknown.html", status=404)
    elif "download" in request.GET:
        response = _file(found)
    else:
        language = (found.customer.locale if found.customer else "") or found.merchant.language
        with translation.override("de" if language.startswith("de") else "en"):
            context = {"found": found, "letterhead": letterhead(found.merchant)}
            response = render(request, "customers/privacy_link.html", context)
    response["X-Robots-Tag"] = "noindex"
    # The token must not travel on to the shop with the next click.
    response["Referrer-Policy"] = "no-referrer"
    return response
