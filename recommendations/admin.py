"""Trainings for administrators; read only, because trainings and the back office write them."""

from django.contrib import admin

from merchants.administration import MerchantModelAdmin, ReadOnlyAdmin
from recommendations.models import (
    Click,
    Impression,
    ModelVersion,
    OnlineReport,
    PlacementDay,
    PlacementSettings,
    Rule,
    SearchDocument,
    SearchTerm,
    SearchWord,
    Synonym,
    TrainingPlan,
)


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = ("version", "merchant", "status", "mode", "rows", "duration", "size", "created_at")
    list_filter = ("status", "mode")
    search_fields = ("version", "merchant__slug")
    list_select_related = ("merchant",)


@admin.register(TrainingPlan)
class TrainingPlanAdmin(ReadOnlyAdmin):
    list_display = ("merchant", "hour", "refresh_minutes", "purchase_days", "event_days", "is_paused")
    list_filter = ("is_paused",)
    search_fields = ("merchant__slug",)
    list_select_related = ("merchant",)


@admin.register(SearchDocument)
class SearchDocumentAdmin(ReadOnlyAdmin):
    list_display = ("product", "merchant", "language", "indexed_at")
    list_select_related = ("merchant", "product")
    search_fields = ("=sku_key", "=title_key")


@admin.register(SearchWord)
class SearchWordAdmin(ReadOnlyAdmin):
    list_display = ("word", "merchant", "products")
    search_fields = ("=word",)


@admin.register(Synonym)
class SynonymAdmin(MerchantModelAdmin):
    list_display = ("__str__", "merchant", "finds", "changed_at")
    search_fields = ("words", "finds")


@admin.register(SearchTerm)
class SearchTermAdmin(ReadOnlyAdmin):
    list_display = ("text", "day", "merchant", "searches", "without_result")
    search_fields = ("=text",)


@admin.register(PlacementSettings)
class PlacementSettingsAdmin(ReadOnlyAdmin):
    list_display = ("placement", "merchant", "holdout_percent", "updated_at")
    list_filter = ("placement",)
    search_fields = ("merchant__slug",)


@admin.register(Impression)
class ImpressionAdmin(ReadOnlyAdmin):
    list_display = ("occurred_at", "merchant", "placement", "arm", "customer_id")
    list_filter = ("placement", "arm")


@admin.register(Click)
class ClickAdmin(ReadOnlyAdmin):
    list_display = ("occurred_at", "merchant", "placement", "arm", "product_id", "position")
    list_filter = ("placement", "arm")


@admin.register(PlacementDay)
class PlacementDayAdmin(ReadOnlyAdmin):
    list_display = ("day", "merchant", "placement", "arm", "impressions", "clicks", "orders", "revenue")
    list_filter = ("placement", "arm")


@admin.register(OnlineReport)
class OnlineReportAdmin(ReadOnlyAdmin):
    list_display = ("merchant", "folded_at", "figured_at")


@admin.register(Rule)
class RuleAdmin(ReadOnlyAdmin):
    list_display = ("name", "merchant", "action", "target", "is_active", "updated_at")
    list_filter = ("action", "is_active")
    search_fields = ("name", "merchant__slug")
    list_select_related = ("merchant", "category", "created_by")
