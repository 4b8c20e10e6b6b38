"""The machinery's own work: draining the outbox, running jobs."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from core import events, jobs
from core.health import note_worker_alive
from core.models import Delivery, IdempotencyRecord, Job, JobLogLine

LOG_KEPT = timedelta(days=90)


@shared_task
def drain_deliveries() -> None:
    """Deliver what is due; a bounded round, so that a deploy can stop it between any two."""
    note_worker_alive()
    if events.drain(limit=500) >= 500:
        events.ring_deliveries()


@shared_task
def run_job(*, merchant_id: int, job_id: int) -> None:
    """Run one job on the default queue."""
    jobs.run(Job.objects.for_merchant(merchant_id).get(pk=job_id))


@shared_task
def resume_jobs() -> None:
    """Ring again for jobs whose ring was lost or whose worker died."""
    for job in jobs.waiting_jobs():
        jobs.ring_job(job)


@shared_task
def forget_old_records() -> None:
    """Retention of the machinery: what was delivered or answered 14 days ago explains nothing any more, nor old logs."""
    before = timezone.now() - timedelta(days=14)
    Delivery.objects.all_merchants().filter(state=Delivery.State.DONE, done_at__lt=before).delete()
    IdempotencyRecord.objects.all_merchants().filter(created_at__lt=before).delete()
    JobLogLine.objects.all_merchants().filter(at__lt=timezone.now() - LOG_KEPT).delete()
