"""Settings of the shop: who it is, its legal footer, the marketing law, its audit log; and one's own profile."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from core.door import MerchantRequest, merchant_view
from core.filters import AuditFilter
from core.forms import KitModelForm
from core.listing import list_rows, render_list
from core.settings_forms import LegalForm, MarketingForm, ProfileForm, ShopForm
from merchants.accounts import remember_language
from merchants.actions import record_audit
from merchants.models import AuditEntry, Role


@merchant_view(Role.OWNER)
def settings_shop(request: MerchantRequest) -> HttpResponse:
    return _settings_page(request, ShopForm, "shop", "settings")


@merchant_view(Role.OWNER)
def settings_legal(request: MerchantRequest) -> HttpResponse:
    return _settings_page(request, LegalForm, "legal", "settings_legal")


@merchant_view(Role.OWNER)
def settings_marketing(request: MerchantRequest) -> HttpResponse:
    return _settings_page(request, MarketingForm, "marketing", "settings_marketing")


def _settings_page(request: MerchantRequest, form_class: type[KitModelForm], page: str, url_name: str) -> HttpResponse:
    """Show or save some fields of the merchant; the audit entry is written with them."""
    form = form_class(request.POST if request.method == "POST" else None, instance=request.merchant)
    if form.is_valid():
        _save_settings(request, form)
        messages.success(request, _("Saved."))
        return redirect(url_name, request.merchant.slug)
    if form.errors:
        # The page must show the shop as it is, not as the refused form left the object.
        request.merchant.refresh_from_db()
    status = 422 if form.errors else 200
    return render(request, f"core/settings/{page}.html", {"form": form, "page": page}, status=status)


@transaction.atomic
def _save_settings(request: MerchantRequest, form: KitModelForm) -> None:
    changes: dict[str, Any] = {
        name: {"from": str(form.initial.get(name, "")), "to": str(form.cleaned_data[name])}
        for name in form.changed_data
    }
    if changes:
        merchant = form.save()
        record_audit(merchant, "settings.updated", staff=request.user, subject=merchant, changes=changes)


@merchant_view(Role.OWNER)
def audit_list(request: MerchantRequest) -> HttpResponse:
    entries = AuditEntry.objects.for_merchant(request.merchant).select_related("staff")
    listing = list_rows(request, AuditFilter, entries)
    return render_list(request, "core/settings/audit_list.html", listing, {"page": "audit"})


@merchant_view(Role.ANALYST)
def profile(request: MerchantRequest) -> HttpResponse:
    """One's own name, language and appearance."""
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=request.user)
    if form.is_valid():
        staff = form.save()
        messages.success(request, _("Saved."))
        response = redirect("profile", request.merchant.slug)
        if staff.language:
            remember_language(response, staff.language)
        return response
    return render(request, "core/settings/profile.html", {"form": form}, status=422 if form.errors else 200)
