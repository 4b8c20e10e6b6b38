"""Notes, tasks and companies on a person's page and in the timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.models import Job
from core.providers import (
    NavigationItem,
    Panel,
    TimelineEntry,
    TimelineFilter,
    customer_panels,
    customer_timeline,
    job_panels,
    navigation,
    timeline_filters,
)
from customers.actions.exports import EXPORT
from customers.forms.companies import CompanyChoiceForm
from customers.forms.crm import NoteForm, TaskForm
from customers.importing import IMPORT
from customers.models import Company, Customer, Note, Task
from customers.queries.companies import companies_of, newest_done_tasks, newest_notes
from customers.queries.crm import done_tasks_of, notes_of, open_tasks_of

EXCERPT = 300


def notes_context(customer: Customer, form: NoteForm | None = None) -> dict[str, Any]:
    """What ``customers/parts/notes.html`` shows; ``form`` is one that was refused."""
    return {"customer": customer, "notes": notes_of(customer), "note_form": form or NoteForm(prefix="note")}


def tasks_context(customer: Customer, form: TaskForm | None = None) -> dict[str, Any]:
    """What ``customers/parts/tasks.html`` shows; ``form`` is one that was refused."""
    return {
        "customer": customer,
        "open_tasks": open_tasks_of(customer),
        "done_tasks": done_tasks_of(customer),
        "task_form": form or TaskForm(prefix="task", merchant=customer.merchant),
    }


def company_context(customer: Customer, form: CompanyChoiceForm | None = None) -> dict[str, Any]:
    """What ``customers/parts/companies.html`` shows; ``form`` is one that was refused."""
    return {
        "customer": customer,
        "companies": companies_of(customer),
        "company_form": form or CompanyChoiceForm(prefix="company", merchant=customer.merchant),
    }


def company_activity(company: Company, limit: int = 10) -> list[TimelineEntry]:
    """What colleagues wrote and did about the company's people, the newest first."""
    entries = [_note_entry(note) for note in newest_notes(company, limit)]
    entries += [_task_entry(task) for task in newest_done_tasks(company, limit)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:limit]


def companies_panel(customer: Customer) -> Panel:
    return Panel("customers/parts/companies.html", company_context(customer))


def notes_panel(customer: Customer) -> Panel:
    return Panel("customers/parts/notes.html", notes_context(customer))


def tasks_panel(customer: Customer) -> Panel:
    return Panel("customers/parts/tasks.html", tasks_context(customer))


def note_entries(customer: Customer, limit: int, before: datetime | None) -> list[TimelineEntry]:
    """Provider: what colleagues wrote down."""
    rows = Note.objects.for_merchant(customer.merchant_id).filter(customer=customer).select_related("author")
    if before is not None:
        rows = rows.filter(created_at__lt=before)
    return [_note_entry(note) for note in rows.order_by("-created_at", "-id")[:limit]]


def _note_entry(note: Note) -> TimelineEntry:
    title = _("Note by %(author)s") % {"author": note.author} if note.author else _("Note")
    text = note.text if len(note.text) <= EXCERPT else f"{note.text[: EXCERPT - 1]}…"
    return TimelineEntry(note.created_at, "note.added", "note", title, text, tone="neutral")


def task_entries(customer: Customer, limit: int, before: datetime | None) -> list[TimelineEntry]:
    """Provider: what colleagues did."""
    rows = Task.objects.for_merchant(customer.merchant_id).filter(customer=customer, state=Task.State.DONE)
    if before is not None:
        rows = rows.filter(done_at__lt=before)
    return [_task_entry(task) for task in rows.select_related("done_by").order_by("-done_at", "-id")[:limit]]


def _task_entry(task: Task) -> TimelineEntry:
    assert task.done_at is not None
    title = _("Task done: %(title)s") % {"title": task.title}
    return TimelineEntry(task.done_at, "task.done", "checkbox", title, str(task.done_by or ""), tone="success")


navigation.register(NavigationItem("task_list", gettext_lazy("Tasks"), "checklist", "customers"), name="tasks", rank=21)
navigation.register(
    NavigationItem("company_list", gettext_lazy("Companies"), "building", "customers"), name="companies", rank=22
)
customer_panels.register(companies_panel, name="companies", rank=22)
customer_panels.register(tasks_panel, name="tasks", rank=20)
customer_panels.register(notes_panel, name="notes", rank=21)
customer_timeline.register(note_entries, name="notes")
customer_timeline.register(task_entries, name="tasks")
timeline_filters.register(
    TimelineFilter(gettext_lazy("Notes and tasks"), "note", frozenset({"notes", "tasks"})), name="notes", rank=50
)


def job_panel(job: Job) -> Panel | None:
    """What became of an imported file, or where an exported one lies."""
    templates = {IMPORT: "customers/parts/import_job.html", EXPORT: "customers/parts/export_job.html"}
    return Panel(templates[job.kind], {"job": job}) if job.kind in templates else None


job_panels.register(job_panel, name="customers")
