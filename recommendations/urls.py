"""Addresses of the recommendations app: back office (below ``/m/<slug>/``) and API (below ``/api/v1/``)."""

from django.urls import URLPattern, path

from recommendations import views
from recommendations.api import Recommendations

urlpatterns: list[URLPattern] = [
    path("recommendations/", views.recommendations, name="recommendations"),
    path("recommendations/train", views.training_start, name="training_start"),
]
api_urlpatterns: list[URLPattern] = [
    path("recommendations", Recommendations.as_view(), name="api_recommendations"),
]
