"""What runs by schedule."""

import logging

from celery import shared_task

from merchants.models import Merchant
from promotions.actions.loyalty.checking import check_and_note
from promotions.actions.loyalty.clock import AT_ONCE, turn_due
from promotions.actions.loyalty.past import AT_ONCE as AT_ONCE_IMPORTED
from promotions.actions.loyalty.past import earn_for_imported, reward_tracked_reviews
from promotions.actions.loyalty.tiers import review_tiers
from promotions.actions.prices import publish_due_prices, publish_prices
from promotions.actions.redemptions import EXPIRED_AT_ONCE, expire_due
from promotions.measuring.figures import figure_measured
from promotions.models import LoyaltyProgram

logger = logging.getLogger(__name__)


@shared_task
def expire_reservations() -> None:
    """Give back what checkouts left behind; a bounded round, and another at once while there is more."""
    if expire_due() >= EXPIRED_AT_ONCE:
        expire_reservations.delay()


@shared_task
def publish_shop_prices(merchant_id: int) -> None:
    """After promotions of a shop were activated or stopped."""
    publish_prices(Merchant.objects.get(pk=merchant_id))


@shared_task
def publish_begun_prices() -> None:
    """Every minute: promotions for everybody that began or ended by their period."""
    publish_due_prices()


@shared_task
def turn_points() -> None:
    """Points that are due become spendable or expire; a bounded round, and another at once while there is more."""
    if turn_due() >= AT_ONCE:
        turn_points.delay()


@shared_task
def earn_imported(merchant_id: int) -> None:
    """Points for imported orders; a bounded round, and another at once while there is more."""
    if earn_for_imported(Merchant.objects.get(pk=merchant_id)) >= AT_ONCE_IMPORTED:
        earn_imported.delay(merchant_id)


@shared_task
def reward_reviews() -> None:
    """Every hour: reviews that only tracking saw."""
    programs = LoyaltyProgram.objects.all_merchants().filter(is_active=True, tracks_reviews=True, review_points__gt=0)
    for program in programs.select_related("merchant"):
        reward_tracked_reviews(program)


@shared_task
def review_loyalty() -> None:
    """Every night: tiers of all members, whether every balance is the sum of its ledger, and orders left behind."""
    for program in LoyaltyProgram.objects.all_merchants().filter(is_active=True).select_related("merchant"):
        if program.imports_from is not None:
            earn_imported.delay(program.merchant_id)
        review_tiers(program)
        found = check_and_note(program)
        if found.count:
            logger.error("points of merchant %s do not add up: %s faults", program.merchant_id, found.count)


@shared_task
def figure_promotions() -> None:
    """Every night: what promotions with a holdout earned."""
    figure_measured()
