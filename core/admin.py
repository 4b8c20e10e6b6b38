"""The machinery's rows, for administrators."""

from django.contrib import admin

from core.models import Delivery, IdempotencyRecord, ImportRejection, Job, JobLogLine
from merchants.administration import MerchantFilter, ReadOnlyAdmin


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("event", "handler", "merchant", "state", "attempts", "created_at", "due_at")
    list_filter = ("state", MerchantFilter)
    search_fields = ("=event",)


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "kind", "merchant", "state", "done", "total", "asked_by", "created_at", "finished_at")
    list_filter = ("state", "kind", MerchantFilter)
    list_select_related = ("merchant", "asked_by")
    search_fields = ("title", "=kind")


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ReadOnlyAdmin):
    list_display = ("key", "merchant", "status", "created_at")
    search_fields = ("=key",)


@admin.register(ImportRejection)
class ImportRejectionAdmin(ReadOnlyAdmin):
    list_display = ("line", "code", "reason", "merchant", "job")
    list_select_related = ("merchant", "job")
    search_fields = ("=code",)


@admin.register(JobLogLine)
class JobLogLineAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "level", "merchant", "job", "at")
    list_filter = ("level",)
    list_select_related = ("merchant", "job")
    search_fields = ("=text",)
