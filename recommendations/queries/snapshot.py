"""What a training reads: whole columns of one moment, straight from PostgreSQL's COPY."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection, transaction
from django.db.models import BigIntegerField, Case, Count, F, Func, Max, Q, QuerySet, TextField, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Concat, Extract, NullIf
from django.utils import timezone
from numpy.typing import NDArray

from catalog.models import Product
from customers.models import Event, Identity
from customers.queries.profiling import not_to_be_profiled
from customers.tracking import memory
from merchants.models import Merchant
from orders.models import Order, OrderLine
from recommendations.models import TrainingPlan
from recommendations.queries.people import customer_key, refusals

if TYPE_CHECKING:
    import polars as pl

READING_TIMEOUT = "60min"
VIEW, CART, REMOVE = KINDS = ("view", "cart", "remove")
# What a tracked event tells about one product.
TELLING = {
    name: told[kind]
    for told in [{memory.VIEWED: VIEW, memory.WISHED: VIEW, memory.ADDED: CART, memory.REMOVED: REMOVE}]
    for name, kind in memory.TELLING.items()
    if kind in told
}
# A visitor who looked at half of a range of some size is a machine, whatever its user agent says.
BOT_SHARE, BOT_PRODUCTS = 0.5, 200

LONG_AFTER = timedelta(days=28)


@dataclass(frozen=True)
class Window:
    """How many days of orders and of events are read, counted from the newest order and from now; None: all."""

    purchase_days: int | None = None
    event_days: int | None = None

    @classmethod
    def of(cls, plan: TrainingPlan) -> Window:
        return cls(plan.purchase_days, plan.event_days)


@dataclass(frozen=True)
class Snapshot:
    """Purchases, events and products as frames, customers' keys with their ids, and when all this was read.

    Whoever objects to profiling is in it as a guest, and what they looked at is not in it at all. ``health`` counts
    what was left out and what is missing.
    """

    purchases: pl.DataFrame  # customer (null: guest), product, basket, occurred_at
    events: pl.DataFrame  # visitor (of this snapshot only), customer (nullable), product, kind (of KINDS), occurred_at
    products: pl.DataFrame  # product, category (nullable), title, price, created_at
    customer_keys: NDArray[np.uint64]
    customer_ids: NDArray[np.int64]
    at: datetime
    health: dict[str, Any] = field(default_factory=dict)
    refusals: Sequence[tuple[int, int]] = ()  # customer, product: sent back or badly rated

    @property
    def until(self) -> datetime:
        """From when time is counted back: the newest purchase or event, never the future.

        An import may be years old. What was tracked long after it says nothing about what sold then, so purchases decide.
        """
        bought, seen = self._newest(self.purchases), self._newest(self.events)
        if bought is None or seen is None:
            return bought or seen or self.at
        return max(bought, seen) if seen - bought < LONG_AFTER else bought

    def _newest(self, frame: pl.DataFrame) -> datetime | None:
        newest = frame["occurred_at"].max()
        return min(newest.replace(tzinfo=UTC), self.at) if isinstance(newest, datetime) else None


def read_snapshot(merchant: Merchant, window: Window | None = None) -> Snapshot:
    """Everything a training needs, all of one moment; units that were cancelled or came back do not count as bought."""
    import polars as pl  # noqa: PLC0415 - its thread pool must not exist when a worker forks

    window, at = window or Window(), timezone.now()
    with _one_moment():
        strangers = pl.Series(sorted(not_to_be_profiled(merchant)), dtype=pl.Int64)
        purchases = _read_purchases(merchant, window).with_columns(
            customer=pl.when(pl.col("customer").is_in(strangers.implode())).then(None).otherwise(pl.col("customer"))
        )
        products = _read_products(merchant)
        told = _events(merchant, window, at)
        events = _read_events(told.of_people())  # type: ignore[attr-defined]  # EventQuerySet
        identities = _frame(_identities(merchant), {"customer": pl.Int64, "value": pl.String})
        refused = list(refusals(merchant.pk))
        bots = told.filter(is_bot=True).order_by().aggregate(count=Count("*"))["count"]
    events = events.filter(pl.col("customer").is_null() | ~pl.col("customer").is_in(strangers.implode()))
    known = events.join(products.select("product", "sku"), on="sku", how="inner").drop("sku")
    people = _without_bots(known, len(products))
    keys = np.fromiter(map(customer_key, identities["value"]), np.uint64, len(identities))
    products = products.drop("sku")
    health = _health(purchases, products) | {
        "events": len(events),
        "bot_events": bots + len(known) - len(people),
        "unknown_product_events": len(events) - len(known),
    }
    return Snapshot(purchases, people, products, keys, identities["customer"].to_numpy(), at, health, refused)


@contextmanager
def _one_moment() -> Iterator[None]:
    """Every statement inside sees the database as it was at the first one; inside a transaction, as that one does."""
    begins = not connection.in_atomic_block
    with transaction.atomic():
        with connection.cursor() as cursor:
            if begins:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute(f"SET LOCAL statement_timeout = '{READING_TIMEOUT}'")
        yield


def _read_purchases(merchant: Merchant, window: Window) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415 - see above

    lines = OrderLine.objects.for_merchant(merchant).filter(quantity__gt=F("cancelled") + F("returned"))
    counted = lines.exclude(order__state=Order.State.CANCELLED)
    if window.purchase_days is not None:
        newest = Order.objects.for_merchant(merchant).counted().aggregate(newest=Max("placed_at"))["newest"]
        since = (newest or timezone.now()) - timedelta(days=window.purchase_days)
        counted = counted.filter(order__placed_at__gte=since)
    rows = counted.values_list("order__customer_id", "product_id", "order_id", _epoch("order__placed_at")).order_by()
    schema = {"customer": pl.Int64, "product": pl.Int64, "basket": pl.Int64, "occurred_at": pl.Float64}
    return _frame(rows, schema).with_columns(_time("occurred_at"))


def _read_products(merchant: Merchant) -> pl.DataFrame:
    """With ``sku``: its hash, by which events find their product."""
    import polars as pl  # noqa: PLC0415 - see above

    rows = Product.objects.for_merchant(merchant).values_list(
        "id", "category_id", "title", "price", _hashed("sku"), _epoch("created_at")
    )
    schema = {
        "product": pl.Int64,
        "category": pl.Int64,
        "title": pl.String,
        "price": pl.Int64,
        "sku": pl.Int64,
        "created_at": pl.Float64,
    }
    return _frame(rows.order_by(), schema).with_columns(_time("created_at"))


def _events(merchant: Merchant, window: Window, at: datetime) -> QuerySet[Any, Any]:
    """Events that tell something about one product; bots' too."""
    told = Event.objects.for_merchant(merchant).filter(name__in=TELLING, kind=Event.Kind.TRACK, occurred_at__lte=at)
    return told if window.event_days is None else told.filter(occurred_at__gte=at - timedelta(days=window.event_days))


def _read_events(told: QuerySet[Any, Any]) -> pl.DataFrame:
    """With the hash of the SKU, or of the shop's product id where there is none."""
    import polars as pl  # noqa: PLC0415 - see above

    someone = told.filter(~Q(anonymous_id="") | Q(customer_id__isnull=False))
    visitor = Case(
        When(~Q(anonymous_id=""), then=_hashed("anonymous_id")),
        default=_hashed(Concat(Value("profile "), F("customer_id"), output_field=TextField())),
    )
    sku, own_id = KT("properties__sku"), KT("properties__product_id")
    product = Coalesce(NullIf(sku, Value("")), own_id, output_field=TextField())
    kind = Case(*(When(name=name, then=Value(kind)) for name, kind in TELLING.items()))
    rows = someone.annotate(sku=product).exclude(sku=None)
    schema = {
        "visitor": pl.Int64,
        "customer": pl.Int64,
        "sku": pl.Int64,
        "kind": pl.Enum(KINDS),
        "occurred_at": pl.Float64,
    }
    columns = (visitor, "customer_id", _hashed("sku"), kind, _epoch("occurred_at"))
    return _frame(rows.values_list(*columns).order_by(), schema).with_columns(_time("occurred_at"))


def _without_bots(events: pl.DataFrame, products: int) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415 - see above

    seen = pl.col("product").n_unique().over("visitor")
    return events.filter(~((seen >= BOT_PRODUCTS) & (seen > BOT_SHARE * products)))


def _health(purchases: pl.DataFrame, products: pl.DataFrame) -> dict[str, Any]:
    """What staff could mend: products without category or sale, baskets of guests."""
    baskets = purchases.unique("basket")
    return {
        "products": len(products),
        "products_without_category": products["category"].null_count(),
        "products_never_sold": len(products) - products["product"].is_in(purchases["product"].implode()).sum(),
        "baskets": len(baskets),
        "guest_baskets": baskets["customer"].null_count(),
    }


def _identities(merchant: Merchant) -> QuerySet[Any, Any]:
    known = Identity.objects.for_merchant(merchant).filter(kind=Identity.Kind.EXTERNAL_ID)
    return known.values_list("customer_id", "value").order_by()


def _epoch(column: str) -> Extract:
    return Extract(column, "epoch")


def _hashed(text: Any) -> Func:
    """64 bits in place of a text: narrow, and told apart only within one snapshot."""
    expression = F(text) if isinstance(text, str) else text
    return Func(expression, Value(0), function="hashtextextended", output_field=BigIntegerField())


def _frame(rows: QuerySet[Any, Any], schema: dict[str, Any]) -> pl.DataFrame:
    """The rows of a query as columns named and typed by ``schema``; on their way they lie on disk, not in memory."""
    import polars as pl  # noqa: PLC0415 - see above

    sql, parameters = rows.query.sql_with_params()
    with tempfile.NamedTemporaryFile(prefix="snapshot-", suffix=".csv") as file, connection.cursor() as cursor:
        with cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)", parameters) as copied:
            for block in copied:
                file.write(block)
        file.flush()
        is_empty = not file.tell()
        return pl.DataFrame(schema=schema) if is_empty else pl.read_csv(file.name, has_header=False, schema=schema)


def _time(column: str) -> pl.Expr:
    import polars as pl  # noqa: PLC0415 - see above

    return pl.from_epoch((pl.col(column) * 1_000_000).cast(pl.Int64), time_unit="us").alias(column)
