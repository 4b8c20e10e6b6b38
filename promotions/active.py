"""What a process keeps in memory to decide on carts: per merchant the live rule set, compiled and indexed.

The pointer to the newest rule set is read again at most every two seconds, who objects to profiling every five. The
request that finds them old reads them, all others go on with what there is.
"""

from __future__ import annotations

import logging
import time
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from django.db import DatabaseError

from customers.queries.profiling import not_to_be_profiled
from merchants.models import Merchant
from promotions.models import LoyaltyProgram, PromotionVersion, RuleSet
from promotions.pricing.definitions import Promotion
from promotions.pricing.index import Index
from promotions.pricing.reading import known_promotion

logger = logging.getLogger(__name__)

POINTER_SECONDS, PROFILING_SECONDS = 2.0, 5.0
# Indexes of so many moments are kept: the current one, and those of trials and returns.
MOST_INDEXES = 8


@dataclass(frozen=True, slots=True)
class Offer:
    """A version as the engine takes it, and when it holds."""

    promotion: Promotion
    promotion_id: int
    version_id: int
    starts_at: datetime | None
    ends_at: datetime | None

    def holds(self, at: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= at) and (self.ends_at is None or at < self.ends_at)


@dataclass(frozen=True)
class Rules:
    """A rule set ready to be asked. ``id`` None: nothing was ever active."""

    id: int | None
    offers: dict[str, Offer]
    _moments: list[datetime] = field(default_factory=list)
    _indexes: dict[int, Index] = field(default_factory=dict)

    @classmethod
    def of(cls, number: int | None, offers: Iterable[Offer]) -> Rules:
        known = {offer.promotion.id: offer for offer in offers}
        bounds = {bound for offer in known.values() for bound in (offer.starts_at, offer.ends_at) if bound}
        return cls(number, known, sorted(bounds))

    def index_at(self, at: datetime) -> Index:
        """Those that hold at this moment; between two beginnings or ends it is one index."""
        slot = bisect_right(self._moments, at)
        index = self._indexes.get(slot)
        if index is None:
            if len(self._indexes) >= MOST_INDEXES:
                self._indexes.clear()
            index = Index(offer.promotion for offer in self.offers.values() if offer.holds(at))
            self._indexes[slot] = index
        return index


NOTHING = Rules(None, {})


class _Shop:
    """One merchant's state in this process."""

    def __init__(self, merchant_id: int) -> None:
        self.rules: Rules | None = None
        self.unprofiled: frozenset[int] = frozenset()
        # What the loyalty programme gives, (points, per money); None where none runs.
        self.points: tuple[int, int] | None = None
        self.pointer_due = self.profiling_due = 0.0
        self._merchant_id = merchant_id
        self._lock = Lock()
        self._offers: dict[int, Offer] = {}

    def current(self) -> Rules:
        now = time.monotonic()
        if now >= self.pointer_due and self._lock.acquire(blocking=self.rules is None):
            try:
                self._renew(now)
            except DatabaseError as error:
                if self.rules is None:
                    raise
                logger.warning("promotions go on with what is loaded: %s", type(error).__name__)
            finally:
                self._lock.release()
        return self.rules or NOTHING

    def _renew(self, now: float) -> None:
        if now < self.pointer_due:
            return  # somebody did it while this request waited for the lock
        newest = RuleSet.objects.for_merchant(self._merchant_id).order_by("-pk")
        number = newest.values_list("pk", flat=True).first()
        if self.rules is None or self.rules.id != number:
            self.rules = self._load(number) if number else NOTHING
        if now >= self.profiling_due:
            self.unprofiled = not_to_be_profiled(Merchant(pk=self._merchant_id))
            programs = LoyaltyProgram.objects.for_merchant(self._merchant_id).filter(is_active=True)
            self.points = programs.values_list("each", "per").first()
            self.profiling_due = now + PROFILING_SECONDS
        self.pointer_due = now + POINTER_SECONDS

    def past(self, number: int) -> Rules:
        """The rule set of this number, which may be the current one."""
        rules = self.rules
        return rules if rules and rules.id == number else self._load(number)

    def _load(self, number: int) -> Rules:
        wanted = RuleSet.objects.for_merchant(self._merchant_id).get(pk=number).versions
        known = dict(self._offers)
        missing = [version for version in wanted if version not in known]
        rows = PromotionVersion.objects.for_merchant(self._merchant_id).filter(pk__in=missing)
        known |= {row.pk: _compile(row) for row in rows.iterator(chunk_size=2000)}
        self._offers = {version: known[version] for version in wanted}
        return Rules.of(number, self._offers.values())


def _compile(row: PromotionVersion) -> Offer:
    return Offer(known_promotion(row.definition), row.promotion_id, row.pk, row.starts_at, row.ends_at)


_shops: dict[int, _Shop] = {}


def _shop(merchant_id: int) -> _Shop:
    return _shops.get(merchant_id) or _shops.setdefault(merchant_id, _Shop(merchant_id))


def current(merchant_id: int) -> Rules:
    """What decides on this merchant's carts now."""
    return _shop(merchant_id).current()


def rules_of(merchant_id: int, number: int | None) -> Rules:
    """What decided then."""
    return _shop(merchant_id).past(number) if number else NOTHING


def may_profile(merchant_id: int, customer_id: int) -> bool:
    """Whether figures, traits and segments of this person may choose what they are offered."""
    return customer_id not in _shop(merchant_id).unprofiled


def points_rate(merchant_id: int) -> tuple[int, int] | None:
    """What the loyalty programme gives: so many points per so many minor units; as old as the rules at most."""
    shop = _shop(merchant_id)
    shop.current()
    return shop.points


def look_again(merchant_id: int) -> None:
    """After a change made here: the next request reads the pointer, without waiting for its turn."""
    shop = _shop(merchant_id)
    shop.pointer_due = shop.profiling_due = 0.0


def forget() -> None:
    """Drop what this process keeps."""
    _shops.clear()
