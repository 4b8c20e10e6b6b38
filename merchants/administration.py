"""What every page of Django's admin keeps to: nothing is counted to the end, nothing bypasses the use cases.

The admin is for administrators of the installation. Rows that the machinery or a storefront writes can be looked at
there; what they mean is changed where it is meant to be changed: over the API, in the back office, by an action.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest

from merchants.models import Merchant

COUNTED = 10_000


class BoundedPaginator(Paginator[Any]):
    """Counts to ten thousand: beyond that a list is searched, not leafed through."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        assert isinstance(rows, models.QuerySet)
        return rows.order_by()[:COUNTED].count()


class MerchantFilter(admin.SimpleListFilter):
    """By merchant; asks the merchants' table, never the distinct values of a big one."""

    title = Merchant._meta.verbose_name
    parameter_name = "merchant"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in Merchant.objects.values_list("pk", "name")[:200]]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        value = self.value()
        return queryset.filter(merchant_id=int(value)) if value and value.isdigit() else queryset


class MerchantModelAdmin(admin.ModelAdmin[Any]):
    """Rows of merchants. They are neither made nor deleted here: both would bypass what must happen with them."""

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_select_related: ClassVar[tuple[str, ...]] = ("merchant",)
    list_filter: ClassVar[tuple[Any, ...]] = (MerchantFilter,)
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    readonly_fields: ClassVar[tuple[str, ...]] = ("merchant",)
    # Django 6 assumes https; a warning until then.
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(MerchantModelAdmin):
    """Facts and ledgers: to look at."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
