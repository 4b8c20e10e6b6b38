"""Addresses of the orders app: back office (below ``/m/<slug>/``) and API (below ``/api/v1/``)."""

from django.urls import URLPattern, path

import core.api.converters  # noqa: F401  # registers the converter ``key``
from orders.api import views as api
from orders.views import costs, value
from orders.views import orders as views

urlpatterns = [
    path("orders/", views.order_list, name="order_list"),
    path("orders/<int:pk>/", views.order_detail, name="order_detail"),
    path("customers/value/", value.customer_value, name="customer_value"),
    path("customers/value/start", value.valuation_start, name="valuation_start"),
    path("settings/costs", costs.settings_costs, name="settings_costs"),
    path("orders/imports/", views.import_list, name="import_list"),
    path("orders/imports/start", views.import_start, name="import_start"),
    path("orders/imports/<int:pk>/", views.import_detail, name="import_detail"),
    path("orders/imports/<int:pk>/rejected.csv", views.import_rejected, name="import_rejected"),
]
api_urlpatterns: list[URLPattern] = [
    path("orders", api.OrdersView.as_view(), name="api_orders"),
    path("orders/<key:number>/shipments", api.ShipmentsView.as_view(), name="api_shipments"),
    path("orders/<key:number>/returns", api.ReturnsView.as_view(), name="api_returns"),
    path("orders/<key:number>/payments", api.PaymentsView.as_view(), name="api_payments"),
    path("orders/<key:number>/cancellation", api.CancellationView.as_view(), name="api_cancellation"),
    path("orders/<key:number>", api.OrderView.as_view(), name="api_order"),
]
