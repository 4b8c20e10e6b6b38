"""Addresses of the campaigns app: back office (below ``/m/<slug>/``), API (below ``/api/v1/``), and for everybody."""

from django.urls import URLPattern, path

from campaigns import views
from campaigns.public.confirmation import consent_confirmation
from campaigns.public.objection import objection
from campaigns.public.preferences import preferences

urlpatterns: list[URLPattern] = [
    path("messages/", views.message_list, name="message_list"),
    path("messages/<int:pk>/", views.message_detail, name="message_detail"),
    path("messages/<int:pk>/preview", views.message_preview, name="message_preview"),
    path("messages/<int:pk>/source", views.message_source, name="message_source"),
    path("messages/<int:pk>/retry", views.message_retry, name="message_retry"),
    path("customers/<int:pk>/preference-link", views.preference_link_issue, name="preference_link"),
]
api_urlpatterns: list[URLPattern] = []
# No trailing slash: a redirect would lose the POST of a mailbox's one-click button.
public_urlpatterns: list[URLPattern] = [
    path("u/<str:token>", objection, name="objection"),
    path("c/<str:token>", consent_confirmation, name="consent_confirmation"),
    path("p/<str:token>", preferences, name="preferences"),
]
