"""Addresses of the recommendations app: back office (below ``/m/<slug>/``) and API (below ``/api/v1/``)."""

from django.urls import URLPattern, path

from recommendations.api.events import RecommendationEvents
from recommendations.api.recommendations import Recommendations
from recommendations.search.api import Search, SearchSuggestions
from recommendations.views import overview

urlpatterns: list[URLPattern] = [
    path("recommendations/", overview.recommendations, name="recommendations"),
    path("recommendations/train", overview.training_start, name="training_start"),
]
api_urlpatterns: list[URLPattern] = [
    path("recommendations", Recommendations.as_view(), name="api_recommendations"),
    path(
        "recommendations/<slug:recommendation_id>/events",
        RecommendationEvents.as_view(),
        name="api_recommendation_events",
    ),
    path("search", Search.as_view(), name="api_search"),
    path("search/suggestions", SearchSuggestions.as_view(), name="api_search_suggestions"),
]
