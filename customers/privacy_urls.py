"""Addresses of privacy requests."""

from django.urls import URLPattern, path

from customers.api.privacy import PrivacyRequestsView, PrivacyRequestView
from customers.views import privacy, retention

privacy_urlpatterns: list[URLPattern] = [
    path("settings/retention", retention.settings_retention, name="settings_retention"),
    path("customers/privacy/", privacy.privacy_list, name="privacy_list"),
    path("customers/privacy/new", privacy.privacy_new, name="privacy_new"),
    path("customers/privacy/<int:pk>/", privacy.privacy_detail, name="privacy_detail"),
    path("customers/privacy/<int:pk>/identity", privacy.privacy_check, name="privacy_check"),
    path("customers/privacy/<int:pk>/extend", privacy.privacy_extend, name="privacy_extend"),
    path("customers/privacy/<int:pk>/refuse", privacy.privacy_refuse, name="privacy_refuse"),
    path("customers/privacy/<int:pk>/complete", privacy.privacy_complete, name="privacy_complete"),
    path("customers/privacy/<int:pk>/lift", privacy.privacy_lift, name="privacy_lift"),
    path("customers/privacy/<int:pk>/care", privacy.privacy_care, name="privacy_care"),
    path("customers/privacy/<int:pk>/export", privacy.privacy_export, name="privacy_export"),
    path("customers/privacy/<int:pk>/erase", privacy.privacy_erase, name="privacy_erase"),
    path("customers/privacy/<int:pk>/link", privacy.privacy_issue_link, name="privacy_issue_link"),
    path("customers/privacy/<int:pk>/download", privacy.privacy_download, name="privacy_download"),
    path("customers/privacy/<int:pk>/receipt", privacy.privacy_receipt, name="privacy_receipt"),
]
privacy_public_urlpatterns: list[URLPattern] = [path("privacy/<str:token>", privacy.privacy_link, name="privacy_link")]
privacy_api_urlpatterns: list[URLPattern] = [
    path("privacy/requests", PrivacyRequestsView.as_view(), name="api_privacy_requests"),
    path("privacy/requests/<int:request_id>", PrivacyRequestView.as_view(), name="api_privacy_request"),
]
