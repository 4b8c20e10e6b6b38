"""Trainings on their own queue, what starts them, and the refreshes between them."""

from __future__ import annotations

import logging
import resource
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db.models import F

from core import jobs
from core.models import Job
from core.rings import ring
from merchants.models import Merchant
from recommendations.actions import is_refresh_due, refresh_model, start_scheduled_training
from recommendations.measuring import tasks as measuring_tasks  # noqa: F401 - Celery looks for tasks here
from recommendations.models import ModelVersion
from recommendations.search import tasks as search_tasks  # noqa: F401 - Celery looks for tasks here

logger = logging.getLogger(__name__)


@shared_task(bind=True)
def train(self: Any, *, merchant_id: int, job_id: int) -> None:
    """Run one training; Celery routes it to the queue ``training``, whose processes end with their task."""
    if not (self.request.called_directly or self.request.is_eager):
        limit_memory(settings.TRAINING_MEMORY)
    jobs.run(Job.objects.for_merchant(merchant_id).get(pk=job_id))


def limit_memory(most: int) -> None:
    """From now on this process gets at most ``most`` bytes: a training that wants more breaks off, nothing else does."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


@shared_task
def start_due_trainings() -> None:
    """Queue what is due: every shop once a night, a shop without a model as soon as it has orders."""
    for merchant in Merchant.objects.order_by("pk"):
        start_scheduled_training(merchant)


@shared_task
def start_due_refreshes() -> None:
    """Ring for every shop whose quick engines are due: each on a worker of its own, the longest waiting first."""
    live = ModelVersion.objects.all_merchants().live()
    for version in live.select_related("merchant").order_by(F("refreshed_at").asc(nulls_first=True)):
        if is_refresh_due(version):
            ring("recommendations.tasks.refresh", merchant_id=version.merchant_id)


@shared_task(expires=120)
def refresh(*, merchant_id: int) -> None:
    """Fit the quick engines of one shop anew."""
    refresh_model(Merchant.objects.get(pk=merchant_id))
