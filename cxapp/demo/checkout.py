"""From a basket to an order as the shop would have sent it: prices of the day, discounts, shipping, tax. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from cxapp.demo.assortment import Assortment
from cxapp.demo.calendars import after_working_days, moment
from cxapp.demo.chance import Lot
from cxapp.demo.ledger import LinePlan, OrderPlan
from cxapp.demo.people import Person
from cxapp.demo.products import ProductPlan
from cxapp.demo.shopping import Basket
from orders.pricing import goods_paid, included_taxes, line_total, order_total

FIRST_NUMBER = 10_001
NOTICE_SHOWN = 0.85
OTHER_PAYMENT = 0.12
PREPAYMENT, MONEY_TAKES = "prepayment", 2  # working days
# Three units and more of a thing are sometimes five per cent cheaper.
VOLUME, VOLUME_DISCOUNT = 3, 0.05


class Checkout:
    """Turns the baskets of one shop into its orders."""

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
        self.payments = Lot(assortment.trade.payments)

    def orders(self, baskets: Sequence[Basket], start: datetime) -> list[OrderPlan]:
        """In the order of time, numbered upwards."""
        known: set[int] = set()
        placed = sorted(((self._moment(start, basket.day), basket) for basket in baskets), key=lambda pair: pair[0])
        prefix = self.assortment.numbers["order"]
        orders = []
        for number, (at, basket) in enumerate(placed, start=FIRST_NUMBER):
            is_first = basket.person not in known
            known.add(basket.person)
            orders.append(self._order(f"{prefix}{number}", basket, at, is_first=is_first))
        return orders

    def _moment(self, start: datetime, day: float) -> datetime:
        """In local time; what would still lie ahead today happened yesterday."""
        at = moment(start.date() + timedelta(days=int(day)), day % 1, self.zone)
        return at if at <= self.now else at - timedelta(days=1)

    def _order(self, number: str, basket: Basket, at: datetime, *, is_first: bool) -> OrderPlan:
        person = self.people[basket.person]
        lines = list(self._lines(basket, person.country, at))
        goods = sum(line.total for line in lines)
        coupon = self._coupon(is_first=is_first)
        discount = round(goods * self.assortment.trade.coupons[coupon].share) if coupon else 0
        terms = self.assortment.trade.shipping[person.country]
        shipping = 0 if goods >= terms.free_from else terms.price
        for line, paid in zip(lines, goods_paid([line.total for line in lines], discount=discount), strict=True):
            line.paid = paid
        payment = self._payment(person)
        promise = terms.promise + MONEY_TAKES * (payment == PREPAYMENT)
        return OrderPlan(
            number=number,
            person=basket.person,
            placed_at=at,
            lines=lines,
            shipping=shipping,
            discount=discount,
            total=order_total(lines, shipping=shipping, discount=discount),
            tax=sum(included_taxes(lines, shipping=shipping, discount=discount).values()),
            payment=payment,
            coupons=(coupon,) if coupon else (),
            promised_on=after_working_days(at.astimezone(self.zone).date(), promise),
            notice=self._notice(at) if not person.is_guest and self.rng.random() < NOTICE_SHOWN else "",
        )

    def _lines(self, basket: Basket, country: str, at: datetime) -> Iterator[LinePlan]:
        for index, units in basket.goods:
            product = self.products[index]
            price, rate = product.price_at(at), self.assortment.trade.tax[country][product.tax_rate]
            volume = units >= VOLUME and self.rng.random() < 0.5
            line = LinePlan(index, units, price, rate, round(units * price * VOLUME_DISCOUNT) if volume else 0)
            line.total = line_total(line)
            yield line

    def _coupon(self, *, is_first: bool) -> str:
        for code, terms in self.assortment.trade.coupons.items():
            if self.rng.random() < (terms.first_order if is_first else terms.later):
                return code
        return ""

    def _payment(self, person: Person) -> str:
        if self.rng.random() >= OTHER_PAYMENT:
            return person.payment
        return self.payments.draw(self.rng)

    def _notice(self, at: datetime) -> str:
        """The notice is worded anew each January."""
        return f"{at.year}-01"
