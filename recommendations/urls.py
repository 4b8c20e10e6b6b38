"""Addresses of the recommendations app: back office (below ``/m/<slug>/``) and API (below ``/api/v1/``)."""

from django.urls import URLPattern, path

from recommendations.api.audience import AudienceView
from recommendations.api.events import RecommendationEvents
from recommendations.api.recommendations import Recommendations
from recommendations.search.api import Search, SearchSuggestions
from recommendations.views import audience, overview, plans, preview, results, rules, search, versions

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
    path("recommendations/preview", preview.recommendation_preview, name="recommendation_preview"),
    path("recommendations/rules/", rules.rule_list, name="rule_list"),
    path("recommendations/rules/add", rules.rule_add, name="rule_add"),
    path("recommendations/rules/preview", rules.rule_preview, name="rule_preview"),
    path("recommendations/rules/<int:pk>", rules.rule_edit, name="rule_edit"),
    path("recommendations/rules/<int:pk>/switch", rules.rule_switch, name="rule_switch"),
    path("recommendations/rules/<int:pk>/delete", rules.rule_delete, name="rule_delete"),
    path("recommendations/results", results.recommendation_results, name="recommendation_results"),
    path("recommendations/holdout", results.recommendation_holdout, name="recommendation_holdout"),
    path("recommendations/audience", audience.recommendation_audience, name="recommendation_audience"),
]
api_urlpatterns: list[URLPattern] = [
    path("recommendations", Recommendations.as_view(), name="api_recommendations"),
    path("recommendations/audience", AudienceView.as_view(), name="api_audience"),
    path(
        "recommendations/<slug:recommendation_id>/events",
        RecommendationEvents.as_view(),
        name="api_recommendation_events",
    ),
    path("search", Search.as_view(), name="api_search"),
    path("search/suggestions", SearchSuggestions.as_view(), name="api_search_suggestions"),
]
