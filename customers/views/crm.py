"""Notes and tasks: on a person's page in place, and the list of everybody's tasks.

Every form works with and without htmx: it answers with the card, or leads back to the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from core.door import MerchantRequest, merchant_view
from core.listing import list_rows, render_list
from customers.actions.notes import add_note, delete_note, edit_note, pin_note
from customers.actions.tasks import add_task, complete_tasks, delete_task, edit_task, reopen_task
from customers.crm_panels import notes_context, tasks_context
from customers.filters import TaskFilter
from customers.forms.crm import NoteForm, TaskForm
from customers.models import Customer, Note, Task
from customers.queries.crm import task_counts
from merchants.models import Role

NOTES, TASKS = "customers/parts/notes.html", "customers/parts/tasks.html"
# Ids that PostgreSQL can hold; anything else in a form is nobody's.
MAX_ID = 2**63


def _customer(request: MerchantRequest, pk: int) -> Customer:
    return get_object_or_404(
        Customer.objects.for_merchant(request.merchant).present().select_related("merchant"), pk=pk
    )


def _note(request: MerchantRequest, pk: int) -> Note:
    notes = Note.objects.for_merchant(request.merchant).select_related("customer__merchant", "author")
    return get_object_or_404(notes, pk=pk)


def _own_note(request: MerchantRequest, pk: int) -> Note:
    """A note that this member may change: the own ones, an owner all."""
    note = _note(request, pk)
    if note.author_id != request.user.pk and request.role < Role.OWNER:
        raise PermissionDenied
    return note


def _task(request: MerchantRequest, pk: int) -> Task:
    return get_object_or_404(Task.objects.for_merchant(request.merchant).select_related("customer__merchant"), pk=pk)


def _card(
    request: MerchantRequest, customer: Customer, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """The changed card for htmx, else the page it stands on; what was refused has a page of its own without htmx."""
    if request.htmx:
        return render(request, template, context, status=status)
    if status == 200:
        anchor = "notes" if template == NOTES else "tasks"
        return redirect(reverse("customer_detail", args=[request.merchant.slug, customer.pk]) + f"#{anchor}")
    return render(request, "customers/crm_card.html", {**context, "template": template}, status=status)


def _notes(request: MerchantRequest, customer: Customer) -> HttpResponse:
    return _card(request, customer, NOTES, notes_context(customer))


def _tasks(request: MerchantRequest, customer: Customer) -> HttpResponse:
    return _card(request, customer, TASKS, tasks_context(customer))


@require_POST
@merchant_view(Role.SUPPORT)
def note_add(request: MerchantRequest, pk: int) -> HttpResponse:
    customer = _customer(request, pk)
    form = NoteForm(request.POST, prefix="note")
    if not form.is_valid():
        return _card(request, customer, NOTES, notes_context(customer, form), status=422)
    add_note(customer, text=form.cleaned_data["text"], staff=request.user)
    return _notes(request, customer)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.SUPPORT)
def note_edit(request: MerchantRequest, pk: int) -> HttpResponse:
    note = _own_note(request, pk)
    if request.method != "POST":
        return _edit_page(request, NoteForm(instance=note), note.customer, reverse_name="note_edit", pk=pk)
    # The action changes the row: the form only checks.
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _edit_page(request, form, note.customer, reverse_name="note_edit", pk=pk)
    edit_note(note, text=form.cleaned_data["text"], staff=request.user)
    return _notes(request, note.customer)


def _edit_page(
    request: MerchantRequest, form: NoteForm | TaskForm, customer: Customer, *, reverse_name: str, pk: int
) -> HttpResponse:
    """The form alone: in the card for htmx, else a page."""
    form_id = f"{reverse_name}-{pk}"
    context = {
        "form": form,
        "form_id": form_id,
        "customer": customer,
        "action": reverse(reverse_name, args=[request.merchant.slug, pk]),
        "card": "notes" if isinstance(form, NoteForm) else "tasks",
    }
    template = "customers/crm_edit.html#form" if request.htmx else "customers/crm_edit.html"
    response = render(request, template, context, status=422 if form.is_bound else 200)
    if form.is_bound:
        response["HX-Retarget"] = f"#{form_id}"  # what was refused replaces the form, not the card
    return response


@require_POST
@merchant_view(Role.SUPPORT)
def note_pin(request: MerchantRequest, pk: int) -> HttpResponse:
    """``pinned`` says which way; anybody who may write notes may pin them."""
    note = _note(request, pk)
    pin_note(note, is_pinned=request.POST.get("pinned") == "yes", staff=request.user)
    return _notes(request, note.customer)


@require_POST
@merchant_view(Role.SUPPORT)
def note_delete(request: MerchantRequest, pk: int) -> HttpResponse:
    note = _own_note(request, pk)
    customer = note.customer
    delete_note(note, staff=request.user)
    messages.success(request, _("The note is deleted."))
    return _notes(request, customer)


@require_POST
@merchant_view(Role.SUPPORT)
def task_add(request: MerchantRequest, pk: int) -> HttpResponse:
    customer = _customer(request, pk)
    form = TaskForm(request.POST, prefix="task", merchant=request.merchant)
    if not form.is_valid():
        return _card(request, customer, TASKS, tasks_context(customer, form), status=422)
    add_task(customer, staff=request.user, **form.cleaned_data)
    return _tasks(request, customer)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_view(Role.SUPPORT)
def task_edit(request: MerchantRequest, pk: int) -> HttpResponse:
    task = _task(request, pk)
    if request.method != "POST":
        form = TaskForm(instance=task, merchant=request.merchant)
        return _edit_page(request, form, task.customer, reverse_name="task_edit", pk=pk)
    form = TaskForm(request.POST, merchant=request.merchant)
    if not form.is_valid():
        return _edit_page(request, form, task.customer, reverse_name="task_edit", pk=pk)
    edit_task(task, staff=request.user, **form.cleaned_data)
    return _tasks(request, task.customer)


@require_POST
@merchant_view(Role.SUPPORT)
def task_done(request: MerchantRequest, pk: int) -> HttpResponse:
    task = _task(request, pk)
    complete_tasks(request.merchant, [task.pk], staff=request.user)
    return _tasks(request, task.customer)


@require_POST
@merchant_view(Role.SUPPORT)
def task_reopen(request: MerchantRequest, pk: int) -> HttpResponse:
    task = _task(request, pk)
    reopen_task(task, staff=request.user)
    return _tasks(request, task.customer)


@require_POST
@merchant_view(Role.SUPPORT)
def task_delete(request: MerchantRequest, pk: int) -> HttpResponse:
    task = _task(request, pk)
    customer = task.customer
    delete_task(task, staff=request.user)
    messages.success(request, _("The task is deleted."))
    return _tasks(request, customer)


@merchant_view(Role.ANALYST)
def task_list(request: MerchantRequest) -> HttpResponse:
    """Everybody's tasks; the tabs are addresses of this list."""
    rows = Task.objects.for_merchant(request.merchant).select_related("customer", "assignee")
    listing = list_rows(request, TaskFilter, rows.prefetch_related("customer__identities"))
    counts = task_counts(request.merchant, staff_id=request.user.pk, today=timezone.localdate())
    return render_list(request, "customers/task_list.html", listing, {"counts": counts})


@require_POST
@merchant_view(Role.SUPPORT)
def task_complete(request: MerchantRequest) -> HttpResponse:
    """Several at once, then back to the list as it was."""
    done = complete_tasks(request.merchant, ids_in(request.POST.getlist("task")), staff=request.user)
    if done:
        text = ngettext("%(count)s task is done.", "%(count)s tasks are done.", done)
        messages.success(request, text % {"count": done})
    else:
        messages.warning(request, _("No open task was chosen."))
    query = request.GET.urlencode()
    return redirect(reverse("task_list", args=[request.merchant.slug]) + (f"?{query}" if query else ""))


def ids_in(values: Sequence[str]) -> list[int]:
    """What a form's checkboxes name, without what is no id."""
    return [int(value) for value in values if value.isascii() and value.isdigit() and int(value) < MAX_ID]
