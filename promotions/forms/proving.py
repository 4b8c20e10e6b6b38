"""Forms of replays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.forms import KitForm
from promotions.models import PromotionVersion
from promotions.pricing.reading import known_promotion
from promotions.replaying.running import MOST_ORDERS
from promotions.replaying.tally import asks_for_code


class ReplayForm(KitForm):
    """Which version, on how many orders."""

    version = forms.TypedChoiceField(label=gettext_lazy("Version"), coerce=int)
    orders = forms.IntegerField(
        label=gettext_lazy("On the last orders"), min_value=1, max_value=MOST_ORDERS, initial=1000
    )
    assumes_code = forms.BooleanField(
        label=gettext_lazy("As if everybody had entered the code"),
        required=False,
        help_text=gettext_lazy("Past orders do not have a code that was given out only later."),
    )
    marks_optional = False

    def __init__(self, data: Any, *, versions: Sequence[PromotionVersion], live: int | None) -> None:
        self._versions = {version.number: version for version in versions}
        newest = versions[0] if versions else None
        needs_code = newest is not None and asks_for_code(known_promotion(newest.definition).condition)
        super().__init__(data, initial={"version": newest and newest.number, "assumes_code": needs_code})
        self.fields["version"].choices = [  # type: ignore[attr-defined]
            (version.number, _in_use(version) if version.pk == live else str(version.number)) for version in versions
        ]
        if not any(asks_for_code(known_promotion(version.definition).condition) for version in versions):
            del self.fields["assumes_code"]

    def chosen(self) -> PromotionVersion:
        return self._versions[self.cleaned_data["version"]]


def _in_use(version: PromotionVersion) -> str:
    return _("%(number)s (in use)") % {"number": version.number}
