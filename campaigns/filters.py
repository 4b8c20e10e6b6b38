"""What the list of messages can be narrowed by."""

from __future__ import annotations

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models import Message
from core.listing import ListFilter, SearchFilter, SinceFilter, UntilFilter


class MessageFilter(ListFilter):
    q = SearchFilter(placeholder=_("Order number or address"))
    state = django_filters.ChoiceFilter(choices=Message.State.choices, label=_("State"), empty_label=_("Every state"))
    kind = django_filters.ChoiceFilter(choices=Message.Kind.choices, label=_("Kind"), empty_label=_("Every kind"))
    since = SinceFilter("queued_at", label=_("From"))
    until = UntilFilter("queued_at", label=_("Until"))
    # Named by links of other screens; shown as a chip only.
    needs_staff = django_filters.BooleanFilter(
        label=_("Needs a person"), method="only_needing_staff", widget=forms.HiddenInput
    )

    sorts = {"newest": ["id"]}
    default_sort = "-newest"

    def only_needing_staff(self, rows: QuerySet[Message], name: str, value: bool) -> QuerySet[Message]:
        return rows.needing_staff() if value else rows  # type: ignore[attr-defined]  # MessageQuerySet
