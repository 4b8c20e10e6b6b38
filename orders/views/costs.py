"""What selling costs the shop: parcels, returns, payment methods."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from catalog.models import Product
from core.door import MerchantRequest, merchant_view
from core.listing import recent_values
from merchants.models import Role
from orders.actions.costs import costs_of, set_costs
from orders.forms import CostsForm
from orders.models import Order


@merchant_view(Role.OWNER)
def settings_costs(request: MerchantRequest) -> HttpResponse:
    """Show or save the costs; what is saved counts for past orders too."""
    known = costs_of(request.merchant)
    used = recent_values(Order.objects.for_merchant(request.merchant), "payment_method", "")
    methods = sorted({method.lower() for method in used} | known.fees.keys())
    data = request.POST if request.method == "POST" else None
    form = CostsForm(data, merchant=request.merchant, costs=known, methods=methods)
    if form.is_valid():
        if set_costs(request.merchant, form.costs(), staff=request.user):
            messages.success(request, _("Saved. The figures of all customers are being computed anew."))
        else:
            messages.success(request, _("Saved."))
        return redirect("settings_costs", request.merchant.slug)
    products = Product.objects.for_merchant(request.merchant).filter(active=True)
    context = {
        "form": form,
        "page": "costs",
        "products": products.count(),
        "without_cost": products.filter(cost=None).count(),
        "nothing_entered": not (
            known.parcel_cost or known.return_cost or any(fee.share or fee.fixed for fee in known.fees.values())
        ),
    }
    return render(request, "orders/settings_costs.html", context, status=422 if form.is_bound else 200)
