"""Facts of commerce. Each module has one subject; what other apps use is named here."""

from orders.models.orders import (
    Order,
    OrderLine,
    OrderQuerySet,
    Refund,
    Return,
    ReturnLine,
    Shipment,
    ShipmentLine,
    TrackingEvent,
)
from orders.models.payments import CostSettings, Payment, PaymentFee

__all__ = [
    "CostSettings",
    "Order",
    "OrderLine",
    "OrderQuerySet",
    "Payment",
    "PaymentFee",
    "Refund",
    "Return",
    "ReturnLine",
    "Shipment",
    "ShipmentLine",
    "TrackingEvent",
]
