"""What becomes of an order: cancelled, packed, on its way, late, delivered, sent back, refunded. Pure.

Nothing that would lie after ``now`` has happened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from cxapp.demo.assortment import Assortment, Leaf
from cxapp.demo.calendars import after_working_days, moment
from cxapp.demo.chance import Lot
from cxapp.demo.checkout import PREPAYMENT
from cxapp.demo.ledger import OrderPlan, ParcelPlan, RefundPlan, ReturnPlan
from cxapp.demo.people import Person
from cxapp.demo.products import ProductPlan
from orders.pricing import amount_of_units, shipping_paid

CANCELLED, LINE_CANCELLED, NEVER_PAID = 0.02, 0.015, 0.05
SPLIT, BACKLOG, DELAYED, NOBODY_HOME = 0.05, 0.035, 0.03, 0.05
GOODWILL, GOODWILL_AMOUNT, VERY_LATE = 0.2, 500, timedelta(days=3)
PAYMENT_PERIOD = timedelta(days=10)


class Fulfilment:
    """Carries the orders of one shop out."""

    def __init__(
        self,
        assortment: Assortment,
        products: Sequence[ProductPlan],
        people: Sequence[Person],
        rng: np.random.Generator,
        now: datetime,
    ) -> None:
        self.assortment, self.products, self.people, self.rng, self.now = assortment, products, people, rng, now
        self.zone = ZoneInfo(assortment.merchant["time_zone"])
        self.carriers = Lot(assortment.trade.carriers)

    def carry_out(self, order: OrderPlan) -> None:
        """Everything that happened to the order until now."""
        if self._is_cancelled(order):
            return
        self._cancel_line(order)
        self._send(order)
        self._advance(order)
        if order.state == "delivered":
            self._take_back(order)
            self._apologise(order)

    def _is_cancelled(self, order: OrderPlan) -> bool:
        texts = self.assortment.texts["cancellations"]
        unpaid = order.payment == PREPAYMENT and self._happens(NEVER_PAID)
        if unpaid:
            at, reason = order.placed_at + PAYMENT_PERIOD, texts[1]
        elif self._happens(CANCELLED):
            at = order.placed_at + timedelta(minutes=int(self.rng.integers(10, 600)))
            reason = texts[0] if self._happens(0.6) else texts[int(self.rng.integers(len(texts)))]
        else:
            return False
        if at <= self.now:
            self._cancel(order, at, reason, is_paid=not unpaid)
        return at <= self.now or unpaid

    def _cancel(self, order: OrderPlan, at: datetime, reason: str, *, is_paid: bool) -> None:
        order.state, order.cancelled_at, order.cancellation_reason = "cancelled", at, reason
        for line in order.lines:
            line.cancelled = line.quantity
            line.refunded = line.paid if is_paid else 0
        if is_paid:
            order.refunds.append(RefundPlan(order.total, at, reason))

    def _cancel_line(self, order: OrderPlan) -> None:
        """One product could not be had after all."""
        at = order.placed_at + timedelta(minutes=int(self.rng.integers(60, 540)))
        if len(order.lines) < 2 or at > self.now or not self._happens(LINE_CANCELLED):
            return
        line = order.lines[-1]
        line.cancelled, line.refunded = line.quantity, line.paid
        order.refunds.append(RefundPlan(line.paid, at, self.assortment.texts["cancellations"][-1]))

    def _send(self, order: OrderPlan) -> None:
        units = {
            index: line.quantity - line.gone for index, line in enumerate(order.lines) if line.quantity > line.gone
        }
        shares = [units]
        if len(units) > 1 and self._happens(SPLIT):
            last = max(units)
            shares = [{index: count for index, count in units.items() if index != last}, {last: units[last]}]
        day = self._packed_on(order)
        for number, share in enumerate(shares, start=1):
            parcel = self._parcel(order, number, day, share)
            if parcel.shipped_at > self.now:
                return
            order.parcels.append(parcel)
            day = after_working_days(day, int(self.rng.integers(1, 4)))

    def _packed_on(self, order: OrderPlan) -> date:
        """Orders of the morning leave the same day, prepaid ones once the money is there."""
        placed = order.placed_at.astimezone(self.zone)
        wait = int(placed.hour >= 11)
        if order.payment == PREPAYMENT:
            wait += int(self.rng.integers(1, 4))
        if self._happens(BACKLOG):
            wait += int(self.rng.integers(2, 7))
        return after_working_days(placed.date(), wait)

    def _parcel(self, order: OrderPlan, number: int, day: date, units: dict[int, int]) -> ParcelPlan:
        abroad = self.assortment.trade.shipping[self.people[order.person].country].promise - 3
        carrier = self.carriers.draw(self.rng)
        road = 1 + abroad + int(self._happens(0.25))
        parcel = ParcelPlan(
            reference=f"{order.number}-{number}",
            carrier=carrier,
            tracking_number=f"{carrier[:2].upper()}{int(self.rng.integers(10**11, 10**12))}",
            shipped_at=moment(day, float(self.rng.uniform(0.6, 0.72)), self.zone),
            expected_on=after_working_days(day, road),
            units=units,
        )
        self._travel(parcel, day, road)
        return parcel

    def _travel(self, parcel: ParcelPlan, day: date, road: int) -> None:
        """The carrier's events, and the delivery if it happened by now."""
        events = [("in_transit", parcel.shipped_at + timedelta(minutes=int(self.rng.integers(150, 500))))]
        if self._happens(DELAYED):
            road += int(self.rng.integers(1, 5))
            events.append(("delayed", moment(parcel.expected_on, 0.4, self.zone)))
        arrival = after_working_days(day, road)
        if self._happens(NOBODY_HOME):
            events.append(("failed", moment(arrival, float(self.rng.uniform(0.45, 0.7)), self.zone)))
            arrival = after_working_days(arrival, 1)
        delivered = moment(arrival, float(self.rng.uniform(0.38, 0.75)), self.zone)
        events += [("out_for_delivery", moment(arrival, 0.3, self.zone)), ("delivered", delivered)]
        parcel.events = sorted((event for event in events if event[1] <= self.now), key=lambda event: event[1])
        parcel.delivered_at = delivered if delivered <= self.now else None

    def _advance(self, order: OrderPlan) -> None:
        """The state that the order's lines and parcels amount to, as the orders app would say."""
        open_units = sum(line.quantity - line.cancelled for line in order.lines)
        sent = sum(sum(parcel.units.values()) for parcel in order.parcels)
        if sent == open_units and all(parcel.delivered_at for parcel in order.parcels):
            order.state = "delivered"
        elif order.parcels:
            order.state = "shipped"

    def _take_back(self, order: OrderPlan) -> None:
        person, arrived = self.people[order.person], max(_deliveries(order))
        late = arrived.astimezone(self.zone).date() > order.promised_on
        received = self._daytime(after_working_days(arrived.date(), int(self.rng.integers(4, 16))))
        units = dict(self._returned_units(order, person.fuss * (1.4 if late else 1)))
        if not units or received > self.now:
            return
        refunds = {index: self._refund_of(order, index, count) for index, count in units.items()}
        for index, count in units.items():
            order.lines[index].returned += count
            order.lines[index].refunded += refunds[index]
        reason = self._reason(order, units)
        order.returns.append(ReturnPlan(f"R-{order.number}", received, reason, units, refunds))
        amount = sum(refunds.values()) + self._shipping_refund(order)
        order.refunds.append(RefundPlan(amount, received, reason, parcel=len(order.returns) - 1))

    def _returned_units(self, order: OrderPlan, fuss: float) -> Iterator[tuple[int, int]]:
        for index, line in enumerate(order.lines):
            rate = min(self._leaf(line.product).returns * fuss, 0.9)
            if kept := line.quantity - line.gone:
                count = int(self.rng.binomial(1, rate) and self.rng.integers(1, kept + 1))
                if count:
                    yield index, count

    def _refund_of(self, order: OrderPlan, index: int, count: int) -> int:
        line = order.lines[index]
        return amount_of_units(line.paid, line.quantity, first=line.gone, count=count)

    def _shipping_refund(self, order: OrderPlan) -> int:
        """Who sends everything back gets the shipping back as well."""
        if any(line.returned < line.quantity for line in order.lines):
            return 0
        return shipping_paid([line.total for line in order.lines], shipping=order.shipping, discount=order.discount)

    def _reason(self, order: OrderPlan, units: Mapping[int, int]) -> str:
        worn = any(self._leaf(order.lines[index].product).worn for index in units)
        texts = self.assortment.texts["returns_worn" if worn else "returns"]
        return str(texts[int(self.rng.integers(len(texts)))])

    def _apologise(self, order: OrderPlan) -> None:
        """Some who waited long get five back."""
        arrived = max(_deliveries(order))
        at = arrived + timedelta(days=1)
        late = arrived.astimezone(self.zone).date() - order.promised_on
        room = order.total - order.refunded
        if late >= VERY_LATE and at <= self.now and room > GOODWILL_AMOUNT and self._happens(GOODWILL):
            order.refunds.append(RefundPlan(GOODWILL_AMOUNT, at, self.assortment.texts["goodwill"]))

    def _daytime(self, day: date) -> datetime:
        return moment(day, float(self.rng.uniform(0.36, 0.7)), self.zone)

    def _leaf(self, product: int) -> Leaf:
        return self.assortment.leaves[self.products[product].leaf]

    def _happens(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)


def _deliveries(order: OrderPlan) -> list[datetime]:
    return [parcel.delivered_at for parcel in order.parcels if parcel.delivered_at]
