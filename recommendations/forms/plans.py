"""What staff decide about trainings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import KitModelForm
from recommendations.models import TrainingPlan


class TrainingPlanForm(KitModelForm):
    """When a shop trains, and from how much it learns."""

    hour = forms.TypedChoiceField(
        label=_("nightly training at"),
        choices=[(hour, f"{hour}:00") for hour in range(24)],
        coerce=int,
        help_text=_("In the shop's time zone."),
    )

    class Meta:
        model = TrainingPlan
        fields = ["hour", "refresh_minutes", "purchase_days", "event_days", "is_paused"]

    def values(self) -> dict[str, Any]:
        """The validated form as arguments of ``save_plan``."""
        return dict(self.cleaned_data)
