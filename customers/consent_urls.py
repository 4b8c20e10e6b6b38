"""Addresses of consents: on a person's page, in the settings, in the API."""

from django.urls import URLPattern, path

import core.api.converters  # noqa: F401  # registers the converter ``long_key``
from customers.api import consents as api
from customers.views import consents as views

consent_urlpatterns: list[URLPattern] = [
    path("customers/<int:pk>/consents/record", views.consent_record, name="consent_record"),
    path("customers/consents/<int:pk>/proof", views.consent_proof, name="consent_proof"),
    path("settings/consent-texts/", views.consent_text_list, name="consent_text_list"),
    path("settings/consent-texts/new", views.consent_text_add, name="consent_text_add"),
    path("settings/suppressions/", views.suppression_lookup, name="suppression_lookup"),
    path("settings/suppressions/lift", views.suppression_lift, name="suppression_lift"),
]
consent_api_urlpatterns: list[URLPattern] = [
    path("consents", api.ConsentsView.as_view(), name="api_consents"),
    path("consents/texts", api.ConsentTextsView.as_view(), name="api_consent_texts"),
    path("customers/<long_key:external_id>/consents", api.CustomerConsentsView.as_view(), name="api_customer_consents"),
]
