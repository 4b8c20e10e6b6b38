"""Facts of commerce, for administrators: to look at. They come from storefronts and imports."""

from django.contrib import admin

from merchants.administration import MerchantFilter, ReadOnlyAdmin
from orders.models import (
    CostSettings,
    Order,
    OrderLine,
    Payment,
    PaymentFee,
    Refund,
    Return,
    ReturnLine,
    Shipment,
    ShipmentLine,
    TrackingEvent,
)


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ("number", "merchant", "state", "email", "total", "currency", "placed_at", "source")
    list_filter = ("state", "source", MerchantFilter)
    search_fields = ("=number", "=email")


class PartAdmin(ReadOnlyAdmin):
    """A row of an order."""

    list_select_related = ("merchant", "order")
    search_fields = ("=order__number",)


@admin.register(OrderLine)
class OrderLineAdmin(PartAdmin):
    list_display = ("order", "merchant", "position", "title", "quantity", "unit_price", "total")


@admin.register(Shipment)
class ShipmentAdmin(PartAdmin):
    list_display = ("reference", "order", "merchant", "carrier", "shipped_at", "delivered_at")


@admin.register(Return)
class ReturnAdmin(PartAdmin):
    list_display = ("reference", "order", "merchant", "received_at", "reason")


@admin.register(Refund)
class RefundAdmin(PartAdmin):
    list_display = ("order", "merchant", "amount", "refunded_at", "reason")


@admin.register(ShipmentLine)
class ShipmentLineAdmin(ReadOnlyAdmin):
    list_display = ("shipment", "merchant", "order_line_id", "quantity")
    list_select_related = ("merchant", "shipment")


@admin.register(TrackingEvent)
class TrackingEventAdmin(ReadOnlyAdmin):
    list_display = ("shipment", "merchant", "code", "text", "occurred_at")
    list_filter = ("code", MerchantFilter)
    list_select_related = ("merchant", "shipment")


@admin.register(ReturnLine)
class ReturnLineAdmin(ReadOnlyAdmin):
    list_display = ("parcel", "merchant", "order_line_id", "quantity", "refund")
    list_select_related = ("merchant", "parcel")


@admin.register(Payment)
class PaymentAdmin(PartAdmin):
    list_display = ("reference", "order", "merchant", "amount", "method", "paid_at", "due_on")


@admin.register(CostSettings)
class CostSettingsAdmin(ReadOnlyAdmin):
    list_display = ("merchant", "parcel_cost", "return_cost")
    list_filter = (MerchantFilter,)


@admin.register(PaymentFee)
class PaymentFeeAdmin(ReadOnlyAdmin):
    list_display = ("method", "merchant", "share", "fixed")
    list_filter = (MerchantFilter,)
    search_fields = ("=method",)
