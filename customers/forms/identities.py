"""Identities that staff add and take away."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.forms import KitForm
from customers.actions.corrections import TYPED_KINDS
from customers.rules.identities import MAX_LENGTH


class IdentityForm(KitForm):
    """How a person is reached or recognised."""

    kind = forms.ChoiceField(label=gettext_lazy("kind"), choices=[(kind.value, kind.label) for kind in TYPED_KINDS])
    value = forms.CharField(
        label=gettext_lazy("value"),
        max_length=MAX_LENGTH,
        help_text=gettext_lazy("A telephone number without a country's prefix is read as one of the person's country."),
    )


class RemovalForm(KitForm):
    """The value once more, typed by the person who takes it away."""

    typed = forms.CharField(label=gettext_lazy("type it to confirm"), max_length=MAX_LENGTH)

    def __init__(self, data: Any = None, *, value: str) -> None:
        super().__init__(data)
        self.value = value
        self.fields["typed"].widget.attrs |= {"autocomplete": "off", "autofocus": True}

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed.strip().casefold() != self.value.casefold():
            raise forms.ValidationError(_("This is not “%(value)s”.") % {"value": self.value})
        return typed
