"""Companies: the list, and everything known about one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.keyset import bounded_count
from core.listing import list_rows, render_list
from core.providers import company_panels
from customers.actions.companies import (
    add_company,
    add_suggested,
    change_role,
    delete_company,
    dismiss_suggested,
    edit_company,
    link_person,
    make_primary,
    unlink_person,
)
from customers.crm_panels import company_activity, company_context
from customers.filters import CompanyFilter
from customers.forms.companies import CompanyChoiceForm, CompanyForm, PersonForm
from customers.models import Company, CompanyPerson, Customer
from customers.queries.companies import SUGGESTED, people_of, suggested_people
from customers.views.crm import ids_in
from merchants.models import Role


@merchant_view(Role.ANALYST)
def company_list(request: MerchantRequest) -> HttpResponse:
    companies = Company.objects.for_merchant(request.merchant).with_figures()
    return render_list(request, "customers/company_list.html", list_rows(request, CompanyFilter, companies))


def _company(request: MerchantRequest, pk: int) -> Company:
    companies = Company.objects.for_merchant(request.merchant).with_figures().select_related("merchant")
    return get_object_or_404(companies, pk=pk)


@merchant_view(Role.ANALYST)
def company_detail(request: MerchantRequest, pk: int) -> HttpResponse:
    return _page(request, _company(request, pk))


def _page(
    request: MerchantRequest, company: Company, *, form: PersonForm | None = None, status: int = 200
) -> HttpResponse:
    suggested = suggested_people(company)
    count, is_exact = bounded_count(suggested)
    orders: int = company.orders_count  # type: ignore[attr-defined]  # with_figures
    revenue: int = company.revenue  # type: ignore[attr-defined]
    context = {
        "company": company,
        "average_order": revenue // orders if orders else None,
        "people": people_of(company),
        "roles": CompanyPerson.Role.choices,
        "person_form": form or PersonForm(merchant=request.merchant),
        "suggested": suggested.with_identities()[:SUGGESTED] if count else [],
        "suggested_count": count,
        "suggested_is_exact": is_exact,
        "panels": [provider(company) for provider in company_panels],
        "activity": company_activity(company),
    }
    return render(request, "customers/company_detail.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.SUPPORT)
def company_add(request: MerchantRequest) -> HttpResponse:
    form = CompanyForm(request.POST or None)
    if form.is_valid():
        try:
            company = add_company(
                request.merchant, staff=request.user, external_id=form.cleaned_data["external_id"], **form.details
            )
        except DomainError as error:
            form.add_error(error.field, str(error.message))
        else:
            return redirect("company_detail", request.merchant.slug, company.pk)
    context = {"form": form}
    return render(request, "customers/company_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.SUPPORT)
def company_edit(request: MerchantRequest, pk: int) -> HttpResponse:
    company = _company(request, pk)
    if request.method != "POST":
        return render(
            request, "customers/company_form.html", {"form": CompanyForm(instance=company), "company": company}
        )
    # A copy for the form: its checks write into the row they are given.
    form = CompanyForm(request.POST, instance=_company(request, pk))
    if form.is_valid():
        try:
            edit_company(company, staff=request.user, seen=form.seen_at, **form.details)
        except DomainError as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("Saved."))
            return redirect("company_detail", request.merchant.slug, pk)
    return render(request, "customers/company_form.html", {"form": form, "company": company}, status=422)


@require_POST
@merchant_view(Role.EDITOR)
def company_delete(request: MerchantRequest, pk: int) -> HttpResponse:
    company = _company(request, pk)
    delete_company(company, staff=request.user)
    messages.success(request, _("The company is deleted. Its people are still customers."))
    return redirect("company_list", request.merchant.slug)


def _to_people(request: MerchantRequest, company_id: int) -> HttpResponse:
    return redirect(reverse("company_detail", args=[request.merchant.slug, company_id]) + "#people")


@require_POST
@merchant_view(Role.SUPPORT)
def company_person_add(request: MerchantRequest, pk: int) -> HttpResponse:
    company = _company(request, pk)
    form = PersonForm(request.POST, merchant=request.merchant)
    if not form.is_valid():
        return _page(request, company, form=form, status=422)
    link_person(company, form.cleaned_data["who"], role=form.cleaned_data["role"], staff=request.user)
    return _to_people(request, pk)


def _person(request: MerchantRequest, pk: int) -> CompanyPerson:
    people = CompanyPerson.objects.for_merchant(request.merchant).select_related("company__merchant")
    return get_object_or_404(people, pk=pk)


@require_POST
@merchant_view(Role.SUPPORT)
def company_person_role(request: MerchantRequest, pk: int) -> HttpResponse:
    """``role``: one of the roles, or ``primary`` for the contact of the company."""
    person, role = _person(request, pk), request.POST.get("role", "")
    if role == "primary":
        make_primary(person, staff=request.user)
    elif role in CompanyPerson.Role.values:
        change_role(person, role, staff=request.user)
    else:
        messages.error(request, _("There is no such role."))
    return _to_people(request, person.company_id)


@require_POST
@merchant_view(Role.SUPPORT)
def company_person_remove(request: MerchantRequest, pk: int) -> HttpResponse:
    person = _person(request, pk)
    unlink_person(person, staff=request.user)
    return _to_people(request, person.company_id)


@require_POST
@merchant_view(Role.SUPPORT)
def company_suggestions(request: MerchantRequest, pk: int) -> HttpResponse:
    """``add`` or ``dismiss`` names one person, or says ``all``."""
    company = _company(request, pk)
    for name, action in (("add", add_suggested), ("dismiss", dismiss_suggested)):
        chosen = request.POST.getlist(name)
        if not chosen:
            continue
        count = action(company, None if chosen == ["all"] else ids_in(chosen), staff=request.user)
        if name == "add":
            text = ngettext("%(count)s person was added.", "%(count)s people were added.", count)
        else:
            text = ngettext(
                "%(count)s person is not suggested any more.", "%(count)s people are not suggested any more.", count
            )
        messages.success(request, text % {"count": count})
    return _to_people(request, pk)


@require_POST
@merchant_view(Role.SUPPORT)
def customer_company_add(request: MerchantRequest, pk: int) -> HttpResponse:
    """From a person's page: say for which company they buy."""
    customer = get_object_or_404(
        Customer.objects.for_merchant(request.merchant).present().select_related("merchant"), pk=pk
    )
    form = CompanyChoiceForm(request.POST, merchant=request.merchant, prefix="company")
    template = "customers/parts/companies.html"
    if not form.is_valid():
        return _card(request, customer, company_context(customer, form), template, status=422)
    link_person(form.cleaned_data["company"], customer, role=form.cleaned_data["role"], staff=request.user)
    return _card(request, customer, company_context(customer), template)


def _card(
    request: MerchantRequest, customer: Customer, context: dict[str, Any], template: str, *, status: int = 200
) -> HttpResponse:
    if request.htmx:
        return render(request, template, context, status=status)
    if status == 200:
        return redirect(reverse("customer_detail", args=[request.merchant.slug, customer.pk]) + "#companies")
    return render(request, "customers/crm_card.html", {**context, "template": template}, status=status)
