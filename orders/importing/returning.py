"""Returned units into the database, each found in the order it came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import polars as pl
from django.db import connection
from django.db.models import Sum

from catalog.models import Product
from customers.models import Identity
from merchants.models import Merchant
from orders.actions.facts import recount_customers
from orders.importing.matching import Allocation, ReturnedRow, Sale, match_returns
from orders.models import OrderLine, Refund, Return, ReturnLine
from orders.pricing import goods_paid

# Lines of a customer's orders with units that can still come back. The orders stay locked, so that nobody else
# takes the same units.
_OPEN = """
SELECT line.id, line.order_id, line.quantity - line.cancelled - line.returned, line.total, line.refunded,
       wanted.external_id, wanted.sku, orders.placed_at, orders.customer_id,
       orders.total - orders.refunded, orders.discount
FROM unnest(%(customers)s::bigint[], %(products)s::bigint[], %(external_ids)s::text[], %(skus)s::text[])
    AS wanted (customer_id, product_id, external_id, sku)
JOIN orders_order AS orders ON orders.customer_id = wanted.customer_id AND orders.merchant_id = %(merchant)s
JOIN orders_orderline AS line ON line.order_id = orders.id AND line.product_id = wanted.product_id
WHERE orders.state <> 'cancelled' AND line.quantity > line.cancelled + line.returned
ORDER BY orders.id
"""
_SPEND_UNITS = """
UPDATE orders_orderline AS line
SET returned = line.returned + spent.units, refunded = line.refunded + spent.refund
FROM unnest(%(ids)s::bigint[], %(units)s::bigint[], %(refunds)s::bigint[]) AS spent (id, units, refund)
WHERE line.id = spent.id AND line.merchant_id = %(merchant)s
"""
_PAY_BACK = """
UPDATE orders_order AS orders SET refunded = orders.refunded + paid.amount
FROM unnest(%(ids)s::bigint[], %(refunds)s::bigint[]) AS paid (id, amount)
WHERE orders.id = paid.id AND orders.merchant_id = %(merchant)s
"""


@dataclass(frozen=True)
class OpenSales:
    """Sales that returns may be taken from; ``amounts`` is what can still be paid back, ``buyers`` who bought."""

    sales: list[Sale]
    amounts: dict[int, int]
    buyers: dict[int, int]


@dataclass(frozen=True)
class Outcome:
    """How many units of a returned row have their sale; ``is_new`` unless they were stored before."""

    row: ReturnedRow
    matched: int
    is_new: bool


def returned_rows(returns: pl.DataFrame) -> list[ReturnedRow]:
    columns = ["line", "reference", "external_id", "sku", "quantity", "unit_price", "at"]
    return [ReturnedRow(*row) for row in returns.select(columns).iter_rows()]


def record_returns(merchant: Merchant, rows: Sequence[ReturnedRow]) -> list[Outcome]:
    """Store these returns; call it in a transaction. One whose reference is stored is left as it is."""
    stored = _stored_units(merchant, {row.reference for row in rows})
    new = [row for row in rows if row.reference not in stored]
    sales = open_sales(merchant, new)
    allocations = match_returns(new, sales.sales, sales.amounts)
    _write(merchant, allocations, sales)
    return _outcomes(new, allocations) + _known_outcomes(rows, stored)


def rehearse_returns(merchant: Merchant, rows: Sequence[ReturnedRow], sales_of_file: Iterable[Sale]) -> list[Outcome]:
    """What ``record_returns`` would do once the file's own sales are stored; writes nothing."""
    stored = _stored_units(merchant, {row.reference for row in rows})
    new = [row for row in rows if row.reference not in stored]
    sales = open_sales(merchant, new)
    pairs = {(row.customer, row.sku) for row in new}
    own = [sale for sale in sales_of_file if (sale.customer, sale.sku) in pairs]
    # A rehearsal counts units, not money: any amount that suffices will do.
    ample = sum(sale.amount for sale in own)
    amounts = {**sales.amounts, **{sale.order: ample for sale in own}}
    return _outcomes(new, match_returns(new, [*sales.sales, *own], amounts)) + _known_outcomes(rows, stored)


def _stored_units(merchant: Merchant, references: Iterable[str]) -> dict[str, dict[str, int]]:
    """Units by reference and SKU of the returns that are stored already."""
    lines = ReturnLine.objects.for_merchant(merchant).filter(parcel__reference__in=list(references))
    counted = lines.values_list("parcel__reference", "order_line__product__sku").annotate(units=Sum("quantity"))
    stored: dict[str, dict[str, int]] = defaultdict(dict)
    for reference, sku, units in counted.order_by():
        stored[reference][sku] = units
    return stored


def open_sales(merchant: Merchant, rows: Sequence[ReturnedRow]) -> OpenSales:
    """Sales with open units to the rows' customers of the rows' products."""
    customers = _ids_of_customers(merchant, {row.customer for row in rows})
    products = _ids_of_products(merchant, {row.sku for row in rows})
    pairs = sorted({(row.customer, row.sku) for row in rows if row.customer in customers and row.sku in products})
    if not pairs:
        return OpenSales([], {}, {})
    parameters: dict[str, Any] = {
        "customers": [customers[customer] for customer, _sku in pairs],
        "products": [products[sku] for _customer, sku in pairs],
        "external_ids": [customer for customer, _sku in pairs],
        "skus": [sku for _customer, sku in pairs],
        "merchant": merchant.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN + ("FOR NO KEY UPDATE OF orders" if connection.in_atomic_block else ""), parameters)
        return _sales(merchant, cursor.fetchall())


def _sales(merchant: Merchant, found: Sequence[tuple[Any, ...]]) -> OpenSales:
    paid = _paid_on_discounted(merchant, {row[1] for row in found if row[10]})
    sales = [
        Sale(pk, order, customer, sku, placed_at, units, paid.get(pk, total) - refunded)
        for pk, order, units, total, refunded, customer, sku, placed_at, _buyer, _left, _discount in found
    ]
    return OpenSales(sales, {row[1]: row[9] for row in found}, {row[1]: row[8] for row in found})


def _paid_on_discounted(merchant: Merchant, orders: Iterable[int]) -> dict[int, int]:
    """What was paid for each line of these orders, by its id: less its share of the order's discount."""
    lines = OrderLine.objects.for_merchant(merchant).filter(order__in=list(orders)).order_by("order_id", "position")
    rows = lines.values_list("order_id", "pk", "total", "order__discount")
    paid: dict[int, int] = {}
    for _order, group in groupby(rows, key=lambda row: row[0]):
        of_order = list(group)
        shares = goods_paid([row[2] for row in of_order], discount=of_order[0][3])
        paid |= {row[1]: share for row, share in zip(of_order, shares, strict=True)}
    return paid


def _ids_of_customers(merchant: Merchant, external_ids: Iterable[str]) -> dict[str, int]:
    rows = Identity.objects.for_merchant(merchant).filter(kind=Identity.Kind.EXTERNAL_ID, value__in=list(external_ids))
    return dict(rows.values_list("value", "customer_id"))


def _ids_of_products(merchant: Merchant, skus: Iterable[str]) -> dict[str, int]:
    return dict(Product.objects.for_merchant(merchant).filter(sku__in=list(skus)).values_list("sku", "pk"))


def _write(merchant: Merchant, allocations: Sequence[Allocation], sales: OpenSales) -> None:
    """One return per reference and order, with its lines and its refund."""
    parcels: dict[tuple[str, int], list[Allocation]] = defaultdict(list)
    for allocation in allocations:
        parcels[allocation.row.reference, allocation.sale.order].append(allocation)
    stored = Return.objects.bulk_create(
        [
            Return(merchant=merchant, order_id=order, reference=reference, received_at=group[0].row.at)
            for (reference, order), group in parcels.items()
        ]
    )
    groups = list(zip(stored, parcels.values(), strict=True))
    ReturnLine.objects.bulk_create([line for parcel, group in groups for line in _lines(parcel, group)])
    Refund.objects.bulk_create([refund for parcel, group in groups for refund in _refund(parcel, group)])
    _book(merchant, allocations)
    recount_customers(merchant, sorted({sales.buyers[order] for _reference, order in parcels}))


def _lines(parcel: Return, allocations: Iterable[Allocation]) -> Iterable[ReturnLine]:
    """One per order line, even where the file names the product on several rows."""
    spent = _spent(allocations)
    for line, (units, refund) in spent.items():
        yield ReturnLine(
            merchant_id=parcel.merchant_id, parcel=parcel, order_line_id=line, quantity=units, refund=refund
        )


def _spent(allocations: Iterable[Allocation]) -> dict[int, tuple[int, int]]:
    """Units and refund by the id of the order line."""
    spent: dict[int, tuple[int, int]] = {}
    for allocation in allocations:
        units, refund = spent.get(allocation.sale.key, (0, 0))
        spent[allocation.sale.key] = (units + allocation.units, refund + allocation.refund)
    return spent


def _refund(parcel: Return, allocations: Sequence[Allocation]) -> list[Refund]:
    amount = sum(allocation.refund for allocation in allocations)
    if not amount:
        return []
    return [
        Refund(
            merchant_id=parcel.merchant_id,
            order_id=parcel.order_id,
            parcel=parcel,
            amount=amount,
            refunded_at=parcel.received_at,
        )
    ]


def _book(merchant: Merchant, allocations: Sequence[Allocation]) -> None:
    """Note on lines and orders what came back and what was paid back."""
    spent = _spent(allocations)
    paid: dict[int, int] = defaultdict(int)
    for allocation in allocations:
        paid[allocation.sale.order] += allocation.refund
    units, refunds = [u for u, _r in spent.values()], [r for _u, r in spent.values()]
    with connection.cursor() as cursor:
        cursor.execute(_SPEND_UNITS, {"ids": list(spent), "units": units, "refunds": refunds, "merchant": merchant.pk})
        cursor.execute(_PAY_BACK, {"ids": list(paid), "refunds": list(paid.values()), "merchant": merchant.pk})


def _outcomes(rows: Iterable[ReturnedRow], allocations: Iterable[Allocation]) -> list[Outcome]:
    matched: dict[int, int] = defaultdict(int)
    for allocation in allocations:
        matched[allocation.row.line] += allocation.units
    return [Outcome(row, matched[row.line], is_new=True) for row in rows]


def _known_outcomes(rows: Iterable[ReturnedRow], stored: Mapping[str, Mapping[str, int]]) -> list[Outcome]:
    """Rows whose reference is stored: the units that were matched then, spread over its rows in their order."""
    left = {reference: dict(units) for reference, units in stored.items()}
    outcomes = []
    for row in rows:
        if row.reference in left:
            units = left[row.reference]
            matched = min(row.units, units.get(row.sku, 0))
            units[row.sku] = units.get(row.sku, 0) - matched
            outcomes.append(Outcome(row, matched, is_new=False))
    return outcomes
