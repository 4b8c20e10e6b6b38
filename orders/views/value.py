"""What the shop's customers are worth, and how well that is predicted."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.door import MerchantRequest, merchant_view
from core.errors import DomainError
from core.models import Job
from customers.queries.value_report import (
    lifecycle_groups,
    profitability_groups,
    rfm_grid,
    shop_kpis,
    totals,
    value_bars,
)
from merchants.models import Role
from orders.actions.valuation import VALUATION, request_valuation


@merchant_view(Role.ANALYST)
def customer_value(request: MerchantRequest) -> HttpResponse:
    merchant = request.merchant
    shop, sums = shop_kpis(merchant), totals(merchant)
    jobs = Job.objects.for_merchant(merchant).filter(kind=VALUATION)
    context = {
        "shop": shop,
        "sums": sums,
        "margin_share": sums["margin"] / sums["covered"] if sums["covered"] else None,
        "covered_share": sums["covered"] / sums["net_revenue"] if sums["net_revenue"] else None,
        "lifecycle": lifecycle_groups(merchant),
        "profitability": profitability_groups(merchant),
        "grid": rfm_grid(merchant),
        "bars": value_bars(merchant),
        "test": _back_test(shop.model if shop else {}),
        "job": jobs.unfinished().order_by("-id").first(),
    }
    return render(request, "orders/customer_value.html", context)


def _back_test(model: dict[str, Any]) -> dict[str, Any] | None:
    """The figures of the back-test, each forecast with how far off it was."""
    test: dict[str, Any] | None = model.get("back_test")
    if not test:
        return None
    rows = [(_("Orders"), test["orders"], ""), (_("Revenue, tax included"), test["value"], "money")]
    return test | {
        "rows": [
            {
                "label": label,
                "kind": kind,
                "actual": figures["actual"],
                "predicted": figures["predicted"],
                "predicted_off": _off(figures["predicted"], figures["actual"]),
                "predicted_error": figures["predicted_error"],
                "repeated": figures["repeated"],
                "repeated_off": _off(figures["repeated"], figures["actual"]),
                "repeated_error": figures["repeated_error"],
            }
            for label, figures, kind in rows
        ],
        "is_better": test["orders"]["predicted_error"] < test["orders"]["repeated_error"],
    }


def _off(predicted: float, actual: float) -> float | None:
    return predicted / actual - 1 if actual else None


@require_POST
@merchant_view(Role.EDITOR)
def valuation_start(request: MerchantRequest) -> HttpResponse:
    try:
        request_valuation(request.merchant, staff=request.user)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("The round over all customers has begun."))
    return redirect("customer_value", request.merchant.slug)
