"""Addresses of the machinery's own screens, below ``/m/<slug>/``."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
