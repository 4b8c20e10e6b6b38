"""One demo shop, made from a seed. Pure: the same arguments give the same shop."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import numpy as np

from cxapp.demo.assortment import Assortment, load
from cxapp.demo.checkout import Checkout
from cxapp.demo.earnings import Earnings
from cxapp.demo.fulfilment import Fulfilment
from cxapp.demo.ledger import OrderPlan, StatementPlan
from cxapp.demo.people import Person, make_people
from cxapp.demo.products import ProductPlan, make_market, plan_products
from cxapp.demo.shopping import Shopping
from cxapp.demo.statements import Statements
from cxapp.demo.visits import TrackedPlan, Visits

DAYS = 548  # eighteen months
Tick = Callable[[int], None]


@dataclass(frozen=True)
class DemoShop:
    """Everything about a shop. ``orders``, ``statements`` and ``visits`` ascend in time; people without orders belong to it too.

    ``start`` is when the records begin; people's days count from it.
    """

    assortment: Assortment
    start: datetime
    products: list[ProductPlan]
    people: list[Person]
    orders: list[OrderPlan]
    statements: list[StatementPlan]
    visits: list[TrackedPlan]


def generate(slug: str, *, customers: int, seed: int, now: datetime, tick: Tick = lambda people: None) -> DemoShop:
    """The shop ``slug`` as it stands at ``now`` (aware), with so many customers; ticks per customer."""
    assortment = load(slug)
    # A stream per part, so that more of one does not change the others.
    goods, crowd, baskets, tills, boxes, words, clicks, money = _streams(slug, seed, 8)
    start = datetime.combine(now - timedelta(days=DAYS), time.min, tzinfo=UTC)
    days = (now - start) / timedelta(days=1)
    products = plan_products(assortment, goods, now)
    people = make_people(assortment, crowd, customers, days)
    shopping = Shopping(make_market(assortment, products, goods, start), baskets, start.date(), days)
    filled = list(shopping.baskets(people, tick))
    orders = Checkout(assortment, products, people, tills, now).orders(filled, start)
    fulfilment = Fulfilment(assortment, products, people, boxes, now)
    for order in orders:
        fulfilment.carry_out(order)
    earnings = Earnings(money, len(people), now)
    for order in orders:
        earnings.note(order)
    statements = Statements(words, start, now).all(people, orders)
    visits = Visits(assortment, products, clicks, now).all(orders)
    return DemoShop(assortment, start, products, people, orders, statements, visits)


def _streams(slug: str, seed: int, count: int) -> list[np.random.Generator]:
    """Independent random streams; shops of one seed have different ones."""
    own = int.from_bytes(hashlib.sha256(slug.encode()).digest()[:8])
    return [np.random.default_rng(child) for child in np.random.SeedSequence([seed, own]).spawn(count)]
