"""What a training reads: whole columns, straight from PostgreSQL's COPY."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Extract
from django.utils import timezone
from numpy.typing import NDArray

from catalog.models import Product
from customers.models import Identity
from customers.queries.profiling import not_to_be_profiled
from merchants.models import Merchant
from orders.models import Order, OrderLine

if TYPE_CHECKING:
    import polars as pl

# Beyond this a snapshot goes to a temporary file instead of memory.
SPOOLED = 64 * 1024 * 1024
READING_TIMEOUT = "15min"


@dataclass(frozen=True)
class Snapshot:
    """Purchases and products as frames, customers' keys with their ids, and when all this was read."""

    purchases: pl.DataFrame  # customer (null: guest), product, basket, occurred_at
    products: pl.DataFrame  # product, category (nullable), created_at
    customer_keys: NDArray[np.uint64]
    customer_ids: NDArray[np.int64]
    at: datetime


def customer_key(external_id: str) -> int:
    """64 bits in place of a shop's customer number: fixed width for arrays, short for Redis."""
    return int.from_bytes(hashlib.blake2b(external_id.encode(), digest_size=8).digest())


def read_snapshot(merchant: Merchant) -> Snapshot:
    """Everything a training needs. What was bought is read by one statement, so it is of one moment.

    Units that were cancelled or came back do not count as bought.
    """
    import polars as pl  # noqa: PLC0415 - its thread pool must not exist when a worker forks

    at = timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{READING_TIMEOUT}'")
        purchases = _frame(
            _purchases(merchant),
            {"customer": pl.Int64, "product": pl.Int64, "basket": pl.Int64, "occurred_at": pl.Float64},
        )
        products = _frame(_products(merchant), {"product": pl.Int64, "category": pl.Int64, "created_at": pl.Float64})
        identities = _frame(_identities(merchant), {"customer": pl.Int64, "value": pl.String})
    keys = np.fromiter(map(customer_key, identities["value"]), np.uint64, len(identities))
    return Snapshot(
        purchases=purchases.with_columns(_time("occurred_at")),
        products=products.with_columns(_time("created_at")),
        customer_keys=keys,
        customer_ids=identities["customer"].to_numpy(),
        at=at,
    )


def _purchases(merchant: Merchant) -> QuerySet[Any, Any]:
    lines = OrderLine.objects.for_merchant(merchant).filter(quantity__gt=F("cancelled") + F("returned"))
    counted = lines.exclude(order__state=Order.State.CANCELLED)
    return counted.values_list(
        "order__customer_id", "product_id", "order_id", Extract("order__placed_at", "epoch")
    ).order_by()


def _products(merchant: Merchant) -> QuerySet[Any, Any]:
    return (
        Product.objects.for_merchant(merchant)
        .values_list("id", "category_id", Extract("created_at", "epoch"))
        .order_by()
    )


def _identities(merchant: Merchant) -> QuerySet[Any, Any]:
    known = Identity.objects.for_merchant(merchant).filter(kind=Identity.Kind.EXTERNAL_ID)
    return known.values_list("customer_id", "value").order_by()


def _frame(rows: QuerySet[Any, Any], schema: dict[str, Any]) -> pl.DataFrame:
    """The rows of a query as columns named and typed by ``schema``."""
    import polars as pl  # noqa: PLC0415 - see above

    sql, parameters = rows.query.sql_with_params()
    with tempfile.SpooledTemporaryFile(max_size=SPOOLED) as file, connection.cursor() as cursor:
        with cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)", parameters) as copied:
            _spool(copied, file)
        is_empty = not file.tell()
        file.seek(0)
        return pl.DataFrame(schema=schema) if is_empty else pl.read_csv(file, has_header=False, schema=schema)


def _spool(blocks: Iterable[Any], file: IO[bytes]) -> None:
    for block in blocks:
        file.write(block)


def _time(column: str) -> pl.Expr:
    import polars as pl  # noqa: PLC0415 - see above

    return pl.from_epoch((pl.col(column) * 1_000_000).cast(pl.Int64), time_unit="us")


def unprofiled_people(merchant_id: int) -> frozenset[int]:
    """People who object to profiling: their ids and, together with them, the keys of their external ids.

    One set serves both questions: a key has 64 bits, and no id comes near one.
    """
    ids = not_to_be_profiled(Merchant(pk=merchant_id))
    if not ids:
        return ids
    own = Identity.objects.for_merchant(merchant_id).filter(kind=Identity.Kind.EXTERNAL_ID, customer__in=ids)
    return ids | {customer_key(value) for value in own.values_list("value", flat=True)}


def purchased_since(merchant_id: int, customer_id: int, since: datetime) -> list[int]:
    """Ids of the products a customer bought in orders received after ``since``, newest first."""
    lines = OrderLine.objects.for_merchant(merchant_id).filter(
        order__customer=customer_id, order__received_at__gt=since
    )
    counted = lines.exclude(order__state=Order.State.CANCELLED)
    return list(counted.order_by("-order__received_at", "-id").values_list("product_id", flat=True)[:100])
