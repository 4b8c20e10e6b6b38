"""Addresses of the recommendations app: back office (below ``/m/<slug>/``) and API (below ``/api/v1/``)."""

from django.urls import URLPattern, path

from recommendations.api import Recommendations

urlpatterns: list[URLPattern] = []
api_urlpatterns: list[URLPattern] = [
    path("recommendations", Recommendations.as_view(), name="api_recommendations"),
]
