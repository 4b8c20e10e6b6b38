"""Files with customers: what was uploaded, and what its columns mean."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import Job, MerchantModel
from merchants.models import Staff


class CustomerImport(MerchantModel):
    """An uploaded file of customers. ``mapping`` says what each column is; the newest one for a header is remembered.

    ``upload`` is empty once the file is deleted: after the import, or a day after the upload.
    """

    class Format(models.TextChoices):
        CSV = "csv", _("CSV")
        JSON = "json", _("JSON")

    file_name = models.CharField(_("file"), max_length=255)
    file_format = models.CharField(_("format"), max_length=4, choices=Format.choices)
    upload = models.CharField(_("stored as"), max_length=200, blank=True)
    header: models.JSONField[list[str]] = models.JSONField(_("columns"), default=list)
    header_digest = models.CharField(_("digest of the columns"), max_length=64)
    mapping: models.JSONField[dict[str, Any]] = models.JSONField(_("meaning of the columns"), default=dict)
    job = models.ForeignKey(
        Job,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("last run"),
        help_text=_("Or trial."),
    )
    staff = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("uploaded by")
    )
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["merchant", "header_digest", "-id"], name="customer_import_remembered"),
            models.Index(fields=["merchant", "-id"], name="customer_import_newest"),
        ]
        verbose_name = _("import of customers")
        verbose_name_plural = _("imports of customers")

    def __str__(self) -> str:
        return self.file_name
