"""Rounds of the search: what the outbox did not tell is indexed, what was asked is written down."""

from contextlib import suppress

from celery import shared_task
from redis.exceptions import RedisError

from merchants.models import Merchant
from recommendations.search import log
from recommendations.search.actions import index_stale


@shared_task
def index_all_stale() -> None:
    """Every shop's documents and words follow its catalogue, whoever changed it and in whichever way."""
    for merchant in Merchant.objects.order_by("pk"):
        index_stale(merchant)


@shared_task
def write_down_searches() -> None:
    """What was searched for in the last minute."""
    with suppress(RedisError):  # then there is nothing to write down
        log.write_down()
