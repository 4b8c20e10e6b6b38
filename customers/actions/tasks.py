"""Tasks for people: set, changed, done and set again; every change in the audit log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from customers.models import Customer, Task
from merchants.actions import record_audit
from merchants.models import Membership, Merchant, Staff

CHANGEABLE = ("title", "details", "due_on", "priority", "assignee")


@transaction.atomic
def add_task(
    customer: Customer,
    *,
    title: str,
    staff: Staff | None,
    details: str = "",
    due_on: date | None = None,
    priority: int = Task.Priority.NORMAL,
    assignee: Staff | None = None,
) -> Task:
    """Something to do for this person. Raises InvalidInput for an assignee who does not work for the shop."""
    _require_member(customer.merchant_id, assignee)
    task = Task.objects.create(
        merchant_id=customer.merchant_id,
        customer=customer,
        title=title,
        details=details,
        due_on=due_on,
        priority=priority,
        assignee=assignee,
        created_by=staff,
    )
    _audit(task, "task.added", staff)
    return task


@transaction.atomic
def edit_task(task: Task, *, staff: Staff, **given: Any) -> None:
    """Change what was planned: any of title, details, due_on, priority, assignee."""
    _require_member(task.merchant_id, given.get("assignee"))
    changed = [name for name in CHANGEABLE if name in given and getattr(task, name) != given[name]]
    for name in changed:
        setattr(task, name, given[name])
    if changed:
        task.save(update_fields=changed)
        _audit(task, "task.edited", staff)


@transaction.atomic
def complete_tasks(merchant: Merchant, ids: Iterable[int], *, staff: Staff) -> int:
    """Mark these tasks of the shop as done; returns how many were still open. Of two clicks one counts."""
    rows = Task.objects.for_merchant(merchant).open().filter(pk__in=list(ids)).select_related("customer__merchant")
    found = list(rows.prefetch_related("customer__identities").order_by("pk").select_for_update(of=("self",)))
    Task.objects.for_merchant(merchant).filter(pk__in=[task.pk for task in found]).update(
        state=Task.State.DONE, done_at=timezone.now(), done_by=staff
    )
    for task in found:
        _audit(task, "task.done", staff)
    return len(found)


@transaction.atomic
def reopen_task(task: Task, *, staff: Staff) -> None:
    """A done task is to do again; an open one stays as it is."""
    done = Task.objects.for_merchant(task.merchant_id).filter(pk=task.pk, state=Task.State.DONE)
    if done.update(state=Task.State.OPEN, done_at=None, done_by=None):
        _audit(task, "task.reopened", staff)


@transaction.atomic
def delete_task(task: Task, *, staff: Staff) -> None:
    _audit(task, "task.deleted", staff)
    task.delete()


def _require_member(merchant_id: int, assignee: Staff | None) -> None:
    if assignee is None:
        return
    if not Membership.objects.for_merchant(merchant_id).filter(staff=assignee).exists():
        raise InvalidInput("not_a_member", _("This person does not work for the shop."), field="assignee")


def _audit(task: Task, action: str, staff: Staff | None) -> None:
    """About the profile, with the task's number: the log repeats no texts about people."""
    record_audit(task.customer.merchant, action, staff=staff, subject=task.customer, changes={"task": task.pk})
