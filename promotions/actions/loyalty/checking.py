"""The ledger is checked: every lot is the sum of its entries, every account that of its lots less what it owes."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from merchants.models import Merchant
from promotions.models import LoyaltyProgram

_LOTS = """
    SELECT lot.id, lot.customer_id FROM promotions_pointlot lot
    LEFT JOIN (
        SELECT lot_id, sum(points) AS points, sum(pending) AS pending
        FROM promotions_pointentry WHERE merchant_id = %s AND lot_id IS NOT NULL GROUP BY lot_id
    ) entry ON entry.lot_id = lot.id
    WHERE lot.merchant_id = %s
      AND (lot.left <> coalesce(entry.points, 0) OR lot.pending <> coalesce(entry.pending, 0))
    ORDER BY lot.id LIMIT %s
"""
_MEMBERS = """
    SELECT member.customer_id FROM promotions_member member
    LEFT JOIN (
        SELECT customer_id, sum("left") AS points, sum(pending) AS pending
        FROM promotions_pointlot WHERE merchant_id = %s GROUP BY customer_id
    ) lot ON lot.customer_id = member.customer_id
    LEFT JOIN (
        SELECT customer_id, sum(points) AS points, sum(pending) AS pending,
               coalesce(sum(points) FILTER (WHERE lot_id IS NULL), 0) AS owed
        FROM promotions_pointentry WHERE merchant_id = %s GROUP BY customer_id
    ) entry ON entry.customer_id = member.customer_id
    WHERE member.merchant_id = %s AND (
        member.balance <> coalesce(entry.points, 0) OR member.pending <> coalesce(entry.pending, 0)
        OR member.balance <> coalesce(lot.points, 0) - member.debt OR member.debt <> -coalesce(entry.owed, 0)
        OR member.pending <> coalesce(lot.pending, 0)
    ) ORDER BY member.customer_id LIMIT %s
"""
_WITHOUT_MEMBER = """
    SELECT entry.customer_id FROM promotions_pointentry entry
    LEFT JOIN promotions_member member ON member.customer_id = entry.customer_id
    WHERE entry.merchant_id = %s AND entry.customer_id IS NOT NULL AND member.id IS NULL
    GROUP BY entry.customer_id HAVING sum(entry.points) <> 0 OR sum(entry.pending) <> 0
    ORDER BY entry.customer_id LIMIT %s
"""
MOST_NAMED = 1000


@dataclass(frozen=True)
class Findings:
    """Lots by their ids, members by their customers' ids: a thousand of each at most."""

    lots: list[int]
    customers: list[int]

    @property
    def count(self) -> int:
        return len(self.lots) + len(self.customers)


def check_ledger(merchant: Merchant | int) -> Findings:
    """What does not add up; three queries over all of the shop's ledger. Changes nothing."""
    pk = merchant if isinstance(merchant, int) else merchant.pk
    with connection.cursor() as cursor:
        cursor.execute(_LOTS, [pk, pk, MOST_NAMED])
        lots = [lot for lot, _customer in cursor.fetchall()]
        cursor.execute(_MEMBERS, [pk, pk, pk, MOST_NAMED])
        customers = [customer for (customer,) in cursor.fetchall()]
        cursor.execute(_WITHOUT_MEMBER, [pk, MOST_NAMED])
        customers += [customer for (customer,) in cursor.fetchall()]
    return Findings(lots, customers)


def check_and_note(program: LoyaltyProgram) -> Findings:
    """Likewise, and what was found is shown on the loyalty screen."""
    found = check_ledger(program.merchant_id)
    rows = LoyaltyProgram.objects.for_merchant(program.merchant_id).filter(pk=program.pk)
    rows.update(checked_at=timezone.now(), faults=found.count)
    return found
