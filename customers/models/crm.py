"""What staff know and plan about people: notes and tasks."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import MerchantModel, MerchantQuerySet
from customers.models.profiles import SEARCHED, Customer
from merchants.models import Staff


class Note(MerchantModel):
    """What a colleague should know about a person. ``author`` is empty once the account is gone."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="notes", verbose_name=_("customer"))
    author = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("written by")
    )
    text = models.TextField(_("text"), max_length=4000)
    is_pinned = models.BooleanField(_("pinned"), default=False, help_text=_("Stands above the others."))
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["customer", "-is_pinned", "-created_at"], name="note_of_customer")]
        verbose_name = _("note")
        verbose_name_plural = _("notes")

    def __str__(self) -> str:
        return self.text if len(self.text) <= 60 else f"{self.text[:59]}…"


class TaskQuerySet(MerchantQuerySet["Task"]):
    def open(self) -> Self:
        return self.filter(state=Task.State.OPEN)

    def overdue(self, today: date) -> Self:
        """Open, and due before today in the shop's time zone."""
        return self.open().filter(due_on__lt=today)

    def search(self, text: str) -> Self:
        """Tasks whose title holds every word of ``text``, or whose customer's name does; the newest thousand."""
        by_title, by_name = self, self
        for word in text.split():
            by_title = by_title.filter(search_title__contains=word.lower())
            by_name = by_name.filter(customer__search_name__contains=word.lower())
        found = [rows.order_by("-pk").values("pk")[:SEARCHED] for rows in (by_title, by_name)]
        return self.filter(pk__in=found[0].union(found[1]))


class Task(MerchantModel):
    """Something a colleague has to do for a person, until it is done."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")

    class Priority(models.IntegerChoices):
        LOW = 10, _("low")
        NORMAL = 20, _("normal")
        HIGH = 30, _("high")

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="tasks", verbose_name=_("customer"))
    title = models.CharField(_("what is to do"), max_length=200)
    details = models.TextField(_("details"), max_length=4000, blank=True)
    due_on = models.DateField(_("due"), null=True, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority.choices, default=Priority.NORMAL)
    assignee = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("assigned to")
    )
    state = models.CharField(_("state"), max_length=4, choices=State.choices, default=State.OPEN)
    created_by = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    done_at = models.DateTimeField(_("done on"), null=True, blank=True)
    done_by = models.ForeignKey(
        Staff, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("done by")
    )
    search_title = models.GeneratedField(
        expression=Lower(F("title")),
        output_field=models.CharField(max_length=200),
        db_persist=True,
        verbose_name=_("title, for the search"),
    )

    objects: ClassVar = TaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="done", done_at__isnull=False) | Q(state="open", done_at__isnull=True),
                name="task_done_has_time",
            )
        ]
        indexes = [
            models.Index(fields=["merchant", "state", "due_on", "id"], name="task_by_due"),
            models.Index(fields=["merchant", "assignee", "state", "due_on", "id"], name="task_by_assignee"),
            models.Index(fields=["merchant", "-id"], name="task_newest"),
            models.Index(fields=["customer", "state", "due_on"], name="task_of_customer"),
            GinIndex(OpClass(F("search_title"), name="gin_trgm_ops"), name="task_title_trgm"),
        ]
        verbose_name = _("task")
        verbose_name_plural = _("tasks")

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.state == Task.State.OPEN

    @property
    def is_overdue(self) -> bool:
        """By the day of the active time zone, which the door sets to the shop's."""
        return self.is_open and self.due_on is not None and self.due_on < timezone.localdate()
