"""The catalog, for administrators."""

from django.contrib import admin

from catalog.models import Category, PriceChange, Product
from merchants.administration import MerchantFilter, MerchantModelAdmin, ReadOnlyAdmin


@admin.register(Category)
class CategoryAdmin(MerchantModelAdmin):
    list_display = ("path", "merchant")
    search_fields = ("path",)
    readonly_fields = ("merchant", "parent", "path", "name")


@admin.register(Product)
class ProductAdmin(MerchantModelAdmin):
    """The price is not changed here: a change without its row in the price history would make reductions unlawful."""

    list_display = ("sku", "title", "merchant", "price", "stock", "active", "updated_at")
    list_filter = ("active", "source", MerchantFilter)
    search_fields = ("title", "sku")
    raw_id_fields = ("category",)
    readonly_fields = ("merchant", "sku", "price", "list_price", "source", "created_at", "updated_at")


@admin.register(PriceChange)
class PriceChangeAdmin(ReadOnlyAdmin):
    list_display = ("product", "merchant", "price", "list_price", "is_promotion", "valid_from")
    list_select_related = ("merchant", "product")
    search_fields = ("=product__sku",)
