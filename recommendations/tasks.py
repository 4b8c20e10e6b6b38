"""Trainings on their own queue, and the round that starts them every night."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from core import jobs
from core.errors import DomainError
from core.models import Job
from merchants.models import Merchant
from orders.models import Order
from recommendations.actions import TRAINING, request_training
from recommendations.measuring import tasks as measuring_tasks  # noqa: F401 - Celery looks for tasks here
from recommendations.models import ModelVersion
from recommendations.search import tasks as search_tasks  # noqa: F401 - Celery looks for tasks here

NIGHT = range(2, 5)  # o'clock, in the shop's time zone
AT_MOST_EVERY = timedelta(hours=20)


@shared_task
def train(*, merchant_id: int, job_id: int) -> None:
    """Run one training; Celery routes it to the queue ``training``."""
    jobs.run(Job.objects.for_merchant(merchant_id).get(pk=job_id))


@shared_task
def start_due_trainings() -> None:
    """Queue what is due: every shop once a night, a shop without a model as soon as it has orders."""
    for merchant in Merchant.objects.order_by("pk"):
        if is_due(merchant):
            try:
                request_training(merchant, staff=None)
            except DomainError:
                continue  # somebody was faster


def is_due(merchant: Merchant) -> bool:
    """Whether it is time for a training of this shop."""
    recent = Job.objects.for_merchant(merchant).filter(kind=TRAINING, created_at__gt=timezone.now() - AT_MOST_EVERY)
    if recent.exists():
        return False
    if ModelVersion.objects.for_merchant(merchant).live().exists():
        return timezone.localtime(timezone=merchant.tz).hour in NIGHT
    return Order.objects.for_merchant(merchant).exists()
