"""What upper apps do in the transaction of an order: they register here, and this app never imports them."""

from __future__ import annotations

from collections.abc import Callable

from core.providers import Registry
from orders.actions.incoming import OrderData
from orders.models import Order

# (order, data) after an order was stored, new or in a newer version. Raises DomainError to refuse it.
on_placed: Registry[Callable[[Order, OrderData], None]] = Registry()
# (order) after units of it were cancelled or came back, before what happens when all of it was cancelled.
on_units_gone: Registry[Callable[[Order], None]] = Registry()
# (order) after all of it was cancelled.
on_cancelled: Registry[Callable[[Order], None]] = Registry()
