"""The nightly round over customers, on the queue of the trainings."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from core import jobs
from core.errors import DomainError
from core.models import Job
from customers.models import ShopKpis
from merchants.models import Merchant
from orders.actions.valuation import VALUATION, request_valuation
from orders.models import Order

NIGHT = range(1, 4)  # o'clock, in the shop's time zone
AT_MOST_EVERY = timedelta(hours=20)


@shared_task
def value_customers(*, merchant_id: int, job_id: int) -> None:
    """Run one round; Celery routes it to the queue ``training``."""
    jobs.run(Job.objects.for_merchant(merchant_id).get(pk=job_id))


@shared_task
def start_due_valuations() -> None:
    """Queue what is due: every shop once a night, a shop without figures as soon as it has orders."""
    for merchant in Merchant.objects.order_by("pk"):
        if is_due(merchant):
            try:
                request_valuation(merchant, staff=None)
            except DomainError:
                continue  # somebody was faster


def is_due(merchant: Merchant) -> bool:
    """Whether it is time for a round over this shop's customers."""
    recent = Job.objects.for_merchant(merchant).filter(kind=VALUATION, created_at__gt=timezone.now() - AT_MOST_EVERY)
    if recent.exists():
        return False
    if ShopKpis.objects.for_merchant(merchant).exclude(figured_at=None).exists():
        return timezone.localtime(timezone=merchant.tz).hour in NIGHT
    return Order.objects.for_merchant(merchant).exists()
