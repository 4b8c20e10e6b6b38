"""What the stream of events can be narrowed by."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.listing import ListFilter, SearchFilter, recent_values
from customers.models import Event
from customers.models.events import EventChannel
from customers.queries.event_stream import newest_only, source_names


class EventFilter(ListFilter):
    q = SearchFilter(placeholder=_("Name, visitor or message id"))
    name = django_filters.ChoiceFilter(label=_("Event"), empty_label=_("Every event"))
    channel = django_filters.ChoiceFilter(
        choices=EventChannel.choices, label=_("Channel"), empty_label=_("Every channel")
    )
    source = django_filters.ChoiceFilter(
        field_name="context__library__name", label=_("Source"), empty_label=_("Every source")
    )
    bot = django_filters.ChoiceFilter(
        label=_("Bots"),
        empty_label=_("People and bots"),
        choices=[("no", _("people only")), ("yes", _("bots only"))],
        method="by_bot",
    )

    sorts = {"newest": ["id"]}
    default_sort = "-newest"

    def narrow(self) -> None:
        names = recent_values(Event.objects.for_merchant(self.merchant), "name", self._asked("name"))
        self.form.fields["name"].choices = [(name, name) for name in names]
        sources = source_names(self.merchant) | {self._asked("source")} - {""}
        self.form.fields["source"].choices = [(name, name) for name in sorted(sources)]

    def _asked(self, name: str) -> str:
        """A name in the address stays to choose while nobody sends it; what no event can be called does not."""
        text = self.asked(name)[:200]
        return text if text.isprintable() else ""

    def filter_queryset(self, queryset: QuerySet[Event]) -> QuerySet[Event]:
        """Whoever narrows looks at the newest events only."""
        if any(value for value in self.form.cleaned_data.values()):
            queryset = newest_only(queryset)
        narrowed: QuerySet[Event] = super().filter_queryset(queryset)
        return narrowed

    def by_bot(self, rows: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        return rows.filter(is_bot=value == "yes")
