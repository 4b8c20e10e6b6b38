"""Addresses of the recommendations app: back office (below ``/m/<slug>/``) and API (below ``/api/v1/``)."""

from django.urls import URLPattern, path

from recommendations.api.events import RecommendationEvents
from recommendations.api.recommendations import Recommendations
from recommendations.search.api import Search, SearchSuggestions
from recommendations.views import overview, plans, search, versions

urlpatterns: list[URLPattern] = [
    path("recommendations/", overview.recommendations, name="recommendations"),
    path("recommendations/train", overview.training_start, name="training_start"),
    path("search/", search.search_report, name="search_report"),
    path("search/export.csv", search.search_export, name="search_export"),
    path("search/try", search.search_try, name="search_try"),
    path("search/synonyms/", search.synonym_list, name="synonym_list"),
    path("search/synonyms/add", search.synonym_add, name="synonym_add"),
    path("search/synonyms/<int:pk>/edit", search.synonym_edit, name="synonym_edit"),
    path("search/synonyms/<int:pk>/delete", search.synonym_delete, name="synonym_delete"),
    path("recommendations/plan", plans.plan, name="training_plan"),
    path("recommendations/plan/resume", plans.plan_resume, name="training_resume"),
    path("recommendations/models/", versions.version_list, name="model_versions"),
    path("recommendations/models/compare", versions.version_compare, name="model_versions_compare"),
    path("recommendations/models/<int:pk>", versions.version_detail, name="model_version"),
    path("recommendations/models/<int:pk>/roll-back", versions.version_roll_back, name="model_version_roll_back"),
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
