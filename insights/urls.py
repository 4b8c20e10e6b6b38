"""Addresses of the insights app: back office (below ``/m/<slug>/``)."""

from django.urls import URLPattern, path

from insights import views

urlpatterns = [path("", views.start, name="start")]
api_urlpatterns: list[URLPattern] = []
