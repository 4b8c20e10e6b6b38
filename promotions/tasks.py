"""What runs by schedule."""

from celery import shared_task

from promotions.actions.redemptions import EXPIRED_AT_ONCE, expire_due


@shared_task
def expire_reservations() -> None:
    """Give back what checkouts left behind; a bounded round, and another at once while there is more."""
    if expire_due() >= EXPIRED_AT_ONCE:
        expire_reservations.delay()
