"""Rows of the machinery: deliveries of domain events, jobs, rows that imports rejected, idempotency records."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from merchants.models import MerchantModel, MerchantQuerySet, Staff

__all__ = [
    "Delivery",
    "IdempotencyRecord",
    "ImportRejection",
    "Job",
    "JobLogLine",
    "MerchantModel",
    "MerchantQuerySet",
]


class DeliveryQuerySet(MerchantQuerySet["Delivery"]):
    def due(self) -> Self:
        """Waiting, or claimed by a worker whose lease ran out."""
        return self.filter(state=Delivery.State.WAITING, due_at__lte=timezone.now())

    def failed(self) -> Self:
        return self.filter(state=Delivery.State.FAILED)


class Delivery(MerchantModel):
    """One domain event on its way to one handler: the transactional outbox."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    event = models.CharField(_("event"), max_length=80)
    handler = models.CharField(_("handler"), max_length=120)
    payload = models.JSONField(_("payload"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.TextField(_("last error"), blank=True)
    created_at = models.DateTimeField(_("published"), default=timezone.now)
    # A worker's lease moves this forward; a worker that dies thereby gives the row back.
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    done_at = models.DateTimeField(_("done"), null=True)

    objects: ClassVar = DeliveryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="delivery_due"),
            models.Index(fields=["merchant", "state", "-id"], name="delivery_list"),
        ]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")

    def __str__(self) -> str:
        return f"{self.event} → {self.handler}"


class JobQuerySet(MerchantQuerySet["Job"]):
    def unfinished(self) -> Self:
        return self.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])


class Job(MerchantModel):
    """Long work that a person asked for and watches.

    Everybody reads it in their own language: ``title`` and ``step`` are stored as the sources write them, for
    ``gettext``, and ``parameters`` fill the title in.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    kind = models.CharField(_("kind"), max_length=40)
    title = models.CharField(_("title"), max_length=200)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.QUEUED)
    parameters = models.JSONField(_("parameters"), default=dict)
    step = models.CharField(_("step"), max_length=200, blank=True)
    done = models.PositiveBigIntegerField(_("done"), default=0)
    total = models.PositiveBigIntegerField(_("of"), null=True)
    result = models.JSONField(_("result"), default=dict)
    error = models.TextField(_("error"), blank=True)
    asked_by = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("asked for by")
    )
    cancel_requested = models.BooleanField(_("cancellation asked for"), default=False)
    starts = models.PositiveSmallIntegerField(_("starts"), default=0, help_text=_("More than one: a worker was lost."))
    created_at = models.DateTimeField(_("asked for"), default=timezone.now)
    started_at = models.DateTimeField(_("begun"), null=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True)
    finished_at = models.DateTimeField(_("ended"), null=True)

    objects: ClassVar = JobQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["merchant", "kind", "-id"], name="job_list")]
        constraints = [
            models.CheckConstraint(condition=Q(total=None) | Q(done__lte=F("total")), name="job_done_within_total"),
        ]
        verbose_name = _("job")
        verbose_name_plural = _("jobs")

    def __str__(self) -> str:
        title = gettext(self.title)
        return title % self.parameters if "%(" in title else title

    @property
    def spoken_step(self) -> str:
        return gettext(self.step) if self.step else ""

    @property
    def is_finished(self) -> bool:
        return self.state not in (self.State.QUEUED, self.State.RUNNING)

    @property
    def percent(self) -> int | None:
        """0 to 100, or None while the total is unknown."""
        if self.state == self.State.DONE:
            return 100
        return self.done * 100 // self.total if self.total else None


class JobLogLine(MerchantModel):
    """What a job did and when, for whoever wants to know more than the progress bar tells.

    Like a job's title, ``text`` is stored as the sources write it, and ``values`` fill it in.
    """

    class Level(models.TextChoices):
        STEP = "step", _("step")
        NOTE = "note", _("note")
        WARNING = "warning", _("warning")

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="log_lines", verbose_name=_("job"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    level = models.CharField(_("level"), max_length=7, choices=Level.choices, default=Level.NOTE)
    text = models.CharField(_("text"), max_length=300)
    values: models.JSONField[dict[str, Any]] = models.JSONField(_("values"), default=dict)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["job", "id"], name="job_log")]
        verbose_name = _("log line")
        verbose_name_plural = _("log lines")

    def __str__(self) -> str:
        text = gettext(self.text)
        return text % {name: _spoken(value) for name, value in self.values.items()} if self.values else text


def _spoken(value: Any) -> str:
    """Counts and fractions with the reader's separators; everything else as it is."""
    if isinstance(value, float):
        return number_format(round(value, 3), 3)
    return number_format(value, force_grouping=True) if isinstance(value, int) else str(value)


class IdempotencyRecord(MerchantModel):
    """The answer to a write that carried an ``Idempotency-Key``, stored with its effect."""

    key = models.CharField(_("key"), max_length=255)
    fingerprint = models.CharField(_("digest"), max_length=64)
    status = models.PositiveSmallIntegerField(_("status"))
    body = models.JSONField(_("answer"))
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "key"], name="idempotency_key_once")]
        verbose_name = _("idempotency record")
        verbose_name_plural = _("idempotency records")

    def __str__(self) -> str:
        return self.key


class ImportRejection(MerchantModel):
    """A row of an imported file that could not become a fact, and why."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="import_rejections", verbose_name=_("job"))
    line = models.PositiveIntegerField(_("line"))
    code = models.CharField(_("reason"), max_length=40)
    reason = models.CharField(_("explanation"), max_length=300)
    row: models.JSONField[dict[str, Any]] = models.JSONField(_("row"), default=dict)

    class Meta:
        ordering = ["line"]
        indexes = [models.Index(fields=["job", "line"], name="import_rejection_list")]
        verbose_name = _("rejected row")
        verbose_name_plural = _("rejected rows")

    def __str__(self) -> str:
        return f"{self.line}: {self.code}"
