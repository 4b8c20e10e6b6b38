"""Lists of the back office: search, filters, sort and page, all in the address.

A list view names a ``ListFilter`` and calls ``list_rows`` and ``render_list``; docs/interface.md shows one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Generic, TypeVar

import django_filters
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.formats import date_format

from core.door import MerchantRequest
from core.forms import KitForm
from core.keyset import PAGE_SIZE, Page, bounded_count, paginate
from merchants.models import Merchant

M = TypeVar("M", bound=models.Model)
# Days that a time zone can be applied to.
DAY_LIMITS = [MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(2999, 12, 31))]


class SearchField(forms.CharField):
    """The search box of a list."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 200)
        kwargs.setdefault("widget", forms.SearchInput(attrs={"autocomplete": "off", "spellcheck": "false"}))
        super().__init__(**kwargs)


class SearchFilter(django_filters.CharFilter):  # type: ignore[misc]  # django-filter ships no types
    """``q``: calls the QuerySet's own ``search(text)``."""

    field_class = SearchField

    def __init__(self, *args: Any, placeholder: Any, **kwargs: Any) -> None:
        super().__init__(*args, method=lambda rows, _name, text: rows.search(text), label=placeholder, **kwargs)
        self.field.widget.attrs["placeholder"] = placeholder


def day_input() -> forms.DateInput:
    """The browser's own date picker."""
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class CodeFilter(django_filters.CharFilter):  # type: ignore[misc]  # django-filter ships no types
    """What a link of another screen asks for; nobody types it, so the form shows it only as a chip."""

    def __init__(self, *, label: Any, pattern: str, method: str) -> None:
        code = RegexValidator(rf"^{pattern}\Z")
        super().__init__(label=label, method=method, widget=forms.HiddenInput(), validators=[code], max_length=40)


class ListFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter ships no types
    """What a list can be searched and narrowed by (declared as filters), and sorted by.

    ``sorts`` maps a name in the address to columns, the last of them unique; ``-name`` turns all of them round.
    A value in the address that a filter does not know is ignored.
    """

    sorts: ClassVar[Mapping[str, Sequence[str]]] = {}
    default_sort: ClassVar[str] = ""

    def __init__(self, data: QueryDict, *, queryset: models.QuerySet[Any], merchant: Merchant) -> None:
        super().__init__(data, queryset=queryset)
        self.merchant = merchant
        self.narrow()

    def filter_queryset(self, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """The search comes last: it may look at the newest rows only, of those that the other filters leave."""
        asked = self.form.cleaned_data
        for name in sorted(asked, key=lambda name: name == "q"):
            queryset = self.filters[name].filter(queryset, asked[name])
        return queryset

    def narrow(self) -> None:
        """A hook: fill the choices that depend on the merchant."""

    def asked(self, name: str) -> str:
        """What the address says for ``name``, unchecked."""
        value: str = self.data.get(name, "")
        return value

    @property
    def sort(self) -> str:
        """The sort in the address, else the default."""
        asked = self.asked("sort")
        return asked if asked.lstrip("-") in self.sorts else self.default_sort

    @property
    def ordering(self) -> list[str]:
        columns = self.sorts[self.sort.lstrip("-")]
        if not self.sort.startswith("-"):
            return list(columns)
        return [column[1:] if column.startswith("-") else f"-{column}" for column in columns]

    class Meta:
        form = KitForm


@dataclass(frozen=True)
class Chip:
    """One filter that is in force, and the address without it."""

    label: str
    value: str
    without: str


@dataclass(frozen=True)
class Listing(Generic[M]):
    """One page of a list with everything its template shows. ``total`` is an estimate beyond a thousand rows."""

    filter: ListFilter
    page: Page[M]
    total: int
    is_exact: bool
    chips: list[Chip]

    @property
    def rows(self) -> list[M]:
        return self.page.rows

    @property
    def sort(self) -> str:
        """What the address has to say about the sort: nothing for the default."""
        return self.filter.sort if self.filter.sort != self.filter.default_sort else ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.chips)


def list_rows(
    request: MerchantRequest, filters: type[ListFilter], rows: models.QuerySet[M], *, size: int = PAGE_SIZE
) -> Listing[M]:
    """The page of ``rows`` that the address asks for: as many queries for one row as for a hundred."""
    asked = filters(request.GET, queryset=rows, merchant=request.merchant)
    narrowed: models.QuerySet[M] = asked.qs
    total, is_exact = bounded_count(narrowed)
    page = paginate(narrowed, asked.ordering, request.GET, size=size)
    return Listing(filter=asked, page=page, total=total, is_exact=is_exact, chips=_chips(asked, request.GET))


def render_list(
    request: MerchantRequest,
    template: str,
    listing: Listing[Any],
    context: dict[str, Any] | None = None,
    *,
    rows_in: str = "",
) -> HttpResponse:
    """The whole page, or for htmx only its partial ``rows``, which may stand in a part of it: ``rows_in``."""
    name = f"{rows_in or template}#rows" if request.htmx and not request.htmx.history_restore_request else template
    response = render(request, name, {"listing": listing, **(context or {})})
    patch_vary_headers(response, ["HX-Request"])
    return response


def _chips(asked: ListFilter, query: QueryDict) -> list[Chip]:
    chips = []
    for name, value in asked.form.cleaned_data.items():
        if value in (None, "") or (hasattr(value, "__len__") and not len(value)):
            continue
        rest = query.copy()
        for gone in (name, "after", "before"):
            rest.pop(gone, None)
        chips.append(Chip(str(asked.form[name].label), _spoken(asked.form.fields[name], value), f"?{rest.urlencode()}"))
    return chips


def _spoken(field: forms.Field, value: Any) -> str:
    """A filter's value as a person would say it."""
    if isinstance(field, forms.ModelChoiceField):
        return str(value)
    if isinstance(value, date):
        return date_format(value, "SHORT_DATE_FORMAT")
    if isinstance(field, forms.ChoiceField):
        return str(dict(field.choices).get(value, value))  # type: ignore[arg-type]  # our choices are never grouped
    return "" if value is True else str(value)


class SinceFilter(django_filters.DateFilter):  # type: ignore[misc]  # django-filter ships no types
    """A moment not before the begin of this day in the shop's time zone; compares bounds, so that an index serves."""

    def __init__(self, field_name: str, *, label: Any) -> None:
        super().__init__(field_name, label=label, widget=day_input(), validators=DAY_LIMITS)

    def filter(self, rows: models.QuerySet[M], day: date | None) -> models.QuerySet[M]:
        return rows if day is None else rows.filter(**{f"{self.field_name}__gte": _midnight(day)})


class UntilFilter(SinceFilter):
    """A moment not after the end of this day."""

    def filter(self, rows: models.QuerySet[M], day: date | None) -> models.QuerySet[M]:
        if day is None:
            return rows
        return rows.filter(**{f"{self.field_name}__lt": _midnight(day + timedelta(days=1))})


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def recent_values(rows: models.QuerySet[Any], field: str, asked: str) -> list[str]:
    """Choices of a filter: what ``field`` holds in the thousand newest rows, and what the address asks for."""
    newest = rows.order_by("-pk").values(field)[:1000]
    found = {row[field] for row in newest} | {asked}
    return sorted(value for value in found if value)
