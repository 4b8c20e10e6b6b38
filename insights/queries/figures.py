"""Figures of the shop, from the facts. Amounts are minor units of the merchant's currency, gross, less refunds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from customers.models import Customer
from merchants.models import Merchant
from orders.models import Order

BROUGHT = Sum(F("total") - F("refunded"))


@dataclass(frozen=True)
class Figures:
    """One window of days: orders that were not cancelled, what they brought, who bought for the first time."""

    orders: int
    revenue: int
    new_customers: int

    @property
    def average_order(self) -> int | None:
        """Revenue per order, rounded down; None without orders."""
        return self.revenue // self.orders if self.orders else None


def today(merchant: Merchant) -> date:
    return timezone.now().astimezone(merchant.tz).date()


def last_days(merchant: Merchant, count: int, *, ending: int = 0) -> list[date]:
    """``count`` days in the shop's calendar, the last of them ``ending`` days ago (0: today)."""
    last = today(merchant) - timedelta(days=ending)
    return [last - timedelta(days=back) for back in range(count - 1, -1, -1)]


def figures(merchant: Merchant, days: Sequence[date]) -> Figures:
    """Of consecutive ``days`` in the shop's time zone. Two queries."""
    since, until = _window(merchant, days)
    orders = _orders(merchant, days).aggregate(count=Count("pk"), revenue=BROUGHT)
    customers = Customer.objects.for_merchant(merchant).filter(first_order_at__gte=since, first_order_at__lt=until)
    return Figures(orders["count"], orders["revenue"] or 0, customers.count())


def revenue_by_day(merchant: Merchant, days: Sequence[date]) -> list[int]:
    """Revenue of each of the consecutive ``days``; 0 for a day without orders. One query."""
    by_day = _orders(merchant, days).annotate(day=TruncDate("placed_at", tzinfo=merchant.tz)).order_by().values("day")
    found = dict(by_day.annotate(revenue=BROUGHT).values_list("day", "revenue"))
    return [found.get(day, 0) for day in days]


def change(now: float | None, before: float | None) -> float | None:
    """Relative change, e.g. 0.12 for 12 % more; None where there is nothing to compare with."""
    return None if now is None or not before else now / before - 1


def _window(merchant: Merchant, days: Sequence[date]) -> tuple[datetime, datetime]:
    after_last = days[-1] + timedelta(days=1)
    return datetime.combine(days[0], time(), merchant.tz), datetime.combine(after_last, time(), merchant.tz)


def _orders(merchant: Merchant, days: Sequence[date]) -> QuerySet[Order]:
    since, until = _window(merchant, days)
    rows = Order.objects.for_merchant(merchant).counted()
    return rows.filter(placed_at__gte=since, placed_at__lt=until, currency=merchant.currency)
