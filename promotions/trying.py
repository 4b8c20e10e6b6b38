"""A version tried on a cart: what it would do alone, and beside what is active. The engine's own decision; no effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customers.models import Customer
from customers.queries.profiles import anonymous_ids, profile_ids
from customers.tracking import visitor
from merchants.models import Merchant
from orders.models import Order
from promotions.deciding import Basket, Trial, decide, order_basket
from promotions.models import PromotionVersion
from promotions.pricing.reading import known_promotion

Json = dict[str, Any]


@dataclass(frozen=True)
class Tried:
    """Decisions as the API tells them: of the version alone, of what is active without it, and of both together."""

    key: str
    at: datetime
    alone: Json
    before: Json
    together: Json

    @property
    def decisions(self) -> tuple[Json, Json, Json]:
        return self.alone, self.before, self.together


def try_version(
    merchant: Merchant, version: PromotionVersion, basket: Basket, *, at: datetime, lenient: bool = False
) -> Tried:
    """``lenient``: limits and the validity of codes are not looked at. Raises InvalidInput for a cart that cannot be."""
    promotion = known_promotion(version.definition)
    key = promotion.id
    trials = (Trial(key, promotion, alone=True), Trial(key), Trial(key, promotion))
    decided = [decide(merchant, basket, at=at, lenient=lenient, trial=trial).as_json() for trial in trials]
    return Tried(key, at.astimezone(merchant.tz), *decided)


def past_basket(order: Order) -> Basket:
    """The cart that an order was, with as many orders before it as the person had then."""
    basket = order_basket(order)
    if order.customer_id is None:
        return basket
    rows = Order.objects.for_merchant(order.merchant_id).filter(
        customer=order.customer_id, placed_at__lt=order.placed_at
    )
    earlier = rows.exclude(state=Order.State.CANCELLED).count()
    return Basket(**vars(basket) | {"earlier_orders": earlier})


def open_basket(customer: Customer) -> list[Mapping[str, Any]]:
    """What lies in the person's basket, as lines; empty where nothing does."""
    items = visitor.basket(
        customer.merchant_id, customer_ids=profile_ids(customer), anonymous_ids=anonymous_ids(customer)
    )
    return [{"sku": item.product, "quantity": item.quantity} for item in items if item.quantity > 0]
