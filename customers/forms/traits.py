"""One declared trait, as staff write it."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.forms import KitForm
from customers.rules.traits import MAX_NAME, MAX_VALUE


def as_text(value: Any) -> str:
    """A trait's value as a person writes it: a text as it is, everything else as JSON."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def as_seen(value: Any) -> str:
    """What the form remembers of what it showed."""
    return json.dumps(value)


class TraitForm(KitForm):
    """``name`` and ``value`` of the trait that is edited; without a name a new one, which is a text."""

    name = forms.CharField(label=gettext_lazy("name"), max_length=MAX_NAME)
    value = forms.CharField(
        label=gettext_lazy("value"), max_length=MAX_VALUE, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    withdraw = forms.BooleanField(label=gettext_lazy("withdraw this trait"), required=False)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=2 * MAX_VALUE)

    marks_optional = False

    def __init__(self, data: Any = None, *, name: str, value: Any) -> None:
        initial = {"name": name, "value": as_text(value), "seen": as_seen(value)}
        super().__init__(data, initial=initial)
        self.stored = value
        self.fields["value" if name else "name"].widget.attrs["autofocus"] = True
        if name:
            self.fields["name"].disabled = True
        else:
            del self.fields["withdraw"]

    def clean_seen(self) -> Any:
        try:
            return json.loads(self.cleaned_data["seen"])
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(_("The form is not complete. Load the page again.")) from error

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        self.declared: Any = None if given.get("withdraw") else self._read(given.get("value", ""))
        return given

    @property
    def trait(self) -> str:
        name: str = self.cleaned_data["name"]
        return name

    def _read(self, text: str) -> Any:
        """The value in the kind that it had: staff who correct a number write a number."""
        if not text:
            self.add_error(
                "value", _("Write a value, or withdraw the trait.") if self.initial["name"] else _("Write a value.")
            )
            return None
        if self.stored is None or isinstance(self.stored, str):
            return text
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if _kind(value) is not _kind(self.stored):
            self.add_error("value", _("This trait holds %(kind)s.") % {"kind": _SPOKEN[_kind(self.stored)]})
        return value


_SPOKEN: dict[type, Any] = {
    bool: gettext_lazy("“true” or “false”"),
    float: gettext_lazy("a number, such as 12.5"),
    list: gettext_lazy('a list in JSON, such as ["red", "blue"]'),
    dict: gettext_lazy('an object in JSON, such as {"size": "M"}'),
    str: gettext_lazy("a text"),
}


def _kind(value: Any) -> type:
    """Numbers are one kind."""
    for kind, types in ((bool, bool), (float, int | float), (list, list), (dict, dict), (str, str)):
        if isinstance(value, types):
            return kind
    return type(None)
