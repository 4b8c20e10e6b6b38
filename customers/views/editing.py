"""Staff correct what is known of a person, in place; without scripts on a page of its own."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from core.door import MerchantRequest, merchant_view
from customers.actions.corrections import StaleEdit, edit_details
from customers.forms.details import DetailsForm
from customers.models import Customer
from merchants.models import Role


@merchant_view(Role.SUPPORT)
def customer_edit(request: MerchantRequest, pk: int) -> HttpResponse:
    """The details as a form; a stale one comes back (409) with what it is now, and is saved by a second click."""
    customer = get_object_or_404(Customer.objects.for_merchant(request.merchant).with_identities(), pk=pk)
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


def _form(request: MerchantRequest, customer: Customer, form: DetailsForm, *, status: int = 200) -> HttpResponse:
    template = "customers/customer_edit.html#form" if request.htmx else "customers/customer_edit.html"
    return render(request, template, {"customer": customer, "form": form}, status=status)


def _conflict(request: MerchantRequest, customer: Customer, form: DetailsForm, stale: StaleEdit) -> HttpResponse:
    """The same words again, beside what was stored meanwhile: from here on that is what was seen."""
    customer.refresh_from_db()
    again = DetailsForm({**form.wanted, "seen": DetailsForm(customer=customer)["seen"].value()}, customer=customer)
    again.is_valid()
    for name, value in stale.theirs.items():
        labels = dict(getattr(again.fields[name], "choices", []))
        spoken = labels.get(value, value) or _("empty")
        again.add_error(name, _("Somebody else changed this to “%(value)s” meanwhile.") % {"value": spoken})
    again.add_error(None, _("Nothing was saved. Take over what the others wrote, or save again to replace it."))
    return _form(request, customer, again, status=409)
