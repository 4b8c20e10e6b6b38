"""Figures of the shop, from the facts. Amounts are minor units of the merchant's currency, gross, less refunds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from customers.models import Customer
from merchants.models import Merchant
from orders.models import Order

BROUGHT = Sum(F("total") - F("refunded"))


@dataclass(frozen=True)
class Figures:
    """Of one day or several: orders that were not cancelled, what they brought, who bought for the first time."""

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


def figures_by_day(merchant: Merchant, days: Sequence[date]) -> list[Figures]:
    """Of each of the consecutive ``days`` in the shop's time zone. Two queries for any number of days."""
    in_time = partial(TruncDate, tzinfo=merchant.tz)
    orders = _orders(merchant, days).annotate(day=in_time("placed_at")).order_by().values("day")
    sold = {row["day"]: row for row in orders.annotate(orders=Count("pk"), revenue=BROUGHT)}
    customers = _new_customers(merchant, days).annotate(day=in_time("first_order_at")).order_by().values("day")
    came = dict(customers.annotate(count=Count("pk")).values_list("day", "count"))
    nothing = {"orders": 0, "revenue": 0}
    return [
        Figures(sold.get(day, nothing)["orders"], sold.get(day, nothing)["revenue"], came.get(day, 0)) for day in days
    ]


def total(figures: Iterable[Figures]) -> Figures:
    """The figures of several days together."""
    parts = list(figures)
    return Figures(
        sum(part.orders for part in parts),
        sum(part.revenue for part in parts),
        sum(part.new_customers for part in parts),
    )


def change(now: float | None, before: float | None) -> float | None:
    """Relative change in whole percent, e.g. 0.12 for 12 % more; None where there is nothing to compare with."""
    return None if now is None or not before else round(100 * now / before - 100) / 100


def _window(merchant: Merchant, days: Sequence[date]) -> tuple[datetime, datetime]:
    after_last = days[-1] + timedelta(days=1)
    return datetime.combine(days[0], time(), merchant.tz), datetime.combine(after_last, time(), merchant.tz)


def _new_customers(merchant: Merchant, days: Sequence[date]) -> QuerySet[Customer]:
    since, until = _window(merchant, days)
    return Customer.objects.for_merchant(merchant).filter(first_order_at__gte=since, first_order_at__lt=until)


def _orders(merchant: Merchant, days: Sequence[date]) -> QuerySet[Order]:
    since, until = _window(merchant, days)
    rows = Order.objects.for_merchant(merchant).counted()
    return rows.filter(placed_at__gte=since, placed_at__lt=until, currency=merchant.currency)
