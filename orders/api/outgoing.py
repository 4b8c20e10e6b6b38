"""How an order is shown."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.api.serializers import MomentField
from orders.models import Order, TrackingEvent
from orders.queries import OrderDocument


class BuyerOutput(serializers.Serializer[OrderDocument]):
    """The buyer as known at this order; all empty for a guest."""

    external_id = serializers.CharField()
    email = serializers.CharField(source="order.email")
    locale = serializers.CharField(source="order.locale")
    country = serializers.CharField(source="order.country")


class LineOutput(serializers.Serializer[Any]):
    position = serializers.IntegerField(help_text="Counts from 1; names the line where a SKU is on several.")
    sku = serializers.CharField(source="product.sku")
    title = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = serializers.IntegerField()
    discount = serializers.IntegerField()
    tax_rate = serializers.DecimalField(max_digits=5, decimal_places=4)
    total = serializers.IntegerField()
    cancelled = serializers.IntegerField(help_text="Units.")
    returned = serializers.IntegerField(help_text="Units.")
    refunded = serializers.IntegerField(help_text="Amount.")


class ShipmentLineOutput(serializers.Serializer[Any]):
    position = serializers.IntegerField(source="order_line.position")
    sku = serializers.CharField(source="order_line.product.sku")
    quantity = serializers.IntegerField()


class TrackingEventOutput(serializers.Serializer[Any]):
    code = serializers.ChoiceField(choices=TrackingEvent.Code.choices)
    text = serializers.CharField()
    occurred_at = MomentField()


class ShipmentOutput(serializers.Serializer[Any]):
    reference = serializers.CharField()
    carrier = serializers.CharField()
    tracking_number = serializers.CharField()
    tracking_url = serializers.CharField()
    shipped_at = MomentField()
    expected_on = serializers.DateField(allow_null=True)
    delivered_at = MomentField(allow_null=True)
    lines = ShipmentLineOutput(many=True)
    events = TrackingEventOutput(many=True)


class ReturnLineOutput(serializers.Serializer[Any]):
    position = serializers.IntegerField(source="order_line.position")
    sku = serializers.CharField(source="order_line.product.sku")
    quantity = serializers.IntegerField()
    refund = serializers.IntegerField()
    reason = serializers.CharField()


class ReturnOutput(serializers.Serializer[Any]):
    reference = serializers.CharField()
    received_at = MomentField()
    reason = serializers.CharField()
    lines = ReturnLineOutput(many=True)


class RefundOutput(serializers.Serializer[Any]):
    amount = serializers.IntegerField()
    reason = serializers.CharField()
    refunded_at = MomentField()


class PaymentOutput(serializers.Serializer[Any]):
    reference = serializers.CharField()
    amount = serializers.IntegerField()
    method = serializers.CharField()
    paid_at = MomentField()
    due_on = serializers.DateField(allow_null=True)


class OrderOutput(serializers.Serializer[OrderDocument]):
    """A stored order with what happened to it; amounts are gross minor units."""

    number = serializers.CharField(source="order.number")
    version = serializers.IntegerField(source="order.version")
    state = serializers.ChoiceField(source="order.state", choices=Order.State.choices)
    placed_at = MomentField(source="order.placed_at")
    received_at = MomentField(source="order.received_at")
    currency = serializers.CharField(source="order.currency")
    customer = BuyerOutput(source="*")
    lines = LineOutput(many=True)
    shipping = serializers.IntegerField(source="order.shipping")
    discount = serializers.IntegerField(source="order.discount")
    total = serializers.IntegerField(source="order.total")
    tax = serializers.IntegerField(source="order.tax", help_text="Contained in the total.")
    refunded = serializers.IntegerField(source="order.refunded")
    payment_method = serializers.CharField(source="order.payment_method")
    channel = serializers.ChoiceField(source="order.channel", choices=Order.Channel.choices)
    coupon_codes = serializers.ListField(source="order.coupon_codes", child=serializers.CharField())
    promised_delivery_on = serializers.DateField(source="order.promised_delivery_on", allow_null=True)
    cancelled_at = MomentField(source="order.cancelled_at", allow_null=True)
    cancellation_reason = serializers.CharField(source="order.cancellation_reason")
    shipments = ShipmentOutput(many=True)
    returns = ReturnOutput(many=True)
    refunds = RefundOutput(many=True)
    payments = PaymentOutput(many=True)
