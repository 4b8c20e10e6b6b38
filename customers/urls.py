"""Addresses of the customers app: back office (below ``/m/<slug>/``) and API (below ``/api/v1/``)."""

from django.urls import URLPattern, path

import core.api.converters  # noqa: F401  # registers the converter ``long_key``
from customers.api import profiles as api
from customers.views import editing
from customers.views import profiles as views

urlpatterns = [
    path("customers/", views.customer_list, name="customer_list"),
    path("customers/<int:pk>/", views.customer_detail, name="customer_detail"),
    path("customers/<int:pk>/timeline", views.customer_timeline, name="customer_timeline"),
    path("customers/<int:pk>/edit", editing.customer_edit, name="customer_edit"),
    path("customers/<int:pk>/object", views.customer_object, name="customer_object"),
]
api_urlpatterns: list[URLPattern] = [
    path("customers/<long_key:external_id>", api.CustomerView.as_view(), name="api_customer"),
]
