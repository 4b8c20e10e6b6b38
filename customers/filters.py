"""What the list of customers can be narrowed by."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.listing import ListFilter, SearchFilter, SinceFilter, recent_values
from core.templatetags.cx import country_name
from customers.models import Customer


class CustomerFilter(ListFilter):
    q = SearchFilter(placeholder=_("Name, e-mail or customer number"))
    country = django_filters.ChoiceFilter(label=_("Country"), empty_label=_("Every country"))
    bought = django_filters.ChoiceFilter(
        label=_("Orders"),
        empty_label=_("With or without orders"),
        choices=[("yes", _("has ordered")), ("again", _("has ordered again")), ("no", _("never ordered"))],
        method="by_orders",
    )
    active_since = SinceFilter("last_order_at", label=_("Last order since"))

    sorts = {"newest": ["id"], "last_order": ["last_order_at", "id"], "revenue": ["revenue", "id"]}
    default_sort = "-last_order"

    def narrow(self) -> None:
        known = recent_values(Customer.objects.for_merchant(self.merchant), "country", self.asked("country")[:2])
        self.form.fields["country"].choices = [(code, country_name(code)) for code in known]

    def by_orders(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        if value == "again":
            return rows.filter(orders_count__gt=1)
        return rows.filter(last_order_at__isnull=value == "no")
