"""Work on people by schedule."""

from celery import shared_task

from customers.actions.partitions import create_event_partitions as create_partitions


@shared_task
def create_event_partitions() -> None:
    """The months ahead get their tables long before the first event arrives."""
    create_partitions()
