"""Notes and tasks as screens show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import F

from customers.models import Customer, Note, Task, TaskQuerySet
from merchants.models import Merchant

# More than anybody reads; the timeline holds all of them.
NOTES_SHOWN, DONE_SHOWN = 50, 5


def notes_of(customer: Customer) -> list[Note]:
    """The pinned ones first, then the newest."""
    rows = Note.objects.for_merchant(customer.merchant_id).filter(customer=customer).select_related("author")
    return list(rows.order_by("-is_pinned", "-created_at", "-id")[:NOTES_SHOWN])


def open_tasks_of(customer: Customer) -> list[Task]:
    """Those due first come first; those without a day last."""
    return list(_tasks(customer).open().order_by(F("due_on").asc(nulls_last=True), "-priority", "id")[:NOTES_SHOWN])


def done_tasks_of(customer: Customer) -> list[Task]:
    """The newest few."""
    return list(_tasks(customer).filter(state=Task.State.DONE).order_by("-done_at", "-id")[:DONE_SHOWN])


def _tasks(customer: Customer) -> TaskQuerySet:
    rows = Task.objects.for_merchant(customer.merchant_id).filter(customer=customer)
    return rows.select_related("assignee", "done_by")


@dataclass(frozen=True)
class TaskCounts:
    """How many open tasks lie where, each counted to a hundred."""

    mine: int
    everybody: int
    overdue: int


def task_counts(merchant: Merchant, *, staff_id: int, today: date, most: int = 100) -> TaskCounts:
    """For the tabs of the list."""
    rows = Task.objects.for_merchant(merchant).order_by()
    return TaskCounts(
        mine=rows.open().filter(assignee=staff_id)[:most].count(),
        everybody=rows.open()[:most].count(),
        overdue=rows.overdue(today)[:most].count(),
    )
