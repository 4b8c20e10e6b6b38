"""Work on people by schedule."""

from celery import shared_task

from core.exports import forget_old_exports
from core.rings import ring
from customers.actions.duplicates import find_duplicates
from customers.actions.imports import forget_old_uploads
from customers.actions.partitions import create_event_partitions as create_partitions
from customers.actions.privacy.retention import apply_retention as remove_old
from customers.actions.privacy.retention import drop_old_partitions
from merchants.models import Merchant


@shared_task
def create_event_partitions() -> None:
    """The months ahead get their tables long before the first event arrives."""
    create_partitions()


@shared_task
def forget_old_files() -> None:
    """Uploads that nobody imported within a day, exports of more than a week ago."""
    forget_old_uploads()
    forget_old_exports()


@shared_task
def apply_retention() -> None:
    """Every shop's old data leaves; whole months of events that nobody keeps are dropped first."""
    drop_old_partitions()
    for merchant in Merchant.objects.order_by("pk"):
        remove_old(merchant)


@shared_task
def find_all_duplicates() -> None:
    """Every night: one task per shop, so that a big one keeps no other waiting."""
    for merchant_id in Merchant.objects.values_list("pk", flat=True):
        ring("customers.tasks.find_duplicates_of", merchant_id=merchant_id)


@shared_task
def find_duplicates_of(*, merchant_id: int) -> None:
    find_duplicates(Merchant.objects.get(pk=merchant_id))
