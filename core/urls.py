"""Addresses of the machinery's own screens, below ``/m/<slug>/``."""

from django.urls import path

from core.views import operations as operations_views
from core.views import settings as settings_views
from core.views import team as team_views

urlpatterns = [
    path("operations/", operations_views.operations, name="operations"),
    path("operations/jobs/", operations_views.job_list, name="job_list"),
    path("operations/jobs/<int:pk>/", operations_views.job_detail, name="job_detail"),
    path("operations/jobs/<int:pk>/progress", operations_views.job_progress, name="job_progress"),
    path("operations/jobs/<int:pk>/cancel", operations_views.job_cancel, name="job_cancel"),
    path("operations/deliveries/", operations_views.delivery_list, name="delivery_list"),
    path("operations/deliveries/retry", operations_views.delivery_retry_all, name="delivery_retry_all"),
    path("operations/deliveries/<int:pk>/retry", operations_views.delivery_retry, name="delivery_retry"),
    path("settings/", settings_views.settings_shop, name="settings"),
    path("settings/legal", settings_views.settings_legal, name="settings_legal"),
    path("settings/marketing", settings_views.settings_marketing, name="settings_marketing"),
    path("settings/team/", team_views.team, name="team"),
    path("settings/team/invite", team_views.team_invite, name="team_invite"),
    path("settings/team/<int:pk>/role", team_views.team_role, name="team_role"),
    path("settings/team/<int:pk>/remove", team_views.team_remove, name="team_remove"),
    path("settings/keys/", team_views.api_key_list, name="api_key_list"),
    path("settings/keys/create", team_views.api_key_create, name="api_key_create"),
    path("settings/keys/<int:pk>/revoke", team_views.api_key_revoke, name="api_key_revoke"),
    path("settings/audit/", settings_views.audit_list, name="audit_list"),
    path("profile", settings_views.profile, name="profile"),
]
