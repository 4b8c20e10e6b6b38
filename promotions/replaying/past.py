"""The newest orders of a shop as carts for the engine: a constant number of queries per batch, and no batch is kept.

What a cart was is known from the order; how often the person had ordered before is counted as of then. Segments, traits
and figures are those of today: nobody kept those of then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Q, QuerySet

from customers.models import Customer
from merchants.models import Merchant
from orders.models import Order, OrderLine
from promotions import active
from promotions.models import Coupon
from promotions.pricing.cart import Cart, Line, Shopper, normalise_code
from promotions.queries.people import Known, of_customers

BATCH = 500
_EARLIER = """
SELECT asked.id, count(earlier.id)
FROM orders_order AS asked JOIN orders_order AS earlier ON earlier.customer_id = asked.customer_id
    AND (earlier.placed_at, earlier.id) < (asked.placed_at, asked.id) AND earlier.state <> 'cancelled'
WHERE asked.merchant_id = %s AND asked.id = ANY(%s) GROUP BY asked.id
"""


@dataclass(frozen=True, slots=True)
class PastCart:
    """An order as the cart it was. ``person`` tells buyers apart; ``costs``: of a unit of each line, None: unknown."""

    order_id: int
    person: str
    placed_at: datetime
    paid: int
    cart: Cart
    costs: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """``carts`` of a batch; ``skipped`` orders can be no cart (without lines, or with too many units)."""

    carts: list[PastCart]
    skipped: int


def past_orders(merchant: Merchant, *, wanted: int, newest: int) -> QuerySet[Order]:
    """The newest ``wanted`` orders up to the id ``newest``, the oldest first."""
    rows = Order.objects.for_merchant(merchant).filter(pk__lte=newest).exclude(state=Order.State.CANCELLED)
    backwards = rows.order_by("-placed_at", "-pk").values_list("placed_at", "pk")
    first = next(iter(backwards[wanted - 1 : wanted]), None)
    if first is not None:
        rows = rows.filter(Q(placed_at__gt=first[0]) | Q(placed_at=first[0], pk__gte=first[1]))
        rows = rows.filter(placed_at__gte=first[0])  # said again, so that the index is entered there
    return rows.order_by("placed_at", "pk")


def read_past(merchant: Merchant, *, wanted: int, newest: int) -> Iterator[Past]:
    """Batch by batch, the oldest first."""
    rows, last = past_orders(merchant, wanted=wanted, newest=newest), None
    while True:
        page = rows
        if last is not None:
            page = rows.filter(placed_at__gte=last.placed_at).filter(
                Q(placed_at__gt=last.placed_at) | Q(placed_at=last.placed_at, pk__gt=last.pk)
            )
        orders = list(page[:BATCH])
        if not orders:
            return
        last = orders[-1]
        yield _carts(merchant, orders)


def _carts(merchant: Merchant, orders: Sequence[Order]) -> Past:
    lines, people, earlier = _lines(merchant, orders), _people(merchant, orders), _earlier(merchant, orders)
    tokens, points = _tokens(merchant, orders), active.points_rate(merchant.pk) or (0, 1)
    carts = []
    for order in orders:
        known = people.get(order.customer_id or 0, Known())
        try:
            cart = Cart(
                lines=tuple(line for line, _cost in lines[order.pk]),
                at=order.placed_at.astimezone(merchant.tz),
                currency=order.currency,
                shipping=order.shipping,
                codes=tuple(dict.fromkeys(tokens.get(code, code) for code in map(normalise_code, order.coupon_codes))),
                shopper=_shopper(known, earlier.get(order.pk, 0)),
                channel=order.channel,
                payment_method=order.payment_method,
                country=order.country,
                points_each=points[0],
                points_per=points[1],
            )
        except ValueError:
            continue
        if cart.lines:
            costs = tuple(cost for _line, cost in lines[order.pk])
            carts.append(PastCart(order.pk, _person(order), order.placed_at, order.total, cart, costs))
    return Past(carts, len(orders) - len(carts))


def _person(order: Order) -> str:
    if order.customer_id is not None:
        return f"c{order.customer_id}"
    return f"e{order.email.lower()}" if order.email else f"o{order.pk}"


def _shopper(known: Known, earlier: int) -> Shopper:
    said = known.shopper
    return Shopper(
        id=said.get("id", ""),
        segments=frozenset(said.get("segments", ())),
        orders=earlier,
        traits=said.get("traits", {}),
        kpis=said.get("kpis", {}),
    )


def _lines(merchant: Merchant, orders: Sequence[Order]) -> dict[int, list[tuple[Line, int | None]]]:
    rows = OrderLine.objects.for_merchant(merchant).filter(order__in=[order.pk for order in orders])
    found: dict[int, list[tuple[Line, int | None]]] = defaultdict(list)
    for row in rows.select_related("product__category").order_by("order", "position"):
        product = row.product
        line = Line(
            id=str(row.position),
            sku=product.sku,
            quantity=row.quantity,
            unit_price=row.unit_price,
            categories=(product.category.path,) if product.category else (),
            brand=product.brand,
            tags=tuple(product.tags),
            tax_rate=_hundredths(row.tax_rate),
            list_price=product.list_price,
        )
        found[row.order_id].append((line, row.unit_cost if row.unit_cost is not None else product.cost))
    return found


def _hundredths(rate: Decimal) -> int:
    return int(rate * 10_000)


def _people(merchant: Merchant, orders: Sequence[Order]) -> dict[int, Known]:
    ids = {order.customer_id for order in orders if order.customer_id is not None}
    rows = Customer.objects.for_merchant(merchant).present().select_related("kpis").with_identities()
    customers = list(rows.filter(pk__in=ids))
    at = max(order.placed_at for order in orders).astimezone(merchant.tz)
    return of_customers(merchant.pk, customers, at=at, profiling=lambda pk: active.may_profile(merchant.pk, pk))


def _earlier(merchant: Merchant, orders: Sequence[Order]) -> dict[int, int]:
    """How often the person had ordered before each order."""
    with connection.cursor() as cursor:
        cursor.execute(_EARLIER, [merchant.pk, [order.pk for order in orders if order.customer_id is not None]])
        return dict(cursor.fetchall())


def _tokens(merchant: Merchant, orders: Sequence[Order]) -> dict[str, str]:
    """The batch's token of every code that is a coupon."""
    codes = {normalise_code(code) for order in orders for code in order.coupon_codes}
    if not codes:
        return {}
    rows = Coupon.objects.for_merchant(merchant).filter(code__in=codes).values_list("code", "batch__key")
    return {code: f"@{key}" for code, key in rows}
