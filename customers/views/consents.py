"""Consents in the back office: recording and proving them, the texts, and addresses that must not be written to."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from customers.actions.consent import lift_bounce, record_consent, record_objection, record_withdrawal
from customers.actions.consent_texts import add_consent_text
from customers.forms.consents import AddressForm, ConsentForm, ConsentTextForm
from customers.models import Channel, ConsentRecord, ConsentText, Customer, Suppression
from customers.queries.consent_texts import text_entries
from customers.queries.suppression import suppressions_of
from merchants.models import Merchant, Role, Staff

BACK_OFFICE = "back office"


@merchant_view(Role.SUPPORT)
def consent_record(request: MerchantRequest, pk: int) -> HttpResponse:
    """Staff write down what a person told them: a consent with its evidence, a withdrawal, an objection."""
    customer = get_object_or_404(Customer.objects.for_merchant(request.merchant).present().with_identities(), pk=pk)
    form = ConsentForm(request.POST if request.method == "POST" else None, merchant=request.merchant)
    if form.is_valid():
        _record(customer, form.cleaned_data, request.user)
        messages.success(request, _("Recorded. It counts at once."))
        return redirect("customer_detail", request.merchant.slug, pk)
    context = {"customer": customer, "form": form, "has_texts": form.fields["text"].queryset.exists()}  # type: ignore[attr-defined]  # a TextChoiceField
    return render(request, "customers/consent_record.html", context, status=422 if form.errors else 200)


def _record(customer: Customer, told: dict[str, Any], staff: Staff) -> ConsentRecord:
    about: dict[str, Any] = {
        "purpose": told["purpose"],
        "channel": told["channel"],
        "source": told["source"],
        "evidence": {"evidence": told["evidence"], "recorded_by": str(staff)} if told["evidence"] else {},
        "staff": staff,
    }
    at = told["occurred_at"]
    if told["kind"] == ConsentRecord.Kind.WITHDRAWN:
        return record_withdrawal(customer, withdrawn_at=at, **about)
    if told["kind"] == ConsentRecord.Kind.OBJECTED:
        return record_objection(customer, objected_at=at, **about)
    return record_consent(customer, text=told["text"], given_at=at, **about)


@merchant_view(Role.ANALYST)
def consent_proof(request: MerchantRequest, pk: int) -> HttpResponse:
    """One record with everything that proves it, to be printed."""
    records = ConsentRecord.objects.for_merchant(request.merchant).select_related("customer", "text")
    record = get_object_or_404(records.prefetch_related("customer__identities"), pk=pk)
    context = {"record": record, "customer": record.customer, "printed_at": timezone.now()}
    return render(request, "customers/consent_proof.html", context)


@merchant_view(Role.OWNER)
def consent_text_list(request: MerchantRequest) -> HttpResponse:
    context = {"entries": text_entries(request.merchant), "page": "consent_texts"}
    return render(request, "customers/settings/consent_texts.html", context)


@merchant_view(Role.OWNER)
def consent_text_add(request: MerchantRequest) -> HttpResponse:
    """A new version, begun with the words of the one in ``?from=``; nothing that was agreed to changes."""
    if request.method == "POST":
        form = ConsentTextForm(request.POST)
        if form.is_valid() and _added(request, form):
            messages.success(request, _("Saved. From now on people are asked with these words."))
            return redirect("consent_text_list", request.merchant.slug)
    else:
        form = ConsentTextForm(initial=_beginning(request.merchant, request.GET.get("from", "")))
    context = {"form": form, "page": "consent_texts"}
    status = 422 if form.errors else 200
    return render(request, "customers/settings/consent_text_add.html", context, status=status)


def _added(request: MerchantRequest, form: ConsentTextForm) -> bool:
    try:
        add_consent_text(request.merchant, **form.cleaned_data, staff=request.user)
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return False
    return True


def _beginning(merchant: Merchant, pk: str) -> dict[str, Any]:
    """What the form starts with: an earlier version's words, else a suggestion for a newsletter."""
    texts = ConsentText.objects.for_merchant(merchant)
    earlier = texts.filter(pk=int(pk)).first() if pk.isascii() and pk.isdigit() and len(pk) < 19 else None
    year = timezone.localdate().year
    versions = set(texts.filter(version__startswith=f"{year}-").values_list("version", flat=True))
    number = next(n for n in range(1, len(versions) + 2) if f"{year}-{n}" not in versions)
    begun: dict[str, Any] = {"version": f"{year}-{number}", "language": merchant.language, "channels": [Channel.EMAIL]}
    if earlier:
        begun |= {name: getattr(earlier, name) for name in ("language", "purposes", "channels", "text")}
    return begun


@merchant_view(Role.SUPPORT)
def suppression_lookup(request: MerchantRequest) -> HttpResponse:
    """Whether one address must not be written to. Asked by POST: an address has no place in an address bar."""
    form = AddressForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form, "page": "suppressions"}
    if form.is_valid():
        rows = suppressions_of(request.merchant, form.cleaned_data["address"])
        bounced = any(row.reason == Suppression.Reason.BOUNCE for row in rows)
        context |= {"address": form.cleaned_data["address"], "rows": rows, "bounced": bounced, "is_answered": True}
    return render(request, "customers/settings/suppressions.html", context, status=422 if form.errors else 200)


@require_POST
@merchant_view(Role.SUPPORT)
def suppression_lift(request: MerchantRequest) -> HttpResponse:
    """The address works again, staff say; objections and complaints stay."""
    form = AddressForm(request.POST)
    lifted = form.is_valid() and sum(
        lift_bounce(request.merchant, address=form.cleaned_data["address"], channel=channel, staff=request.user)
        for channel in Channel.values
    )
    if lifted:
        messages.success(request, _("Messages are sent to this address again."))
    else:
        messages.info(request, _("There is no bounce of this address to lift."))
    return redirect("suppression_lookup", request.merchant.slug)
