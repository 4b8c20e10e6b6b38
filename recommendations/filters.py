"""Filters of the recommender's lists."""

from __future__ import annotations

from typing import ClassVar

import django_filters
from django.utils.translation import gettext_lazy as _

from core.listing import ListFilter
from recommendations.models import ModelVersion


class VersionFilter(ListFilter):
    """Trainings by what became of them."""

    status = django_filters.ChoiceFilter(
        choices=ModelVersion.Status.choices, label=_("State"), empty_label=_("Every state")
    )

    sorts: ClassVar = {"newest": ["id"]}
    default_sort = "-newest"
