"""Addresses of the customers app: back office (below ``/m/<slug>/``) and API (below ``/api/v1/``)."""

from django.urls import URLPattern, path

import core.api.converters  # noqa: F401  # registers the converter ``long_key``
from customers.api import lookup, tracking
from customers.api import profiles as api
from customers.consent_urls import consent_api_urlpatterns, consent_urlpatterns
from customers.crm_urls import crm_api_urlpatterns, crm_urlpatterns
from customers.privacy_urls import privacy_api_urlpatterns, privacy_public_urlpatterns, privacy_urlpatterns
from customers.views import editing, event_stream, merging
from customers.views import profiles as views

urlpatterns = [
    *crm_urlpatterns,
    *privacy_urlpatterns,
    path("customers/", views.customer_list, name="customer_list"),
    path("customers/<int:pk>/", views.customer_detail, name="customer_detail"),
    path("customers/<int:pk>/timeline", views.customer_timeline, name="customer_timeline"),
    path("customers/<int:pk>/edit", editing.customer_edit, name="customer_edit"),
    path("customers/<int:pk>/trait", editing.trait_edit, name="trait_edit"),
    path("customers/<int:pk>/identities", editing.identity_add, name="identity_add"),
    path("customers/identities/<int:pk>/remove", editing.identity_remove, name="identity_remove"),
    path("customers/identities/<int:pk>/unblock", editing.identity_unblock, name="identity_unblock"),
    path("customers/duplicates/", merging.duplicate_list, name="duplicate_list"),
    path("customers/duplicates/search", merging.duplicate_search, name="duplicate_search"),
    path("customers/duplicates/<int:pk>/dismiss", merging.duplicate_dismiss, name="duplicate_dismiss"),
    path("customers/<int:pk>/merge", merging.customer_merge, name="customer_merge"),
    path("customers/merges/<int:pk>/undo", merging.merge_undo, name="merge_undo"),
    path("customers/<int:pk>/object", views.customer_object, name="customer_object"),
    path("developers/events/", event_stream.event_stream, name="event_stream"),
    path("developers/events/arrivals", event_stream.event_arrivals, name="event_arrivals"),
    path("developers/events/<int:pk>/", event_stream.event_detail, name="event_detail"),
    path("developers/tracking/", event_stream.tracking_setup, name="tracking_setup"),
    *consent_urlpatterns,
]
TRACKING: dict[str, type[tracking.TrackingView]] = {
    "batch": tracking.BatchView,
    "track": tracking.TrackView,
    "identify": tracking.IdentifyView,
    "page": tracking.PageView,
    "screen": tracking.ScreenView,
    "alias": tracking.AliasView,
    "group": tracking.GroupView,
}
api_urlpatterns: list[URLPattern] = [
    *consent_api_urlpatterns,
    *crm_api_urlpatterns,
    *privacy_api_urlpatterns,
    # Before the customers' own ids: nobody's may be “lookup”.
    path("customers/lookup", lookup.CustomerLookupView.as_view(), name="api_customer_lookup"),
    path("customers/<long_key:external_id>", api.CustomerView.as_view(), name="api_customer"),
]
tracking_urlpatterns = [path(name, view.as_view(), name=f"api_{name}") for name, view in TRACKING.items()]
# For SDKs that put /v1/ behind their host themselves. They are the same operations, so the schema has them once.
sdk_urlpatterns = [path(name, view.as_view(schema=None)) for name, view in TRACKING.items()]
# What people open from a message of the shop: no login, the merchant comes from the signed token.
public_urlpatterns: list[URLPattern] = [*privacy_public_urlpatterns]
