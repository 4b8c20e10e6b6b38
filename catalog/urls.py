"""Addresses of the catalog app: back office (below ``/m/<slug>/``) and API (below ``/api/v1/``)."""

from django.urls import URLPattern, path

import core.api.converters  # noqa: F401  # registers the converter ``key``
from catalog import api, views

urlpatterns = [
    path("catalog/", views.product_list, name="product_list"),
    path("catalog/<int:pk>/", views.product_detail, name="product_detail"),
]
api_urlpatterns: list[URLPattern] = [
    path("products/bulk", api.BulkView.as_view(), name="api_products_bulk"),
    path("products/<key:sku>", api.ProductView.as_view(), name="api_product"),
]
