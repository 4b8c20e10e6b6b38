"""What the list of orders can be narrowed by."""

from __future__ import annotations

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.importing.report import RejectionFilter
from core.listing import ListFilter, SearchFilter, SinceFilter, UntilFilter, recent_values
from core.templatetags.cx import country_name
from customers.models import Company, Customer
from orders.importing.reasons import reason_label
from orders.models import Order, OrderQuerySet
from orders.payments import payment_name


class OrderFilter(ListFilter):
    q = SearchFilter(placeholder=_("Number, e-mail or customer"))
    state = django_filters.ChoiceFilter(choices=Order.State.choices, label=_("State"), empty_label=_("Every state"))
    payment = django_filters.ChoiceFilter("payment_method", label=_("Payment"), empty_label=_("Every payment"))
    country = django_filters.ChoiceFilter(label=_("Country"), empty_label=_("Every country"))
    since = SinceFilter("placed_at", label=_("From"))
    until = UntilFilter("placed_at", label=_("Until"))
    # Named by links of other screens; shown as chips only.
    customer = django_filters.ModelChoiceFilter(
        label=_("Customer"), queryset=Customer.objects.none(), widget=forms.HiddenInput
    )
    company = django_filters.ModelChoiceFilter(
        label=_("Company"), queryset=Company.objects.none(), widget=forms.HiddenInput, method="by_company"
    )
    late = django_filters.BooleanFilter(label=_("Late"), method="only_late", widget=forms.HiddenInput)

    sorts = {"newest": ["placed_at", "id"], "total": ["total", "id"]}
    default_sort = "-newest"

    def narrow(self) -> None:
        orders = Order.objects.for_merchant(self.merchant)
        countries = recent_values(orders, "country", self.asked("country")[:2])
        self.form.fields["country"].choices = [(code, country_name(code)) for code in countries]
        payments = recent_values(orders, "payment_method", self.asked("payment")[:40])
        self.form.fields["payment"].choices = [(name, payment_name(name)) for name in payments]

        customers = Customer.objects.for_merchant(self.merchant).with_identities()
        self.form.fields["customer"].queryset = customers

        self.form.fields["company"].queryset = Company.objects.for_merchant(self.merchant)

    def by_company(self, rows: OrderQuerySet, name: str, value: Company) -> QuerySet[Order]:
        return rows.filter(customer__companies__company=value)

    def only_late(self, rows: OrderQuerySet, name: str, value: bool) -> QuerySet[Order]:
        return rows.late(timezone.localdate()) if value else rows


class OrderRejectionFilter(RejectionFilter):
    """Reasons by their names."""

    def label(self, code: str) -> str:
        return reason_label(code)
