"""Model versions for administrators; read only, because trainings write them."""

from django.contrib import admin
from django.http import HttpRequest

from merchants.administration import MerchantModelAdmin, ReadOnlyAdmin
from recommendations.models import ModelVersion, SearchDocument, SearchTerm, SearchWord, Synonym


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
