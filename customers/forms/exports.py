"""What an export of customers holds."""

from __future__ import annotations

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from core.forms import KitForm
from customers.actions.exports import COLUMNS, CSV, JSON_LINES

_FIRST = ["external_id", "email", "first_name", "last_name", "country", "orders", "revenue", "last_order"]


class ExportForm(KitForm):
    file_format = forms.ChoiceField(
        label=_("Format"), choices=[(CSV, _("CSV for spreadsheets")), (JSON_LINES, _("JSON, one person per line"))]
    )
    columns = forms.MultipleChoiceField(
        label=_("Columns"),
        widget=forms.CheckboxSelectMultiple,
        choices=[(name, label) for name, label in COLUMNS.items()],
        initial=_FIRST,
        error_messages={"required": _("Choose at least one column.")},
    )
    with_consents = forms.BooleanField(
        label=_("With consents"),
        required=False,
        help_text=_("What each person decided last, with date, source and version of the text."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["columns"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, capfirst(str(label))) for name, label in COLUMNS.items()]
