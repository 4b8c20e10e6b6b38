"""How many people each placement holds back."""

from __future__ import annotations

from typing import Any

from django import forms

from core.forms import KitForm
from core.measuring.holdout import MOST_PERCENT
from recommendations.models import Placement


class HoldoutForm(KitForm):
    """A percentage per placement; 0 holds nobody back."""

    marks_optional = False

    def __init__(self, *args: Any, percents: dict[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for placement in Placement:
            self.fields[placement.value] = forms.IntegerField(
                label=placement.label,
                min_value=0,
                max_value=MOST_PERCENT,
                initial=percents.get(placement.value, 0),
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            )

    def percents(self) -> dict[str, int]:
        return {placement: self.cleaned_data[placement] for placement in Placement.values}
