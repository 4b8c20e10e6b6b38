"""What happened to an order: published in the transaction in which it happened."""

from dataclasses import dataclass

from core.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(DomainEvent):
    """A new order was accepted."""

    order_id: int


@dataclass(frozen=True, kw_only=True)
class OrderChanged(DomainEvent):
    """A newer version replaced the stored one."""

    order_id: int


@dataclass(frozen=True, kw_only=True)
class OrderShipped(DomainEvent):
    """A parcel left; an order can have several."""

    order_id: int
    shipment_id: int


@dataclass(frozen=True, kw_only=True)
class OrderDelivered(DomainEvent):
    """A parcel arrived."""

    order_id: int
    shipment_id: int


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(DomainEvent):
    """Units were cancelled; whether they were the last is the order's state."""

    order_id: int


@dataclass(frozen=True, kw_only=True)
class ReturnReceived(DomainEvent):
    """Units came back."""

    order_id: int
    return_id: int


@dataclass(frozen=True, kw_only=True)
class OrdersImported(DomainEvent):
    """A file with the history of the shop was imported: many orders of the past, none of which is news to anybody."""

    job_id: int


@dataclass(frozen=True, kw_only=True)
class OrderPaid(DomainEvent):
    """Money came in for an order; it can be paid in parts."""

    order_id: int
    payment_id: int
