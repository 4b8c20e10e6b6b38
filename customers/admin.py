"""People, for administrators. What they decided about advertising is append-only, here too."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from customers.models import ConsentRecord, Customer, Identity, Suppression
from merchants.administration import MerchantFilter, MerchantModelAdmin, ReadOnlyAdmin


@admin.register(Customer)
class CustomerAdmin(MerchantModelAdmin):
    list_display = ("__str__", "merchant", "country", "orders_count", "last_order_at", "created_at")
    search_fields = ("search_name", "=identities__value")
    fields = (
        "merchant",
        "first_name",
        "last_name",
        "locale",
        "country",
        "orders_count",
        "revenue",
        "first_order_at",
        "last_order_at",
        "created_at",
    )
    readonly_fields = fields[:1] + fields[5:]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        """With identities: a customer without a name is shown by one."""
        customers: QuerySet[Customer] = super().get_queryset(request)
        return customers.prefetch_related("identities")


@admin.register(Identity)
class IdentityAdmin(ReadOnlyAdmin):
    list_display = ("kind", "value", "merchant", "customer_id", "created_at")
    list_filter = ("kind", MerchantFilter)
    search_fields = ("=value",)


@admin.register(ConsentRecord)
class ConsentRecordAdmin(ReadOnlyAdmin):
    list_display = ("occurred_at", "kind", "purpose", "channel", "merchant", "customer_id", "source")
    list_filter = ("kind", MerchantFilter)
    search_fields = ("=address",)


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "channel", "purpose", "reason", "merchant")
    list_filter = ("reason", MerchantFilter)
