"""What a process keeps in memory to answer without SQL: per merchant the live model, and what may be shown.

The pointer to the live model is read again at most every two seconds, what is available and who objects to profiling
every five.
The request that finds them old has them read aside, and all go on with what there is until then. A new state
replaces the old one by a single assignment.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, Self

import numpy as np
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.db.models import BooleanField, Count, ExpressionWrapper, Max, Q
from django.utils import timezone
from numpy.typing import NDArray

from catalog.models import Category, Product
from customers.tracking import visitor
from orders.models import Order, OrderLine
from recommendations.engines import artefacts
from recommendations.engines.blend import Model
from recommendations.engines.blends import BLENDS
from recommendations.engines.interactions import NO_CATEGORY
from recommendations.engines.interface import Arrays, Bools
from recommendations.engines.popularity import WINDOW_DAYS, CategoryPopularity, Popularity, Range
from recommendations.engines.refreshing import refreshed
from recommendations.engines.refused import Refused
from recommendations.engines.steering import Rulebook
from recommendations.models import ModelVersion
from recommendations.queries import merged_people, newcomers, unprofiled_people
from recommendations.steering.loading import NO_WISHES, Wishes, current_wishes

logger = logging.getLogger(__name__)

POINTER_SECONDS, SHELF_SECONDS, GRACE_SECONDS = 2.0, 5.0, 3.0
STAND_IN_SECONDS, RETRY_SECONDS = 60.0, 30.0
# To a model that learnt nothing about people, every purchase is new.
EVER = datetime(1970, 1, 1, tzinfo=UTC)
NEW_FOR, MOST_NEW = timedelta(days=45), 0.3
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model and what turns the world's ids into its positions. ``version`` is None for the untrained stand-in."""

    version: str | None
    snapshot_at: datetime
    model: Model
    products: Ids
    customers: Ids
    keys: NDArray[np.uint64]
    key_customers: Ids
    skus: list[str]
    positions: dict[str, int]
    categories: list[str]
    is_new: Bools
    eligible: Bools
    # The end of what the model learnt from; None without a model.
    until: datetime | None = None
    refused: Refused | None = None
    # People who object to profiling: their ids, and the keys of their external ids. Nothing personal is shown to them.
    unprofiled: frozenset[int] = frozenset()
    # Customers' ids by the keys of numbers that the model does not know yet, and the profiles of who was merged.
    newcomers: Mapping[int, int] = field(default_factory=dict)
    merged: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    # What the merchant wants at each placement, compiled for this model's positions, and whom it holds back.
    wishes: Wishes = NO_WISHES
    # What was trained, without the refresh that ``model`` has taken in: the next refresh replaces this one.
    base: Model | None = None
    refresh: str = ""
    # Answers that depend on nobody, by whatever the asker finds telling; they live as long as this state.
    answers: dict[Any, Any] = field(default_factory=dict)

    @classmethod
    def join(
        cls,
        merchant_id: int,
        version: str | None,
        at: datetime,
        model: Model,
        ids: Arrays,
        until: datetime | None = None,
    ) -> Self:
        """``ids``: the artefact's ``ids.*`` arrays."""
        # PostgreSQL says what is new: to make 20,000 moments of text keeps every other thread waiting for 60 ms.
        is_new = ExpressionWrapper(Q(created_at__gt=timezone.now() - NEW_FOR), BooleanField())
        products = Product.objects.for_merchant(merchant_id).annotate(is_new=is_new)
        by_id = {row[0]: row[1:] for row in products.values_list("id", "sku", "category__path", "is_new")}
        found = [by_id.get(product, ("", None, False)) for product in ids["ids.products"].tolist()]
        skus = [sku for sku, _category, _is_new in found]
        return cls(
            version=version,
            snapshot_at=at,
            model=model,
            products=ids["ids.products"],
            customers=ids["ids.customers"],
            keys=ids["ids.keys"],
            key_customers=ids["ids.key_customers"],
            skus=skus,
            positions={sku: position for position, sku in enumerate(skus) if sku},
            categories=[category or "" for _sku, category, _is_new in found],
            is_new=_new([is_new for _sku, _category, is_new in found]),
            eligible=np.zeros(len(skus), np.bool_),
            until=until,
            refused=Refused.from_arrays(ids),
        )

    @property
    def rulebook(self) -> Rulebook:
        return self.wishes.rulebook

    @property
    def elapsed(self) -> float:
        """Days since the end of what the model learnt from."""
        return max(0.0, (timezone.now() - self.until) / timedelta(days=1)) if self.until else 0.0

    def customer_position(self, customer_id: int) -> int | None:
        """Where the model keeps this customer; None for one it does not know."""
        return _position(self.customers, customer_id)

    def customer_of_key(self, key: int) -> int | None:
        """The id of the customer whose external id has this key, as of the training or newer."""
        found = _position(self.keys, key)
        return self.newcomers.get(key) if found is None else int(self.key_customers[found])

    def profiles(self, customer_id: int | None) -> tuple[int, ...]:
        """All ids of a person whose profiles were merged, the kept one first."""
        return () if customer_id is None else self.merged.get(customer_id, (customer_id,))

    def refused_by(self, rows: Iterable[int]) -> list[int]:
        """Positions of what these customers sent back or rated badly before the training."""
        refused = self.refused
        return [] if refused is None else [int(product) for row in rows for product in refused.by(row)]

    def within(self, category: str) -> Bools | None:
        """(products,) those of a category and of the categories below it; None when the shop has no such category."""
        question = "within", category
        mask: Bools | None = self.answers.get(question)
        if mask is None:
            below = category + Category.SEPARATOR
            mask = np.fromiter((path == category or path.startswith(below) for path in self.categories), np.bool_)
            if not mask.any():
                return None
            self.answers[question] = mask
        return mask

    def product_positions(self, product_ids: Iterable[int]) -> list[int]:
        """Where the model keeps these products; those it does not know are left out."""
        found = (_position(self.products, product_id) for product_id in product_ids)
        return [position for position in found if position is not None]


def _new(came_lately: list[bool]) -> Bools:
    """What came into the range lately; nothing while most of it did, as in a shop that has just been set up."""
    new = np.array(came_lately, np.bool_)
    return new if new.sum() <= MOST_NEW * len(new) else np.zeros(len(new), np.bool_)


def _position(ascending: NDArray[Any], value: int) -> int | None:
    found = int(ascending.searchsorted(ascending.dtype.type(value)))
    return found if found < len(ascending) and int(ascending[found]) == value else None


class _Shop:
    """One merchant's state in this process."""

    def __init__(self, merchant_id: int) -> None:
        self.loaded: Loaded | None = None
        self._merchant_id = merchant_id
        self._lock = Lock()
        self._pointer_due = self._shelf_due = self._stand_in_due = 0.0
        self._broken: tuple[str, float] = ("", 0.0)
        self._newcomers: dict[int, int] = {}
        self._last_identity = 0
        self._is_asked = False

    def current(self) -> Loaded | None:
        """The state; when it is due, it is renewed aside, so that no answer waits for it. None: nothing could be read yet.

        What was not asked for some seconds is renewed before it answers: an objection counts at once.
        """
        now = time.monotonic()
        if now >= self._pointer_due:
            if (
                self.loaded is None
                or now >= self._pointer_due + GRACE_SECONDS
                or not settings.RECOMMENDATIONS_RENEW_ASIDE
            ):
                self.renew(now)
            elif not self._is_asked:
                self._is_asked = True
                _aside().put(self)
        return self.loaded

    def renew(self, now: float) -> None:
        """Unless somebody else does; while there is nothing to answer from, everybody waits for it."""
        if self._lock.acquire(blocking=self.loaded is None):
            try:
                self._renew(now)
            except DatabaseError as error:
                logger.warning("recommendations go on with what is loaded: %s", type(error).__name__)
            finally:
                self._is_asked = False
                self._lock.release()

    def _renew(self, now: float) -> None:
        if now < self._pointer_due:
            return  # somebody did it while this request waited for the lock
        self._pointer_due = now + POINTER_SECONDS
        loaded = self._live(now)
        if loaded is not self.loaded or now >= self._shelf_due:
            self._shelf_due = now + SHELF_SECONDS
            eligible = _eligible(self._merchant_id, loaded.products)
            if not np.array_equal(eligible, loaded.eligible):
                loaded = replace(loaded, eligible=eligible, answers={})
            loaded = replace(loaded, **self._people(loaded))
            wishes = current_wishes(self._merchant_id, loaded.products, loaded.wishes)
            if wishes is not loaded.wishes:
                loaded = replace(loaded, wishes=wishes, answers={})
        self.loaded = loaded

    def _people(self, loaded: Loaded) -> dict[str, Any]:
        """Who is not to be profiled, who is new, and who turned out to be the same person."""
        if self.loaded is None or self.loaded.snapshot_at != loaded.snapshot_at:
            self._newcomers, self._last_identity = {}, 0
        self._last_identity, new = newcomers(self._merchant_id, self._last_identity)
        self._newcomers |= new
        # What a profile did before it was merged is kept under its old id as long as a visit is remembered.
        since = min(loaded.snapshot_at, timezone.now() - visitor.KEPT)
        return {
            "unprofiled": unprofiled_people(self._merchant_id),
            "newcomers": self._newcomers,
            "merged": merged_people(self._merchant_id, since),
        }

    def _live(self, now: float) -> Loaded:
        """The live model, loaded if it is another than before; the stand-in when there is none or it is broken."""
        live = ModelVersion.objects.for_merchant(self._merchant_id).live().first()
        version, retry_at = self._broken
        if live is None or (live.version == version and now < retry_at):
            return self._stand_in(now)
        if self.loaded and self.loaded.version == live.version:
            return self.loaded if self.loaded.refresh == live.refresh else self._refreshed(self.loaded, live)
        try:
            return self._refreshed(load(live), live)
        except artefacts.ArtefactError as error:
            logger.error("model %s of merchant %s: %s", live.version, self._merchant_id, error)
            self._broken = (live.version, now + RETRY_SECONDS)
            return self.loaded or self._stand_in(now)

    def _refreshed(self, loaded: Loaded, live: ModelVersion) -> Loaded:
        """With the newest refresh; without it when it cannot be read, for the model itself is sound."""
        try:
            return with_refresh(loaded, live)
        except artefacts.ArtefactError as error:
            logger.warning("model %s of merchant %s goes on unrefreshed: %s", live.version, self._merchant_id, error)
            return loaded

    def _stand_in(self, now: float) -> Loaded:
        if self.loaded and (self.loaded.version or now < self._stand_in_due):
            return self.loaded
        self._stand_in_due = now + STAND_IN_SECONDS
        return stand_in(self._merchant_id)


@cache
def _aside() -> SimpleQueue[_Shop]:
    """Shops to renew; a thread of its own, with its own connection to the database, takes them one after the other."""
    asked: SimpleQueue[_Shop] = SimpleQueue()
    Thread(target=_renew_for_ever, args=(asked,), name="recommendations", daemon=True).start()
    return asked


def _renew_for_ever(asked: SimpleQueue[_Shop]) -> None:
    while True:
        shop = asked.get()
        try:
            shop.renew(time.monotonic())
        except Exception:  # the next request asks again, and the thread must be there for it
            logger.exception("recommendations go on with what is loaded")
        close_old_connections()


_shops: dict[int, _Shop] = {}


def current(merchant_id: int) -> Loaded | None:
    """What answers for this merchant now. None only when the database could not be read even once."""
    shop = _shops.get(merchant_id)
    if shop is None:
        shop = _shops.setdefault(merchant_id, _Shop(merchant_id))
    return shop.current()


def forget() -> None:
    """Drop what this process keeps."""
    _shops.clear()


def load(version: ModelVersion) -> Loaded:
    """A version from its artefact. Raises ArtefactError."""
    artefact = artefacts.load(version.directory)
    try:
        model = Model.from_arrays(artefact.arrays, artefact.about["blends"])
        model.warm()
        return Loaded.join(
            version.merchant_id, version.version, version.snapshot_at, model, artefact.arrays, version.data_until
        )
    except KeyError as error:
        raise artefacts.ArtefactCorrupt(f"{version.directory} lacks {error}.") from error


def with_refresh(loaded: Loaded, version: ModelVersion) -> Loaded:
    """``loaded`` with what ``version`` learnt since the training, products that are new included. Raises ArtefactError."""
    directory, base = version.refresh_directory, loaded.base or loaded.model
    if directory is None or loaded.refresh == version.refresh:
        return loaded
    arrays = dict(artefacts.load(directory).arrays)
    products = arrays.pop("ids.products")
    if not np.array_equal(products[: base.products], loaded.products[: base.products]):
        raise artefacts.ArtefactCorrupt(f"{directory} belongs to another model.")
    ids: Arrays = {
        "ids.products": products,
        "ids.customers": loaded.customers,
        "ids.keys": loaded.keys,
        "ids.key_customers": loaded.key_customers,
    }
    model = refreshed(base, arrays)
    model.warm()
    joined = Loaded.join(version.merchant_id, loaded.version, loaded.snapshot_at, model, ids)
    kept = {name: getattr(loaded, name) for name in ("until", "refused", "unprofiled", "newcomers", "merged")}
    return replace(joined, base=base, refresh=version.refresh, **kept)


def stand_in(merchant_id: int) -> Loaded:
    """Nothing is trained: what sold in the last four weeks before the newest order, then the newest products."""
    products = Product.objects.for_merchant(merchant_id).order_by("id").values_list("id", "category_id", "created_at")
    rows = list(products)
    ids = np.array([row[0] for row in rows], np.int64)
    numbers = {category: number for number, category in enumerate({row[1] for row in rows} - {None})}
    category = np.array([numbers.get(row[1], NO_CATEGORY) for row in rows], np.int32)
    newest_first = np.argsort([-row[2].timestamp() for row in rows], kind="stable")
    order = np.empty(len(rows), np.float32)
    order[newest_first] = 1 / np.arange(1, len(rows) + 1)
    recent = np.zeros(len(rows), np.float32)
    for product_id, baskets in _recent_sales(merchant_id):
        recent[ids.searchsorted(product_id)] = baskets
    engines = (Popularity(recent), CategoryPopularity(recent, category), Range(order))
    model = Model({engine.name: engine for engine in engines}, BLENDS)
    nobody = {"ids.customers": ids[:0], "ids.keys": np.empty(0, np.uint64), "ids.key_customers": ids[:0]}
    return Loaded.join(merchant_id, None, EVER, model, {"ids.products": ids, **nobody})


def _recent_sales(merchant_id: int) -> list[tuple[int, int]]:
    counted = Order.objects.for_merchant(merchant_id).counted()
    newest = counted.aggregate(newest=Max("placed_at"))["newest"]
    if newest is None:
        return []
    since = newest - timedelta(days=WINDOW_DAYS)
    lines = OrderLine.objects.for_merchant(merchant_id).filter(order__in=counted.filter(placed_at__gte=since))
    return list(
        lines.order_by().values("product_id").annotate(baskets=Count("order_id")).values_list("product_id", "baskets")
    )


def _eligible(merchant_id: int, products: Ids) -> Bools:
    """Which of ``products`` a customer could buy now."""
    available = Product.objects.for_merchant(merchant_id).available().order_by().values_list("id", flat=True)
    return np.isin(products, np.fromiter(available, np.int64))
