"""Trainings for administrators; read only, because trainings and the back office write them."""

from django.contrib import admin

from merchants.administration import ReadOnlyAdmin
from recommendations.models import ModelVersion, TrainingPlan


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
