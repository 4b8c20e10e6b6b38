"""What members and the ledger can be narrowed by."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.listing import ListFilter, SearchFilter, SinceFilter, UntilFilter
from promotions.models import PointEntry, Tier


def _tiers(request: Any) -> QuerySet[Tier]:
    return Tier.objects.none()


class MemberFilter(ListFilter):
    q = SearchFilter(placeholder=_("Name, e-mail or customer number"))
    tier = django_filters.ModelChoiceFilter(label=_("Tier"), empty_label=_("Every tier"), queryset=_tiers)

    sorts = {"balance": ["balance", "id"], "pending": ["pending", "id"], "newest": ["id"]}
    default_sort = "-balance"

    def narrow(self) -> None:
        self.form.fields["tier"].queryset = Tier.objects.for_merchant(self.merchant).order_by("at_least")


class EntryFilter(ListFilter):
    kind = django_filters.ChoiceFilter(choices=PointEntry.Kind.choices, label=_("What"), empty_label=_("Everything"))
    since = SinceFilter("created_at", label=_("From"))
    until = UntilFilter("created_at", label=_("Until"))

    sorts = {"newest": ["id"]}
    default_sort = "-newest"
