"""What the list of promotions can be narrowed by."""

from __future__ import annotations

import django_filters
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.listing import ListFilter, SearchFilter
from promotions.models import Promotion


def _standing(rows: models.QuerySet[Promotion], _name: str, value: str) -> models.QuerySet[Promotion]:
    return rows.standing(value, timezone.now()) if value else rows  # type: ignore[attr-defined]


class PromotionFilter(ListFilter):
    q = SearchFilter(placeholder=_("Name or key"))
    status = django_filters.ChoiceFilter(
        label=_("Status"), empty_label=_("Every status"), choices=Promotion.Standing.choices, method=_standing
    )

    sorts = {"newest": ["id"], "name": ["name", "id"], "changed": ["updated_at", "id"]}
    default_sort = "-newest"
