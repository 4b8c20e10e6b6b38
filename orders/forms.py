"""What staff enter about orders."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from core.forms import KitForm
from orders.importing import FileFormat

MAX_UPLOAD = 500 * 1024 * 1024


class ImportForm(KitForm):
    """A file with the history of the shop."""

    file = forms.FileField(
        label=_("File"), widget=forms.FileInput(attrs={"accept": ".csv,.txt,.parquet,text/csv"}), max_length=255
    )
    file_format = forms.ChoiceField(
        label=_("Format"),
        choices=FileFormat.choices,
        help_text=_("In Shopify: Orders, Export, all orders, plain CSV."),
    )
    dry_run = forms.BooleanField(
        label=_("Trial run"),
        required=False,
        help_text=_("Reads the whole file and reports every row that would be rejected, but writes no order."),
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

    def request(self) -> dict[str, Any]:
        """The validated form as arguments of ``request_import``."""
        valid = self.cleaned_data
        return {"upload": valid["file"], "file_format": valid["file_format"], "dry_run": valid["dry_run"]}
