"""Every address of cxapp."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

import campaigns.urls
import catalog.urls
import customers.urls
import orders.urls
import promotions.urls
import recommendations.urls
from core.api.problems import api_not_found
from core.health import healthz, readyz
from core.home import home
from core.preferences import set_language, set_theme

handler400 = "core.api.problems.bad_request"
handler404 = "core.api.problems.page_not_found"
handler500 = "core.api.problems.server_error"

# Administrators log in like everybody else: with rate limits and, where they have it, their second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

api_v1 = [
    # What storefronts ask for with every click comes first: addresses are tried in this order.
    *customers.urls.tracking_urlpatterns,
    *recommendations.urls.api_urlpatterns,
    # Before customers: a customer's own id may hold slashes, and would swallow what comes after it.
    *promotions.urls.api_urlpatterns,
    *catalog.urls.api_urlpatterns,
    *customers.urls.api_urlpatterns,
    *orders.urls.api_urlpatterns,
]

back_office = [
    path("", include("insights.urls")),
    path("", include("customers.urls")),
    path("", include("orders.urls")),
    path("", include("catalog.urls")),
    path("", include("campaigns.urls")),
    path("", include("recommendations.urls")),
    path("", include("promotions.urls")),
    path("", include("core.urls")),
]

urlpatterns = [
    path("api/v1/", include(api_v1)),
    path("", home, name="home"),
    path("m/<slug:slug>/", include(back_office)),
    # What customers open from a message: no login, no merchant in the address.
    *campaigns.urls.public_urlpatterns,
    *customers.urls.public_urlpatterns,
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("preferences/language", set_language, name="set_language"),
    path("preferences/theme", set_theme, name="set_theme"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="api_docs"),
    path("v1/", include(customers.urls.sdk_urlpatterns)),
    path("api/<path:rest>", api_not_found),
]
