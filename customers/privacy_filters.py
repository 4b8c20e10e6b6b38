"""What the queue of privacy requests can be narrowed by."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.listing import ListFilter, SearchFilter
from customers.models import PrivacyRequest
from customers.models.privacy import PrivacyRequestQuerySet


class PrivacyRequestFilter(ListFilter):
    q = SearchFilter(placeholder=_("Number, contact or customer"))
    kind = django_filters.ChoiceFilter(
        label=_("What"), empty_label=_("Every kind"), choices=PrivacyRequest.Kind.choices
    )
    state = django_filters.ChoiceFilter(
        label=_("State"),
        empty_label=_("Every state"),
        choices=[("open", _("Open")), ("overdue", _("overdue")), *PrivacyRequest.State.choices],
        method="by_state",
    )

    sorts = {"deadline": ["due_on", "id"], "newest": ["id"]}
    default_sort = "-newest"

    def by_state(self, rows: PrivacyRequestQuerySet, name: str, value: str) -> QuerySet[PrivacyRequest]:
        if value == "open":
            return rows.open()
        return rows.overdue(timezone.localdate()) if value == "overdue" else rows.filter(state=value)
