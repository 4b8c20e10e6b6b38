"""What the list of products can be narrowed by."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from catalog.models import Category, Product, ProductQuerySet
from core.listing import ListFilter, SearchFilter


class ProductFilter(ListFilter):
    q = SearchFilter(placeholder=_("Title or SKU"))
    category = django_filters.ModelChoiceFilter(
        label=_("Category"),
        empty_label=_("Every category"),
        queryset=Category.objects.none(),
        method="in_category",
    )
    sale = django_filters.ChoiceFilter(
        label=_("On sale"),
        empty_label=_("On sale or not"),
        choices=[("yes", _("can be bought")), ("sold_out", _("sold out")), ("inactive", _("not active"))],
        method="by_sale",
    )

    sorts = {
        "title": ["title", "id"],
        "price": ["price", "id"],
        "stock": ["stock", "id"],
        "changed": ["updated_at", "id"],
    }
    default_sort = "title"

    def narrow(self) -> None:
        self.form.fields["category"].queryset = Category.objects.for_merchant(self.merchant)

    def in_category(self, rows: QuerySet[Product], name: str, category: Category) -> QuerySet[Product]:
        """Its products and those of the categories below it."""
        below = Q(category__path__startswith=category.path + Category.SEPARATOR)
        return rows.filter(Q(category=category) | below)

    def by_sale(self, rows: ProductQuerySet, name: str, value: str) -> QuerySet[Product]:
        if value == "yes":
            return rows.available()
        return rows.filter(active=False) if value == "inactive" else rows.filter(active=True, stock__lte=0)
