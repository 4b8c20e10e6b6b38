"""Staff correct what is known of a person, in place; without scripts on a page of its own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from customers.actions.corrections import (
    StaleEdit,
    add_identity,
    edit_details,
    edit_trait,
    remove_identity,
    unblock_identity,
)
from customers.forms.details import DetailsForm
from customers.forms.identities import IdentityForm, RemovalForm
from customers.forms.traits import TraitForm, as_seen, as_text
from customers.models import Customer, Identity
from customers.queries.profiles import known_traits
from merchants.models import Role

TRAIT, IDENTITY = "customers/trait_edit.html", "customers/identity_add.html"
REMOVAL = "customers/identity_remove.html"
AGAIN = gettext_lazy("Nothing was saved. Take over what the others wrote, or save again to replace it.")


def _changed_to(value: str) -> str:
    return _("Somebody else changed this to “%(value)s” meanwhile.") % {"value": value}


def _customer(request: MerchantRequest, pk: int) -> Customer:
    rows = Customer.objects.for_merchant(request.merchant).present().select_related("merchant").with_identities()
    return get_object_or_404(rows, pk=pk)


@merchant_view(Role.SUPPORT)
def customer_edit(request: MerchantRequest, pk: int) -> HttpResponse:
    """The details as a form; a stale one comes back (409) with what it is now, and is saved by a second click."""
    customer = _customer(request, pk)
    if request.method != "POST":
        return _form(request, customer, DetailsForm(customer=customer))
    form = DetailsForm(request.POST, customer=customer)
    if not form.is_valid():
        return _form(request, customer, form, status=422)
    try:
        edit_details(customer, seen=form.cleaned_data["seen"], wanted=form.wanted, staff=request.user)
    except StaleEdit as stale:
        return _conflict(request, customer, form, stale)
    messages.success(request, _("Saved."))
    if not request.htmx:
        return redirect("customer_detail", request.merchant.slug, pk)
    customer.refresh_from_db()
    return render(request, "customers/customer_edit.html#saved", {"customer": customer})


def _form(
    request: MerchantRequest,
    customer: Customer,
    form: forms.Form,
    *,
    template: str = "customers/customer_edit.html",
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """The form in its card, or on a page of its own."""
    name = f"{template}#form" if request.htmx else template
    return render(request, name, {"customer": customer, "form": form, **more}, status=status)


def _conflict(request: MerchantRequest, customer: Customer, form: DetailsForm, stale: StaleEdit) -> HttpResponse:
    """The same words again, beside what was stored meanwhile: from here on that is what was seen."""
    customer.refresh_from_db()
    again = DetailsForm({**form.wanted, "seen": DetailsForm(customer=customer)["seen"].value()}, customer=customer)
    again.is_valid()
    for name, value in stale.theirs.items():
        labels = dict(getattr(again.fields[name], "choices", []))
        spoken = labels.get(value, value) or _("empty")
        again.add_error(name, _changed_to(spoken))
    again.add_error(None, AGAIN)
    return _form(request, customer, again, status=409)


@merchant_view(Role.SUPPORT)
def trait_edit(request: MerchantRequest, pk: int) -> HttpResponse:
    """One declared trait: the one that ``name`` in the address says, else a new one."""
    customer = _customer(request, pk)
    stored = {trait.name: trait.value for trait in known_traits(customer)}
    name = request.GET.get("name", "")
    name = name if name in stored else ""
    form = TraitForm(request.POST.dict() or None, name=name, value=stored.get(name))
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return _form(request, customer, form, template=TRAIT, status=status, trait=name)
    try:
        edit_trait(customer, name=form.trait, seen=form.cleaned_data["seen"], value=form.declared, staff=request.user)
    except StaleEdit as stale:
        now = stale.theirs["value"]
        again = TraitForm({**form.data, "seen": as_seen(now)}, name=form.trait, value=now)
        again.add_error("value", _changed_to(as_text(now)))
        again.add_error(None, AGAIN)
        return _form(request, customer, again, template=TRAIT, status=409, trait=form.trait)
    except DomainError as error:
        form.add_error("name", error.message)
        return _form(request, customer, form, template=TRAIT, status=422, trait=name)
    messages.success(request, _("Saved."))
    if not request.htmx:
        return redirect("customer_detail", request.merchant.slug, pk)
    return render(
        request, "customers/parts/traits.html", {"customer": customer, "traits": known_traits(customer), "focus": True}
    )


@merchant_view(Role.SUPPORT)
def identity_add(request: MerchantRequest, pk: int) -> HttpResponse:
    """An address, number or card that the person told a colleague."""
    customer = _customer(request, pk)
    form = IdentityForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _form(request, customer, form, template=IDENTITY, status=422 if request.method == "POST" else 200)
    try:
        add_identity(customer, **form.cleaned_data, staff=request.user)
    except DomainError as error:
        form.add_error("value", error.message)
        return _form(request, customer, form, template=IDENTITY, status=422)
    messages.success(request, _("The identity is added."))
    return _identities(request, customer)


@merchant_view(Role.SUPPORT)
def identity_remove(request: MerchantRequest, pk: int) -> HttpResponse:
    """Asks for the value to be typed: what is taken away cannot be brought back by a click."""
    rows = Identity.objects.for_merchant(request.merchant).select_related("customer__merchant")
    identity = get_object_or_404(rows, pk=pk)
    customer = _customer(request, identity.customer_id)
    form = RemovalForm(request.POST or None, value=identity.value)
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return _form(request, customer, form, template=REMOVAL, status=status, identity=identity)
    remove_identity(identity, staff=request.user)
    messages.success(request, _("The identity is removed."))
    return _identities(request, customer)


@require_POST
@merchant_view(Role.SUPPORT)
def identity_unblock(request: MerchantRequest, pk: int) -> HttpResponse:
    """It is one person's after all, and joins what comes with it again."""
    rows = Identity.objects.for_merchant(request.merchant).select_related("merchant")
    identity = get_object_or_404(rows, pk=pk)
    customer = _customer(request, identity.customer_id)
    unblock_identity(identity, staff=request.user)
    messages.success(request, _("%(value)s is no longer blocked.") % {"value": identity.value})
    return redirect("customer_detail", request.merchant.slug, customer.pk)


def _identities(request: MerchantRequest, customer: Customer) -> HttpResponse:
    if not request.htmx:
        return redirect("customer_detail", request.merchant.slug, customer.pk)
    context = {"customer": _customer(request, customer.pk), "focus": True}
    return render(request, "customers/parts/identities.html", context)
