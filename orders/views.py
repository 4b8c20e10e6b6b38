"""Orders: the list, and everything that happened to one."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from core.door import MerchantRequest, merchant_view
from core.listing import list_rows, render_list
from core.providers import order_panels
from merchants.models import Role
from orders.filters import OrderFilter
from orders.models import Order
from orders.queries import order_document


@merchant_view(Role.ANALYST)
def order_list(request: MerchantRequest) -> HttpResponse:
    orders = Order.objects.for_merchant(request.merchant).select_related("customer")
    return render_list(request, "orders/order_list.html", list_rows(request, OrderFilter, orders))


@merchant_view(Role.ANALYST)
def order_detail(request: MerchantRequest, pk: int) -> HttpResponse:
    orders = Order.objects.for_merchant(request.merchant).select_related("customer", "merchant")
    order = get_object_or_404(orders.prefetch_related("customer__identities"), pk=pk)
    document = order_document(order)
    context = {
        "order": order,
        "document": document,
        "today": timezone.localdate(),
        "is_late": order.is_late(timezone.localdate()),
        "subtotal": sum(line.total for line in document.lines),
        "net": order.total - order.refunded,
        "panels": [provider(order) for provider in order_panels],
    }
    return render(request, "orders/order_detail.html", context)
