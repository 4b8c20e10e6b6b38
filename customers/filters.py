"""What the list of customers can be narrowed by."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.importing.report import RejectionFilter
from core.listing import CodeFilter, ListFilter, SearchFilter, SinceFilter, recent_values
from core.models import Job
from core.templatetags.cx import country_name
from customers.importing.reasons import reason_label
from customers.models import (
    Company,
    Customer,
    CustomerQuerySet,
    Duplicate,
    Lifecycle,
    Profitability,
    Task,
    TaskQuerySet,
)
from merchants.models import Staff


class CustomerFilter(ListFilter):
    q = SearchFilter(placeholder=_("Name, e-mail, phone, customer or card number"))
    lifecycle = django_filters.ChoiceFilter(
        label=_("Lifecycle"), empty_label=_("Every stage"), choices=Lifecycle.choices, method="by_lifecycle"
    )
    country = django_filters.ChoiceFilter(label=_("Country"), empty_label=_("Every country"))
    bought = django_filters.ChoiceFilter(
        label=_("Orders"),
        empty_label=_("With or without orders"),
        choices=[("yes", _("has ordered")), ("again", _("has ordered again")), ("no", _("never ordered"))],
        method="by_orders",
    )
    active_since = SinceFilter("last_order_at", label=_("Last order since"))

    profitability = django_filters.ChoiceFilter(
        "kpis__profitability",
        label=_("Profitability"),
        empty_label=_("Every profitability"),
        choices=Profitability.choices,
    )
    rfm = CodeFilter(label=_("Recency · frequency"), pattern=r"[1-5]-[1-5]", method="by_rfm")
    worth = CodeFilter(label=_("Predicted value"), pattern=r"[0-9]{1,12}-[0-9]{0,12}", method="by_worth")

    sorts = {
        "newest": ["id"],
        "last_order": ["last_order_at", "id"],
        "revenue": ["revenue", "id"],
        "orders": ["orders_count", "id"],
        "predicted": ["kpis__predicted_value", "kpis__id"],
    }
    default_sort = "-last_order"

    def narrow(self) -> None:
        known = recent_values(
            Customer.objects.for_merchant(self.merchant).present(), "country", self.asked("country")[:2]
        )
        self.form.fields["country"].choices = [(code, country_name(code)) for code in known]
        self.filters["q"].method = self.by_text

    @property
    def shows_predicted_only(self) -> bool:
        """Sorted by what is predicted, the list holds those for whom something is."""
        return self.sort.lstrip("-") == "predicted"

    def filter_queryset(self, queryset: Any) -> Any:
        if self.shows_predicted_only:
            queryset = queryset.filter(kpis__merchant=self.merchant, kpis__predicted_value__isnull=False)
        return super().filter_queryset(queryset)

    def by_text(self, rows: CustomerQuerySet, name: str, text: str) -> CustomerQuerySet:
        return rows.search(text, region=self.merchant.country)

    def by_rfm(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        """“5-3”: bought lately like the best fifth, as often as the middle one."""
        recency, _dash, frequency = value.partition("-")
        return rows.filter(kpis__recency_class=recency, kpis__frequency_class=frequency)

    def by_worth(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        """“5000-10000”: from (inclusive) and to (exclusive), in minor units; without an end: all above."""
        low, _dash, high = value.partition("-")
        rows = rows.filter(kpis__predicted_value__gte=low)
        return rows.filter(kpis__predicted_value__lt=high) if high else rows

    def by_lifecycle(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        # Who never ordered need not have figures; and the list's own index knows them.
        return self._never_ordered(rows) if value == Lifecycle.LEAD else rows.filter(kpis__lifecycle=value)

    def by_orders(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        if value == "no":
            return self._never_ordered(rows)
        return rows.filter(orders_count__gt=1) if value == "again" else rows.filter(last_order_at__isnull=False)

    def _never_ordered(self, rows: QuerySet[Customer]) -> QuerySet[Customer]:
        """Nothing is predicted of who never ordered: no need to look at everybody else."""
        return rows.none() if self.shows_predicted_only else rows.filter(last_order_at=None)


class TaskFilter(ListFilter):
    """Open tasks unless the address asks for others."""

    q = SearchFilter(placeholder=_("Task or customer"))
    state = django_filters.ChoiceFilter(
        label=_("State"),
        empty_label=_("Open"),
        choices=[("done", _("Done")), ("all", _("Open and done"))],
        method="by_state",
    )
    assignee = django_filters.ChoiceFilter(label=_("Assigned to"), empty_label=_("Everybody"), method="by_assignee")
    due = django_filters.ChoiceFilter(
        label=_("Due"),
        empty_label=_("Any day"),
        choices=[("overdue", _("overdue")), ("today", _("today")), ("week", _("in seven days")), ("none", _("no day"))],
        method="by_day",
    )
    priority = django_filters.ChoiceFilter(
        label=_("Priority"), empty_label=_("Every priority"), choices=Task.Priority.choices
    )

    sorts = {"due": ["due_on", "id"], "newest": ["id"]}
    default_sort = "due"

    def narrow(self) -> None:
        members = Staff.objects.filter(memberships__merchant=self.merchant).order_by("email")
        nobody = ("nobody", _("Nobody yet"))
        self.form.fields["assignee"].choices = [*((str(one.pk), str(one)) for one in members), nobody]

    def filter_queryset(self, queryset: Any) -> Any:
        open_or_asked = queryset if self.form.cleaned_data.get("state") else queryset.open()
        return super().filter_queryset(open_or_asked)

    def by_state(self, rows: TaskQuerySet, name: str, value: str) -> QuerySet[Task]:
        return rows if value == "all" else rows.filter(state=Task.State.DONE)

    def by_assignee(self, rows: TaskQuerySet, name: str, value: str) -> QuerySet[Task]:
        return rows.filter(assignee=None) if value == "nobody" else rows.filter(assignee=int(value))

    def by_day(self, rows: TaskQuerySet, name: str, value: str) -> QuerySet[Task]:
        today = timezone.localdate()
        if value == "overdue":
            return rows.overdue(today)
        if value == "none":
            return rows.filter(due_on=None)
        last = today if value == "today" else today + timedelta(days=7)
        return rows.filter(due_on__gte=today, due_on__lte=last)


class CompanyFilter(ListFilter):
    q = SearchFilter(placeholder=_("Name, number, VAT id or city"))
    country = django_filters.ChoiceFilter(label=_("Country"), empty_label=_("Every country"))
    price_group = django_filters.ChoiceFilter(label=_("Price group"), empty_label=_("Every price group"))
    bought = django_filters.ChoiceFilter(
        label=_("Orders"),
        empty_label=_("With or without orders"),
        choices=[("yes", _("has ordered")), ("no", _("never ordered"))],
        method="by_orders",
    )

    sorts = {
        "name": ["name", "id"],
        "newest": ["id"],
        "people": ["people_count", "id"],
        "orders": ["orders_count", "id"],
        "revenue": ["revenue", "id"],
        "last_order": ["last_order_at", "id"],
    }
    default_sort = "name"

    def narrow(self) -> None:
        companies = Company.objects.for_merchant(self.merchant)
        countries = recent_values(companies, "country", self.asked("country")[:2])
        self.form.fields["country"].choices = [(code, country_name(code)) for code in countries]
        groups = recent_values(companies, "price_group", self.asked("price_group")[:40])
        self.form.fields["price_group"].choices = [(name, name) for name in groups]

    def by_orders(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(orders_count=0) if value == "no" else rows.filter(orders_count__gt=0)


class ImportFilter(ListFilter):
    """Files of customers, by what became of them."""

    state = django_filters.ChoiceFilter(
        "job__state", choices=Job.State.choices, label=_("State"), empty_label=_("Every state")
    )

    sorts = {"newest": ["id"]}
    default_sort = "-newest"


class CustomerRejectionFilter(RejectionFilter):
    """Reasons by their names."""

    def label(self, code: str) -> str:
        return reason_label(code)


class DuplicateFilter(ListFilter):
    """Pairs of profiles that staff have not decided."""

    reason = django_filters.ChoiceFilter(
        label=_("Why"), empty_label=_("Every reason"), choices=Duplicate.Reason.choices
    )

    sorts = {"newest": ["id"]}
    default_sort = "-newest"
