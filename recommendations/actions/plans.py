"""When a shop trains: its plan, and the pause that a rollback begins."""

from __future__ import annotations

from contextlib import suppress

from django.db import transaction

from core.errors import DomainError
from core.jobs import cancel_job
from core.models import Job
from merchants.actions import record_audit
from merchants.models import Merchant, Staff
from recommendations.models import TrainingPlan

# The kind of job that a training is.
TRAINING = "train_models"
FIELDS = ("is_paused", "hour", "refresh_minutes", "purchase_days", "event_days")


@transaction.atomic
def save_plan(merchant: Merchant, *, staff: Staff, **values: int | bool) -> TrainingPlan:
    """Store the plan; what changed is in the audit log."""
    plan, _created = TrainingPlan.objects.for_merchant(merchant).select_for_update().get_or_create(merchant=merchant)
    changes = {name: {"from": getattr(plan, name), "to": value} for name, value in values.items()}
    changes = {name: change for name, change in changes.items() if change["from"] != change["to"]}
    if not changes:
        return plan
    for name, value in values.items():
        setattr(plan, name, value)
    plan.save()
    record_audit(merchant, "training.plan_changed", staff=staff, subject=plan, changes=changes)
    return plan


def pause(merchant: Merchant, *, staff: Staff) -> TrainingPlan:
    """No training begins by itself any more."""
    return save_plan(merchant, staff=staff, is_paused=True)


def resume(merchant: Merchant, *, staff: Staff) -> TrainingPlan:
    """The schedule counts again."""
    return save_plan(merchant, staff=staff, is_paused=False)


def stop_trainings(merchant: Merchant) -> None:
    """Cancel what waits, and what runs at its next step."""
    for job in Job.objects.for_merchant(merchant).unfinished().filter(kind=TRAINING):
        with suppress(DomainError):  # it has ended this moment
            cancel_job(job)
