"""People, for administrators. What they decided about advertising is append-only, here too."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from customers.models import (
    Company,
    CompanyPerson,
    ConsentProof,
    ConsentRecord,
    ConsentRequest,
    ConsentText,
    Customer,
    CustomerImport,
    CustomerKpis,
    DismissedSuggestion,
    Duplicate,
    Event,
    EventReceipt,
    Identity,
    IdentityLink,
    Merge,
    Note,
    PrivacyRequest,
    RetentionPeriod,
    RetentionRun,
    SeparatedIdentity,
    Separation,
    ShopKpis,
    Suppression,
    Task,
    Trait,
)
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
        "postal_code",
        "city",
        "country",
        "orders_count",
        "revenue",
        "first_order_at",
        "last_order_at",
        "created_at",
    )
    readonly_fields = fields[:1] + fields[7:]

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


@admin.register(Note)
class NoteAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "merchant", "customer_id", "is_pinned", "created_at")
    search_fields = ("=customer__id",)


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    list_display = ("title", "merchant", "customer_id", "state", "due_on", "created_at")
    list_filter = ("state", MerchantFilter)
    search_fields = ("search_title",)


@admin.register(Company)
class CompanyAdmin(ReadOnlyAdmin):
    list_display = ("name", "external_id", "merchant", "country", "price_group", "created_at")
    search_fields = ("search_text",)


@admin.register(CompanyPerson)
class CompanyPersonAdmin(ReadOnlyAdmin):
    list_display = ("company_id", "customer_id", "merchant", "role", "is_primary", "source", "created_at")
    list_filter = ("role", MerchantFilter)


@admin.register(DismissedSuggestion)
class DismissedSuggestionAdmin(ReadOnlyAdmin):
    list_display = ("company_id", "customer_id", "merchant", "created_at")


@admin.register(CustomerImport)
class CustomerImportAdmin(ReadOnlyAdmin):
    list_display = ("file_name", "file_format", "merchant", "created_at")


@admin.register(ConsentText)
class ConsentTextAdmin(ReadOnlyAdmin):
    list_display = ("version", "language", "purposes", "channels", "merchant", "source", "created_at")
    list_filter = ("language", "source", MerchantFilter)
    search_fields = ("=version",)


@admin.register(ConsentRequest)
class ConsentRequestAdmin(ReadOnlyAdmin):
    list_display = ("requested_at", "channel", "purposes", "merchant", "customer_id", "expires_at", "confirmed_at")
    list_filter = ("channel", MerchantFilter)
    search_fields = ("=address",)


@admin.register(PrivacyRequest)
class PrivacyRequestAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "state", "merchant", "customer_id", "received_at", "due_on", "closed_at")
    list_filter = ("state", "kind", MerchantFilter)
    list_select_related = ("merchant",)


@admin.register(ConsentProof)
class ConsentProofAdmin(ReadOnlyAdmin):
    list_display = ("occurred_at", "kind", "purpose", "channel", "merchant", "kept_until")
    list_filter = ("kind", MerchantFilter)


@admin.register(RetentionPeriod)
class RetentionPeriodAdmin(ReadOnlyAdmin):
    list_display = ("kind", "days", "merchant", "updated_at")
    list_filter = (MerchantFilter,)


@admin.register(RetentionRun)
class RetentionRunAdmin(ReadOnlyAdmin):
    list_display = ("ran_at", "kind", "removed", "older_than", "merchant")
    list_filter = ("kind", MerchantFilter)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("occurred_at", "kind", "name", "channel", "merchant", "customer_id", "is_bot")
    list_filter = ("kind", "channel", "is_bot", MerchantFilter)
    search_fields = ("=anonymous_id", "=message_id")
    # The order of the primary key: a list of the newest reads no more than it shows.
    ordering = ("-merchant", "-id")


@admin.register(EventReceipt)
class EventReceiptAdmin(ReadOnlyAdmin):
    list_display = ("digest", "occurred_at", "merchant")
    list_filter = (MerchantFilter,)
    search_fields = ("=digest",)


@admin.register(Trait)
class TraitAdmin(ReadOnlyAdmin):
    list_display = ("name", "merchant", "customer_id", "source", "set_at")
    list_filter = (MerchantFilter,)
    search_fields = ("=name",)


@admin.register(IdentityLink)
class IdentityLinkAdmin(ReadOnlyAdmin):
    list_display = ("first_id", "second_id", "standing", "refusal", "merchant", "first_seen_at")
    list_filter = ("standing", "refusal", MerchantFilter)


@admin.register(Separation)
class SeparationAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "merchant", "staff_id")
    list_filter = (MerchantFilter,)


@admin.register(SeparatedIdentity)
class SeparatedIdentityAdmin(ReadOnlyAdmin):
    list_display = ("separation_id", "identity_id", "side", "merchant")
    list_filter = (MerchantFilter,)


@admin.register(Merge)
class MergeAdmin(ReadOnlyAdmin):
    list_display = ("merged_at", "absorbed_id", "kept_id", "reason", "merchant", "undone_at")
    list_filter = ("reason", MerchantFilter)
    search_fields = ("=absorbed_id",)


@admin.register(Duplicate)
class DuplicateAdmin(ReadOnlyAdmin):
    list_display = ("found_at", "reason", "first_id", "second_id", "merchant", "dismissed_at")
    list_filter = ("reason", MerchantFilter)


@admin.register(CustomerKpis)
class CustomerKpisAdmin(ReadOnlyAdmin):
    list_display = ("customer_id", "merchant", "lifecycle", "profitability", "rfm_group", "predicted_value")
    list_filter = ("lifecycle", "profitability", MerchantFilter)
    search_fields = ("=customer__identities__value",)


@admin.register(ShopKpis)
class ShopKpisAdmin(ReadOnlyAdmin):
    list_display = ("merchant", "typical_gap_days", "top_margin", "figured_at")
    list_filter = (MerchantFilter,)
