"""What people did in the demo shop before they bought, and those who did not: tracked events. Plain values, pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from core.money import decimal_places
from cxapp.demo.assortment import Assortment
from cxapp.demo.chance import Lot
from cxapp.demo.ledger import OrderPlan
from cxapp.demo.products import ProductPlan

DAYS = 60  # how far back events reach
CHANNELS = Lot({"web": 0.74, "app": 0.18, "pos": 0.08})
LIBRARIES = {"web": "cx.js", "app": "analytics-react-native", "pos": "analytics-python"}
SERVER = {"library": {"name": "analytics-node", "version": "3.1.0"}}
CONSENTING = 0.6  # of those who buy
LOOKERS = 1.5  # visits that end without an order, per order
BOTS = 0.03


@dataclass(frozen=True, slots=True)
class TrackedPlan:
    """One event. ``person`` is an index, None for somebody nobody knows; ``visitor`` is empty for what a server told."""

    at: datetime
    kind: str
    name: str
    channel: str
    person: int | None
    visitor: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    is_bot: bool = False


class Visits:
    """Every order of the last ``DAYS`` days with the visit that led to it, and visits that led to nothing."""

    def __init__(
        self, assortment: Assortment, products: Sequence[ProductPlan], rng: np.random.Generator, now: datetime
    ) -> None:
        self.products, self.rng, self.now = products, rng, now
        self.website, self.currency = str(assortment.merchant["website"]), str(assortment.merchant["currency"])
        self.unit = 10 ** decimal_places(self.currency)
        self.on_sale = [index for index, product in enumerate(products) if product.withdrawn_at is None]

    def all(self, orders: Sequence[OrderPlan]) -> list[TrackedPlan]:
        """Ascending in time; nothing lies in the future."""
        recent = [order for order in orders if order.placed_at > self.now - timedelta(days=DAYS)]
        events = [event for order in recent for event in self._purchase(order)]
        for moment in self._quiet_moments(recent):
            events += self._look_around(moment)
        return sorted((event for event in events if event.at <= self.now), key=lambda event: event.at)

    def _quiet_moments(self, recent: Sequence[OrderPlan]) -> Iterator[datetime]:
        """Around the hours in which others buy: the shop is busy when it is busy."""
        for order in recent:
            for _ in range(int(self.rng.poisson(LOOKERS))):
                yield order.placed_at + timedelta(minutes=float(self.rng.normal(0, 180)))

    def _purchase(self, order: OrderPlan) -> Iterator[TrackedPlan]:
        """Searched, looked, put into the basket, paid. Whoever does not agree to tracking is known by the order only."""
        channel = CHANNELS.draw(self.rng)
        if channel != "pos":
            agreed = self.rng.random() < CONSENTING
            visit = _Visit(self, channel, order.person if agreed else None, keeps_id=agreed)
            begin = order.placed_at - timedelta(minutes=float(self.rng.uniform(4, 25)))
            yield from visit.towards(order, begin)
        sold = [self._item(line.product, line.quantity, line.unit_price) for line in order.lines]
        yield TrackedPlan(
            at=order.placed_at,
            kind="track",
            name="Order Completed",
            channel=channel,
            person=order.person,
            visitor="",
            properties={
                "order_id": order.number,
                "total": order.total / self.unit,
                "shipping": order.shipping / self.unit,
                "currency": self.currency,
                "products": sold,
            },
            context=SERVER,
        )

    def _look_around(self, begin: datetime) -> Iterator[TrackedPlan]:
        """A few pages of somebody who leaves again, or of a machine that reads them all."""
        visit = _Visit(self, "web", None, keeps_id=self.rng.random() < CONSENTING, is_bot=self.rng.random() < BOTS)
        looked_at = [
            self.on_sale[int(self.rng.integers(len(self.on_sale)))] for _ in range(int(self.rng.integers(1, 5)))
        ]
        return visit.through(looked_at, begin)

    def _item(self, product: int, quantity: int, price: int) -> dict[str, Any]:
        plan = self.products[product]
        return {"sku": plan.sku, "name": plan.title, "price": price / self.unit, "quantity": quantity}


class _Visit:
    """One person's pages, one after the other. Without consent every page is a visitor of its own."""

    def __init__(self, shop: Visits, channel: str, person: int | None, *, keeps_id: bool, is_bot: bool = False) -> None:
        self.shop, self.channel, self.person, self.is_bot = shop, channel, person, is_bot
        self.kept = self._new_id() if keeps_id else ""
        self.page = ""

    def _new_id(self) -> str:
        return self.shop.rng.bytes(16).hex()

    def towards(self, order: OrderPlan, at: datetime) -> Iterator[TrackedPlan]:
        """To the till, in the time that is left until the order."""
        shop, bought = self.shop, [line.product for line in order.lines]
        pace = (order.placed_at - at) / (2 * len(bought) + 5)
        yield from self.through(bought, at, pace)
        at += pace * (len(bought) + 1)
        for line in order.lines:
            yield self._track(at, "Product Added", shop._item(line.product, line.quantity, line.unit_price))
            at += pace
        basket = [shop._item(line.product, line.quantity, line.unit_price) for line in order.lines]
        yield self._track(at, "Cart Viewed", {"products": basket})
        yield self._track(at + pace, "Checkout Started", {"products": basket, "currency": shop.currency})
        for code in order.coupons:
            yield self._track(
                at + pace * 1.5, "Coupon Applied", {"coupon_id": code, "discount": order.discount / shop.unit}
            )

    def through(
        self, products: Sequence[int], at: datetime, pace: timedelta = timedelta(seconds=40)
    ) -> Iterator[TrackedPlan]:
        """A page and a product each, sometimes found by a search."""
        first = self.shop.products[products[0]]
        self._turn("/")
        yield self._event(at, "page", "", {})
        if self.shop.rng.random() < 0.3:
            self._turn("/search")
            yield self._track(at + pace / 2, "Products Searched", {"query": first.title.split()[0].strip(",").lower()})
        for index in products:
            at += pace
            product = self.shop.products[index]
            self._turn(f"/p/{product.sku}")
            properties = {"sku": product.sku, "name": product.title, "price": product.prices[-1].price / self.shop.unit}
            yield self._track(at, "Product Viewed", properties | {"currency": self.shop.currency})

    def _turn(self, path: str) -> None:
        self.page = path
        self.visitor = self.kept or self._new_id()

    def _track(self, at: datetime, name: str, properties: Mapping[str, Any]) -> TrackedPlan:
        return self._event(at, "track", name, properties)

    def _event(self, at: datetime, kind: str, name: str, properties: Mapping[str, Any]) -> TrackedPlan:
        context: dict[str, Any] = {"library": {"name": LIBRARIES[self.channel], "version": "1.0"}}
        if self.channel == "web":
            context["page"] = {"url": f"{self.shop.website}{self.page}", "path": self.page}
        return TrackedPlan(at, kind, name, self.channel, self.person, self.visitor, properties, context, self.is_bot)


def arrived(at: datetime) -> datetime:
    """A little later, as events are sent in small batches."""
    return at + timedelta(seconds=1)
