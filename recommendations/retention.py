"""How long recommendations keep what, unless a merchant decides otherwise."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.privacy.retention import Retention, keep_for
from recommendations.models import SearchTerm


def _searches(merchant_id: int, before: datetime) -> QuerySet[SearchTerm]:
    return SearchTerm.objects.for_merchant(merchant_id).filter(day__lt=before.date())


keep_for(
    Retention(
        "searches",
        _("What was searched for"),
        _(
            "Counts by day and text, without the person. The report looks back 90 days and compares them with those before."
        ),
        days=180,
        shortest=7,
        model=SearchTerm,
        old=_searches,
    ),
    rank=60,
)
