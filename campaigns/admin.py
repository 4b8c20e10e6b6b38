"""The ledger of messages, for administrators: to look at."""

from django.contrib import admin

from campaigns.models import Message, MessageBlock
from merchants.administration import MerchantFilter, ReadOnlyAdmin


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """Without the bytes and without the token that lets its bearer object."""

    list_display = ("queued_at", "kind", "merchant", "order_id", "address", "state", "attempts", "sent_at")
    list_filter = ("state", "kind", MerchantFilter)
    search_fields = ("^address", "=order__number")
    exclude = ("history",)


@admin.register(MessageBlock)
class MessageBlockAdmin(ReadOnlyAdmin):
    list_display = ("message_id", "kind", "merchant", "shown", "basis", "code", "decided_at")
    list_filter = ("kind", "shown", "basis", MerchantFilter)
