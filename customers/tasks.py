"""Work on people by schedule."""

from celery import shared_task

from core.exports import forget_old_exports
from customers.actions.imports import forget_old_uploads
from customers.actions.partitions import create_event_partitions as create_partitions


@shared_task
def create_event_partitions() -> None:
    """The months ahead get their tables long before the first event arrives."""
    create_partitions()


@shared_task
def forget_old_files() -> None:
    """Uploads that nobody imported within a day, exports of more than a week ago."""
    forget_old_uploads()
    forget_old_exports()
