"""Addresses of the customers app: back office (below ``/m/<slug>/``) and API (below ``/api/v1/``)."""

from django.urls import URLPattern, path

import core.api.converters  # noqa: F401  # registers the converter ``long_key``
from customers import api

urlpatterns: list[URLPattern] = []
api_urlpatterns: list[URLPattern] = [
    path("customers/<long_key:external_id>", api.CustomerView.as_view(), name="api_customer"),
]
