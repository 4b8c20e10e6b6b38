"""The start page: what needs a person today, how the shop does, what is left to set up."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from core.charts import Chart, Series
from core.door import MerchantRequest, merchant_view
from core.health import system_health
from insights.queries.attention import needs_attention
from insights.queries.checklist import setup_steps
from insights.queries.figures import change, figures, last_days, revenue_by_day
from merchants.models import Merchant, Role
from orders.models import Order

WINDOW = 30


@merchant_view(Role.ANALYST)
def start(request: MerchantRequest) -> HttpResponse:
    merchant = request.merchant
    # Whole days only: today would always look like a slump.
    now, before = last_days(merchant, WINDOW, ending=1), last_days(merchant, WINDOW, ending=WINDOW + 1)
    here, there = figures(merchant, now), figures(merchant, before)
    steps = setup_steps(merchant)
    context = {
        "attention": needs_attention(merchant),
        "today": figures(merchant, last_days(merchant, 1)),
        "figures": here,
        "changes": {
            "revenue": change(here.revenue, there.revenue),
            "orders": change(here.orders, there.orders),
            "new_customers": change(here.new_customers, there.new_customers),
            "average_order": change(here.average_order, there.average_order),
        },
        "chart": _revenue_chart(merchant),
        "newest": _newest_orders(merchant),
        "health": system_health(merchant),
        "steps": steps,
        "steps_done": sum(step.done for step in steps),
    }
    return render(request, "insights/start.html", context)


def _newest_orders(merchant: Merchant) -> QuerySet[Order]:
    orders = Order.objects.for_merchant(merchant).select_related("customer").prefetch_related("customer__identities")
    return orders.order_by("-placed_at", "-id")[:8]


def _revenue_chart(merchant: Merchant) -> Chart:
    days = last_days(merchant, 2 * WINDOW, ending=1)
    revenue = revenue_by_day(merchant, days)
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
