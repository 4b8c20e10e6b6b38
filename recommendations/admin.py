"""Model versions for administrators; read only, because trainings write them."""

from django.contrib import admin
from django.http import HttpRequest

from recommendations.models import ModelVersion


@admin.register(ModelVersion)
class ModelVersionAdmin(admin.ModelAdmin[ModelVersion]):
    list_display = ("version", "merchant", "status", "mode", "rows", "duration", "size", "created_at")
    list_filter = ("status", "mode")
    search_fields = ("version", "merchant__slug")
    list_select_related = ("merchant",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ModelVersion | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ModelVersion | None = None) -> bool:
        return False
