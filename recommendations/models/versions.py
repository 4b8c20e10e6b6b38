"""Trained artefacts and what became of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import Job, MerchantModel, MerchantQuerySet


class ModelVersionQuerySet(MerchantQuerySet["ModelVersion"]):
    def live(self) -> Self:
        """The one that answers; at most one row per merchant."""
        return self.filter(status=ModelVersion.Status.LIVE)

    def stored(self) -> Self:
        """Versions whose artefact lies on disk."""
        return self.filter(size__gt=0)


class ModelVersion(MerchantModel):
    """One training's outcome: an artefact that is or was live, or the reason why there is none."""

    class Status(models.TextChoices):
        LIVE = "live", _("live")
        RETIRED = "retired", _("retired")  # was live, a newer one is
        REFUSED = "refused", _("refused")  # the gate kept it out
        FAILED = "failed", _("failed")  # the training broke off

    class Engine(models.TextChoices):
        """What factorised the matrix of customers and products."""

        IMPLICIT = "implicit", _("this machine")
        SPARK = "spark", _("Spark")

    class Mode(models.TextChoices):
        PERSONAL = "personal", _("personal")
        POPULARITY = "popularity", _("popularity only")

    version = models.CharField(_("version"), max_length=40, help_text=_("Also the name of the artefact's directory."))
    status = models.CharField(_("status"), max_length=8, choices=Status.choices)
    mode = models.CharField(_("mode"), max_length=10, choices=Mode.choices, blank=True)
    engine = models.CharField(_("computed by"), max_length=8, choices=Engine.choices, default=Engine.IMPLICIT)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("job"))
    # Purchases received later than this are not in the model; they are folded in when it answers.
    snapshot_at = models.DateTimeField(_("data read"))
    data_from = models.DateTimeField(_("oldest purchase"), null=True)
    data_until = models.DateTimeField(_("newest purchase"), null=True)
    rows = models.PositiveBigIntegerField(_("purchases"), default=0)
    events = models.PositiveBigIntegerField(_("events"), default=0, help_text=_("Looked at, put into the basket."))
    customers = models.PositiveIntegerField(_("customers"), default=0)
    products = models.PositiveIntegerField(_("products"), default=0)
    duration = models.DurationField(_("duration"), default=timedelta(0))
    # Seconds by stage, as the job's log tells them.
    timings: models.JSONField[dict[str, float]] = models.JSONField(_("seconds by stage"), default=dict)
    peak_memory = models.PositiveBigIntegerField(_("most memory used"), default=0)
    size = models.PositiveBigIntegerField(_("size on disk"), default=0, help_text=_("0: not kept."))
    metrics: models.JSONField[dict[str, Any]] = models.JSONField(_("measured quality"), default=dict)
    # What the gate looked at, [{"code": …, "passed": …, figures}]: the refusal is the first that did not pass.
    checks: models.JSONField[list[dict[str, Any]]] = models.JSONField(_("what the gate checked"), default=list)
    # Counts of what is wrong with the data that it learnt from.
    health: models.JSONField[dict[str, Any]] = models.JSONField(_("health of the data"), default=dict)
    # {"code": …, figures}: why it was refused or failed; the words are made when it is shown.
    reason: models.JSONField[dict[str, Any]] = models.JSONField(_("reason"), default=dict)
    created_at = models.DateTimeField(_("trained"), default=timezone.now)
    published_at = models.DateTimeField(_("went live"), null=True)
    # Newer arrays of the quick engines, beside the version's own: the name of their directory, empty without any.
    refresh = models.CharField(_("refresh"), max_length=60, blank=True)
    refreshed_at = models.DateTimeField(_("refreshed"), null=True)

    objects: ClassVar = ModelVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant"], condition=Q(status="live"), name="model_version_one_live"),
            models.UniqueConstraint(fields=["merchant", "version"], name="model_version_once"),
            models.CheckConstraint(
                condition=~Q(status__in=["refused", "failed"]) | Q(reason__has_key="code"),
                name="model_version_says_why",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "-id"], name="model_version_newest")]
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")

    def __str__(self) -> str:
        return self.version

    @property
    def directory(self) -> Path:
        """Where the artefact lies."""
        return artefact_directory(self.merchant_id, self.version)

    @property
    def is_restorable(self) -> bool:
        """Whether it was live once and is still kept."""
        return self.status == self.Status.RETIRED and self.size > 0

    @property
    def refresh_directory(self) -> Path | None:
        """Where the newer arrays lie, None without any."""
        return artefact_directory(self.merchant_id, self.refresh) if self.refresh else None

    @property
    def age(self) -> timedelta:
        return timezone.now() - self.created_at


def artefact_directory(merchant_id: int, version: str) -> Path:
    """Where a version's artefact lies, or will."""
    return Path(settings.MODELS_DIR) / str(merchant_id) / version
