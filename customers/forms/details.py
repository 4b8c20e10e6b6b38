"""What staff may say about a person, and what they saw when they began to write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from babel.core import Locale
from django import forms
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from core.forms import KitForm
from customers.actions.corrections import DETAILS, details_of
from customers.models import Customer

# Languages of shops' customers, in which a person is likely to be written to; others stay as they were given.
LANGUAGES = [
    *("ar", "bg", "bs", "ca", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "he", "hr", "hu", "is", "it"),
    *("ja", "ko", "lb", "lt", "lv", "mk", "mt", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "tr"),
    *("uk", "zh"),
]


@cache
def choices_of(kind: str, language: str) -> list[tuple[str, str]]:
    locale = Locale.parse(translation.to_locale(language))
    names: dict[str, str] = dict(locale.languages if kind == "languages" else locale.territories)
    codes = (
        LANGUAGES if kind == "languages" else [code for code in names if len(code) == 2 and code not in _NO_COUNTRIES]
    )
    return sorted(((code, names[code]) for code in codes), key=lambda choice: choice[1])


# What CLDR names beside countries: the EU, the euro zone, the UN, and codes for tests and for the unknown.
_NO_COUNTRIES = {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}


class DetailsForm(KitForm):
    """The details of one customer; ``seen`` carries what the page showed, so that a stale edit is noticed."""

    first_name = forms.CharField(label=_("first name"), max_length=120, required=False)
    last_name = forms.CharField(label=_("last name"), max_length=120, required=False)
    locale = forms.ChoiceField(label=_("language"), required=False)
    postal_code = forms.CharField(label=_("postal code"), max_length=20, required=False)
    city = forms.CharField(label=_("city"), max_length=100, required=False)
    country = forms.ChoiceField(label=_("country"), required=False)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=4000)

    marks_optional = False

    def __init__(self, data: Mapping[str, Any] | None = None, *, customer: Customer) -> None:
        stored = details_of(customer)
        super().__init__(data, initial={**stored, "seen": json.dumps(stored)})
        self.fields["first_name"].widget.attrs["autofocus"] = True
        language = translation.get_language() or "en"
        for name, kind in (("locale", "languages"), ("country", "territories")):
            known = choices_of(kind, language)
            # A regional language (“en-GB”) is kept as it was given.
            own = [(stored[name], stored[name])] if stored[name] and stored[name] not in dict(known) else []
            self.fields[name].choices = [("", _("unknown")), *own, *known]  # type: ignore[attr-defined]

    def clean_seen(self) -> dict[str, str]:
        """What was shown, by field. Whoever tampers with it fools only themselves."""
        try:
            seen = json.loads(self.cleaned_data["seen"])
        except ValueError:
            seen = None
        if not isinstance(seen, dict) or not all(isinstance(seen.get(name), str) for name in DETAILS):
            raise forms.ValidationError(_("The form is not complete. Load the page again."))
        return seen

    @property
    def wanted(self) -> Mapping[str, str]:
        return {name: self.cleaned_data[name] for name in DETAILS}
