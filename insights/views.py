"""The start page: what needs a person today, how the shop does, what is left to set up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from core.charts import Chart, Series
from core.door import MerchantRequest, merchant_view
from core.health import system_health
from insights.queries.attention import needs_attention
from insights.queries.checklist import setup_steps
from insights.queries.figures import change, figures_by_day, last_days, total
from merchants.models import Merchant, Role
from orders.models import Order

WINDOW = 30


@merchant_view(Role.ANALYST)
def start(request: MerchantRequest) -> HttpResponse:
    merchant = request.merchant
    days = last_days(merchant, 2 * WINDOW + 1)
    by_day = figures_by_day(merchant, days)
    # Whole days only: today would always look like a slump.
    before, now, today = total(by_day[:WINDOW]), total(by_day[WINDOW:-1]), by_day[-1]
    steps = setup_steps(merchant)
    context = {
        "attention": needs_attention(merchant),
        "today": today,
        "figures": now,
        "changes": {
            "revenue": change(now.revenue, before.revenue),
            "orders": change(now.orders, before.orders),
            "new_customers": change(now.new_customers, before.new_customers),
            "average_order": change(now.average_order, before.average_order),
        },
        "chart": _revenue_chart(merchant, days[:-1], [day.revenue for day in by_day[:-1]]),
        "newest": _newest_orders(merchant),
        "health": system_health(merchant),
        "steps": steps,
        "steps_done": sum(step.done for step in steps),
    }
    return render(request, "insights/start.html", context)


def _newest_orders(merchant: Merchant) -> QuerySet[Order]:
    orders = Order.objects.for_merchant(merchant).select_related("customer").prefetch_related("customer__identities")
    return orders.order_by("-placed_at", "-id")[:8]


def _revenue_chart(merchant: Merchant, days: Sequence[date], revenue: Sequence[int]) -> Chart:
    return Chart(
        key="revenue-chart",
        title=_("Revenue of the last 30 days"),
        axis=_("Day"),
        days=days[WINDOW:],
        series=[
            Series(_("last 30 days"), revenue[WINDOW:]),
            Series(_("30 days before"), revenue[:WINDOW], kind="line", compared=True),
        ],
        currency=merchant.currency,
    )
