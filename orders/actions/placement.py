"""An order comes in: placed once by its number, replaced by newer versions, untouched by older ones.

The shop owns its stock: placing an order does not change a product's ``stock``, the shop puts that itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from catalog.actions import Sighting, recognise_products
from catalog.models import Product
from core.errors import DomainError
from core.events import publish
from core.locks import lock_name
from customers.actions.consent import record_notice
from customers.actions.profiles import resolve_customer
from customers.models import Channel, Customer
from merchants.models import Merchant
from orders.actions.facts import lock_customers, recount_customer
from orders.actions.incoming import OrderData, check_order
from orders.actions.lines import new_line, replace_lines
from orders.actions.progress import advance_state
from orders.actions.reactions import on_placed
from orders.events import OrderChanged, OrderPlaced
from orders.models import Order, OrderLine
from orders.pricing import included_taxes

LINE_FACTS = ("quantity", "unit_price", "discount", "tax_rate")


class Outcome(models.TextChoices):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"  # this version is stored already
    OUTDATED = "outdated"  # a newer version is stored


@dataclass(frozen=True)
class Placement:
    """The stored order with its lines (and their products), and what the call did to it."""

    order: Order
    lines: Sequence[OrderLine]
    outcome: Outcome


@transaction.atomic
def place_order(merchant: Merchant, data: OrderData) -> Placement:
    """Store an order, once per number, and publish ``OrderPlaced`` (or ``OrderChanged`` for a newer version).

    An older version changes nothing. The stored version changes nothing either, and must say the same.
    Raises InvalidInput for an order that cannot be (``total_mismatch`` with both figures), DomainError
    ``version_conflict`` for another content under a stored version, and those of ``replace_lines``.
    """
    check_order(merchant, data)
    lock_name(f"order:{merchant.pk}:{data.number}")
    orders = Order.objects.for_merchant(merchant).filter(number=data.number)
    stored = orders.select_for_update(no_key=True).first()
    if stored is None:
        return _create(merchant, data)
    if data.version > stored.version:
        return _revise(merchant, stored, data)
    lines = list(stored.lines.select_related("product"))
    if data.version < stored.version:
        return Placement(stored, lines, Outcome.OUTDATED)
    _require_same(stored, lines, data)
    return Placement(stored, lines, Outcome.UNCHANGED)


def _create(merchant: Merchant, data: OrderData) -> Placement:
    customer = _customer(merchant, data)
    products = _products(merchant, data)
    order = Order(merchant=merchant, number=data.number, customer=customer, source=data.source)
    _fill(order, data)
    order.save(force_insert=True)
    lines = [new_line(order, line, products[line.sku], position) for position, line in enumerate(data.lines, start=1)]
    OrderLine.objects.bulk_create(lines)
    _settle(order, data)
    publish(OrderPlaced(merchant_id=merchant.pk, order_id=order.pk))
    return Placement(order, lines, Outcome.CREATED)


def _revise(merchant: Merchant, order: Order, data: OrderData) -> Placement:
    """Replace the stored version; what was shipped, returned or cancelled meanwhile stays true."""
    if order.state == Order.State.CANCELLED:
        raise DomainError("order_cancelled", _("A cancelled order cannot be changed."))
    former_customer = order.customer_id
    customer = _customer(merchant, data)
    lock_customers(merchant, [former_customer])
    order.customer = customer or order.customer
    products = _products(merchant, data)
    if data.total < order.refunded:
        raise DomainError("total_below_refunds", _("More has been refunded than the new total."))
    _fill(order, data)
    order.save()
    lines = replace_lines(order, data.lines, products)
    advance_state(order)
    if former_customer != order.customer_id:
        recount_customer(merchant, former_customer)
    _settle(order, data)
    publish(OrderChanged(merchant_id=merchant.pk, order_id=order.pk))
    return Placement(order, lines, Outcome.UPDATED)


def _customer(merchant: Merchant, data: OrderData) -> Customer | None:
    if data.customer is None or not data.customer.identities(merchant.country):
        return None
    return resolve_customer(merchant, data.customer, as_of=data.placed_at)


def _products(merchant: Merchant, data: OrderData) -> dict[str, Product]:
    sightings = [
        Sighting(sku=line.sku, title=line.title, price=line.unit_price, tax_rate=line.tax_rate) for line in data.lines
    ]
    return recognise_products(merchant, sightings)


def _fill(order: Order, data: OrderData) -> None:
    """The order's own fields, as this version says them."""
    for name, value in _facts_given(data).items():
        setattr(order, name, value)
    order.version = data.version
    order.tax = sum(included_taxes(data.lines, shipping=data.shipping, discount=data.discount).values())


def _facts_given(data: OrderData) -> dict[str, Any]:
    buyer = data.customer
    return {
        "placed_at": data.placed_at,
        "currency": data.currency,
        "shipping": data.shipping,
        "discount": data.discount,
        "total": data.total,
        "payment_method": data.payment_method,
        "channel": data.channel,
        "coupon_codes": list(data.coupon_codes),
        "promised_delivery_on": data.promised_delivery_on,
        "email": buyer.email if buyer else "",
        "locale": buyer.locale if buyer else "",
        "country": buyer.country if buyer else "",
    }


def _settle(order: Order, data: OrderData) -> None:
    """What an accepted version means for its customer, and for upper apps."""
    recount_customer(order.merchant, order.customer_id)
    for react in on_placed:
        react(order, data)
    notice = data.marketing_notice
    # Without an e-mail address there is nothing that the notice could allow.
    if notice and order.customer and order.email:
        record_notice(
            order.customer,
            channel=Channel.EMAIL,
            address=order.email,
            text_version=notice.version,
            shown_at=notice.shown_at,
            source="order",
            evidence={"order": order.number},
            words=notice.text,
        )


def _require_same(order: Order, lines: Sequence[OrderLine], data: OrderData) -> None:
    stored = [(line.product.sku, *(getattr(line, name) for name in LINE_FACTS)) for line in lines]
    given = [(line.sku, *(getattr(line, name) for name in LINE_FACTS)) for line in data.lines]
    same = stored == given and all(getattr(order, name) == value for name, value in _facts_given(data).items())
    if not same:
        raise DomainError(
            "version_conflict",
            _("Version %(version)s of this order is stored with other content; send changes under a higher version.")
            % {"version": order.version},
            stored_version=order.version,
        )
