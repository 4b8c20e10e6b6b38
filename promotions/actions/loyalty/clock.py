"""What points do by the clock: pending ones can be spent, old ones expire. One account at a time."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from customers.models import Customer
from promotions.actions.loyalty.ledger import opened
from promotions.actions.loyalty.tiers import rise
from promotions.models import PointLot

logger = logging.getLogger(__name__)
AT_ONCE = 500


def turn_due(*, now: datetime | None = None) -> int:
    """Bring accounts up to date that have something due; returns how many were looked at, ``AT_ONCE`` at most."""
    now = now or timezone.now()
    due = Q(pending__gt=0, activates_at__lte=now) | Q(left__gt=0, expires_at__lte=now)
    rows = PointLot.objects.all_merchants().filter(due, customer__isnull=False).order_by()
    accounts = sorted(set(rows.values_list("merchant", "customer")[:AT_ONCE]))
    for merchant_id, customer_id in accounts:
        try:
            with opened(merchant_id, customer_id, now=now) as account:
                rise(account)
        except Customer.DoesNotExist:
            logger.info("an account was merged or erased meanwhile")
    return len(accounts)
