"""The catalog: the list of products, and everything known about one."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.filters import ProductFilter
from catalog.models import Product
from catalog.queries import price_by_day, shown_price
from core.charts import Chart, Series
from core.door import MerchantRequest, merchant_view
from core.listing import list_rows, render_list
from core.providers import product_panels
from merchants.models import Role

PRICE_DAYS = 180


@merchant_view(Role.ANALYST)
def product_list(request: MerchantRequest) -> HttpResponse:
    products = Product.objects.for_merchant(request.merchant).select_related("category")
    return render_list(request, "catalog/product_list.html", list_rows(request, ProductFilter, products))


@merchant_view(Role.ANALYST)
def product_detail(request: MerchantRequest, pk: int) -> HttpResponse:
    products = Product.objects.for_merchant(request.merchant).select_related("category", "merchant")
    product = get_object_or_404(products, pk=pk)
    context = {
        "product": product,
        "price_chart": _price_chart(request, product),
        # PAngV § 11: what a reduction must be measured by.
        "shown": shown_price(product),
        "changes": product.price_changes.all()[:5],
        "panels": [provider(product) for provider in product_panels],
    }
    return render(request, "catalog/product_detail.html", context)


def _price_chart(request: MerchantRequest, product: Product) -> Chart:
    today = timezone.localdate()
    days = [today - timedelta(days=back) for back in range(PRICE_DAYS - 1, -1, -1)]
    prices = price_by_day(product, request.merchant, days)
    return Chart(
        key="price-chart",
        title=_("Price of the last 180 days"),
        axis=_("Day"),
        days=days,
        series=[Series(_("Price"), prices, kind="steps")],
        currency=request.merchant.currency,
    )
