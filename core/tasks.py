"""The machinery's own work: draining the outbox, running jobs."""

from celery import shared_task

from core import events, jobs
from core.models import Job


@shared_task
def drain_deliveries() -> None:
    """Deliver what is due; a bounded round, so that a deploy can stop it between any two."""
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
