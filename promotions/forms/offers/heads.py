"""The plain forms of the editor: name and period, for whom, how often."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.forms import KitForm
from promotions.forms.offers.fields import LocalMomentField, MoneyField, TextsField
from promotions.forms.offers.parts import OpenChoiceField, Shop, gone_segment
from promotions.models import Promotion

MAX_USES = 2**31 - 1
Json = Mapping[str, Any]


class HeadForm(KitForm):
    """Name, key and period. ``seen``: the newest version as the page was shown, so that a stale edit is noticed."""

    use_required_attribute = False
    marks_optional = False

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    key = forms.RegexField(
        r"^[a-z0-9][a-z0-9-]{0,63}\Z",
        label=gettext_lazy("Key"),
        required=False,
        max_length=64,
        widget=forms.TextInput({"data-slug-of": "id_name", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("For programs: small letters, digits and hyphens. Empty: made from the name."),
        error_messages={"invalid": gettext_lazy("Small letters, digits and hyphens.")},
    )
    starts_at = LocalMomentField(label=gettext_lazy("From"), required=False)
    ends_at = LocalMomentField(label=gettext_lazy("Until"), required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any, *, shop: Shop, is_new: bool, initial: Json) -> None:
        super().__init__(data, initial=dict(initial))
        if not is_new:
            del self.fields["key"]
        zone = _("In the shop's time: %(zone)s.") % {"zone": shop.merchant.time_zone}
        self.fields["ends_at"].help_text = zone

    def clean_name(self) -> str:
        """With something to see: a row of a list is clicked at its name."""
        name: str = self.cleaned_data["name"]
        if all(unicodedata.category(sign)[0] in "CZ" for sign in name):
            raise forms.ValidationError(self.fields["name"].error_messages["required"], code="required")
        return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        starts, ends = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts and ends and starts >= ends:
            self.add_error("ends_at", _("It must end after it starts."))
        return cleaned


class AudienceForm(KitForm):
    """Whom it is for, and the code it may ask for: conditions that stand at the head of every promotion."""

    use_required_attribute = False
    marks_optional = False
    WHO = {
        "everyone": gettext_lazy("Everyone"),
        "segment": gettext_lazy("Segments"),
        "customer": gettext_lazy("Certain people"),
    }

    who = forms.ChoiceField(label=gettext_lazy("For whom"), choices=list(WHO.items()), widget=forms.RadioSelect)
    segment = OpenChoiceField(
        label=gettext_lazy("Segments"), required=False, choices=[], widget=forms.CheckboxSelectMultiple
    )
    customer = TextsField(
        label=gettext_lazy("People"),
        source="customer",
        required=False,
        help_text=gettext_lazy("Search by name, e-mail or customer number."),
    )
    code = TextsField(
        label=gettext_lazy("Only with a code"),
        source="code",
        required=False,
        help_text=gettext_lazy("A shared code, or a coupon batch for any of its codes. Empty: no code is needed."),
    )

    def __init__(self, data: Any, *, shop: Shop, said: Json) -> None:
        who = next((name for name in ("customer", "segment") if name in said), "everyone")
        super().__init__(data, initial={"who": who, **said})
        field = self.fields["segment"]
        assert isinstance(field, OpenChoiceField)
        field.choices = shop.segments
        field.offer(self["segment"].value(), gone_segment)
        shop.suggest(self)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        who = cleaned.get("who")
        if who in ("segment", "customer") and who not in self.errors and not cleaned.get(who):
            self.add_error(who, _("Choose at least one."))
        return cleaned

    def conditions(self) -> list[Json]:
        """Of a valid form."""
        who, code = self.cleaned_data["who"], self.cleaned_data["code"]
        person = [{who: self.cleaned_data[who]}] if who in ("segment", "customer") else []
        return [*person, *([{"code": code}] if code else [])]


def take_audience(when: Json | None) -> tuple[dict[str, Any], list[Json]]:
    """What a condition says first of all about person and code, and the conditions that are left."""
    rows = list(when["all"]) if when and "all" in when else [when] if when else []
    said: dict[str, Any] = {}
    left = []
    for row in rows:
        [(kind, value)] = row.items()
        is_taken = "segment" in said or "customer" in said
        if (kind == "code" and "code" not in said) or (kind in ("segment", "customer") and not is_taken):
            said[kind] = value
        else:
            left.append(row)
    return said, left


class LimitsForm(KitForm):
    """How often it may be had; empty fields are no limit."""

    use_required_attribute = False
    marks_optional = False

    def __init__(self, data: Any, *, shop: Shop, initial: Json | None = None) -> None:
        super().__init__(data, prefix="limits", initial=dict(initial or {}))
        counts = {
            "uses_limit": _("Uses in all"),
            "uses_per_customer": _("Uses per person"),
            "uses_per_window": _("Uses per period"),
        }
        for name, label in counts.items():
            self.fields[name] = forms.IntegerField(label=label, required=False, min_value=1, max_value=MAX_USES)
        self.fields["window"] = forms.ChoiceField(
            label=_("Period"), choices=Promotion.Window.choices, initial=Promotion.Window.DAY
        )
        self.fields["budget"] = MoneyField(
            currency=shop.currency, label=_("Budget"), required=False, help_text=_("What it may take off in all.")
        )

    def clean_budget(self) -> int | None:
        budget: int | None = self.cleaned_data["budget"]
        if budget == 0:
            raise forms.ValidationError(_("An amount above nothing."), code="min_value")
        return budget

    def limits(self) -> dict[str, Any]:
        """By their names at the promotion; of a valid form."""
        return dict(self.cleaned_data)
