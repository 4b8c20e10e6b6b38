"""A file with customers, and what its columns mean."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.forms import KitForm
from customers.actions.imports import checked_mapping
from customers.importing.fields import FIELDS, IGNORED, TRAIT
from customers.models import Channel, CustomerImport, Purpose

MAX_UPLOAD = 100 * 1024 * 1024
OWN_TRAIT = "trait"


class CustomerUploadForm(KitForm):
    file = forms.FileField(
        label=_("File"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.json,.jsonl,.ndjson,text/csv,application/json"}),
        max_length=255,
        help_text=_("CSV or JSON. In the next step you say what its columns mean; nothing is imported before."),
    )

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > MAX_UPLOAD:
            raise forms.ValidationError(
                _("The file is larger than %(most)s. Please import it in parts."),
                code="too_large",
                params={"most": filesizeformat(MAX_UPLOAD)},
            )
        return file


class MappingForm(KitForm):
    """One choice per column (``column-0``, …), and what stands for columns of a consent that the file lacks."""

    marks_optional = False

    consent_purpose = forms.ChoiceField(label=_("Purpose"), required=False)
    consent_channel = forms.ChoiceField(label=_("Channel"), required=False)
    consent_source = forms.CharField(label=_("Source"), required=False, max_length=80)
    consent_text_version = forms.CharField(label=_("Version of the text"), required=False, max_length=40)

    def __init__(self, data: Any = None, *, imported: CustomerImport) -> None:
        defaults = imported.mapping.get("defaults", {})
        super().__init__(data, initial=dict(defaults))
        self._header = [name for name in imported.header if name]
        for name, choices in (("consent_purpose", Purpose.choices), ("consent_channel", Channel.choices)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("as the file says")), *choices]
        stored = imported.mapping.get("columns", {})
        for number, name in enumerate(self._header):
            self.fields[f"column-{number}"] = forms.ChoiceField(
                label=name, required=False, choices=_targets(name), initial=_shown(stored.get(name, IGNORED), name)
            )

    @property
    def columns(self) -> list[tuple[str, forms.BoundField]]:
        return [(name, self[f"column-{number}"]) for number, name in enumerate(self._header)]

    @property
    def consent_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("consent_purpose", "consent_channel", "consent_source", "consent_text_version")]

    def clean(self) -> dict[str, Any]:
        chosen = self.cleaned_data
        columns = {name: chosen.get(f"column-{number}", IGNORED) for number, name in enumerate(self._header)}
        defaults = {field.name: chosen.get(field.name, "") for field in self.consent_fields}
        try:
            chosen["mapping"] = checked_mapping(self._header, columns, defaults)
        except DomainError as error:
            raise forms.ValidationError(str(error.message)) from error
        return chosen


def _targets(column: str) -> list[Any]:
    groups = [
        (str(group), [(field.name, capfirst(str(field.label))) for field in fields])
        for group, fields in groupby(FIELDS, key=lambda field: field.group)
    ]
    own = (f"{TRAIT}{column}", _("Keep as a trait of this name"))
    return [(IGNORED, _("Leave out")), own, *groups]


def _shown(target: str, column: str) -> str:
    """A trait under another name (from the command line) is shown as the trait it becomes here."""
    return f"{TRAIT}{column}" if target.startswith(TRAIT) else target


def samples(header: Sequence[str], rows: Sequence[Any]) -> dict[str, list[str]]:
    """The first values of each column, for the screen."""
    return {
        name: [Truncator(row.values[name]).chars(60) for row in rows if row.values.get(name) not in (None, "")][:3]
        for name in header
    }
