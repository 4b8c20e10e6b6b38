"""Rounds of the search: what the outbox did not tell is indexed, what was asked is written down."""

from celery import shared_task

from merchants.models import Merchant
from recommendations.search.actions import index_stale


@shared_task
def index_all_stale() -> None:
    """Every shop's documents and words follow its catalogue, whoever changed it and in whichever way."""
    for merchant in Merchant.objects.order_by("pk"):
        index_stale(merchant)
