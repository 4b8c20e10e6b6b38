"""Who an answer is for, and what they did lately: from ids to positions of the loaded model, in one round trip to Redis.

Whoever objects to profiling is nobody here, whatever they are asked by: their number, our id, or the device that was
joined to their profile. A device is what it did itself: its ``anonymous_id`` never leads to a profile, because public
keys may send it.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence

import msgspec

from core.redis import Passenger
from customers.tracking import memory
from customers.tracking.memory import Note, RecentProduct
from recommendations import recent
from recommendations.engines.sessions.visit import visit
from recommendations.loading import Loaded
from recommendations.queries import customer_key, purchased_since, visitor_key

# Of what was done lately, products by the last thing done with them.
MOST_RECENT = 60
# Who took a product out of the basket does not want to be asked about it until the next day.
PUT_BACK_MS = 24 * 3600 * 1000
# Whoever did nothing of this has no basket.
BASKETS = frozenset({memory.ADDED, memory.CART})


class Asker(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A person or a device. Positions, but for ``customer_id``; see :class:`.engines.request.Request` for the rest."""

    customer_id: int | None = None
    rows: Sequence[int] = ()
    bought: Sequence[int] = ()
    basket: Sequence[int] = ()
    session: Sequence[int] = ()
    session_weights: Sequence[float] = ()
    put_back: Sequence[int] = ()
    ignored: Sequence[int] = ()
    refused: Sequence[int] = ()

    @property
    def is_anybody(self) -> bool:
        """Whether anything is known that an answer could depend on."""
        return bool(
            self.customer_id is not None
            or self.rows
            or self.bought
            or self.basket
            or self.session
            or self.put_back
            or self.ignored
            or self.refused
        )


NOBODY = Asker()


def asker(
    loaded: Loaded,
    merchant_id: int,
    *,
    customer_id: int | None = None,
    external_id: str = "",
    anonymous_id: str = "",
    beside: Passenger | None = None,
) -> Asker:
    """Whoever these name; NOBODY when they name nobody, or somebody who is not to be profiled.

    ``beside`` travels along, if Redis is asked.
    """
    key = customer_key(external_id) if external_id else None
    if _is_unprofiled(loaded, customer_id, key, anonymous_id):
        return NOBODY
    found = customer_id if key is None or customer_id is not None else loaded.customer_of_key(key)
    profiles = loaded.profiles(found)
    if not loaded.unprofiled.isdisjoint(profiles):
        return NOBODY
    told = recent.recall(
        merchant_id,
        loaded.snapshot_at,
        key=customer_id if key is None else key,
        customer_ids=profiles,
        anonymous_ids=(anonymous_id,) if anonymous_id else (),
        beside=beside,
    )
    bought = told.bought if customer_id is None else purchased_since(merchant_id, customer_id, loaded.snapshot_at)
    rows = [row for profile in profiles if (row := loaded.customer_position(profile)) is not None]
    return _asker(loaded, profiles[0] if profiles else None, rows, bought, told)


def _is_unprofiled(loaded: Loaded, customer_id: int | None, key: int | None, anonymous_id: str) -> bool:
    if not loaded.unprofiled:
        return False
    names = {customer_id, key, visitor_key(anonymous_id) if anonymous_id else None}
    return not loaded.unprofiled.isdisjoint(names)


def _asker(
    loaded: Loaded, customer_id: int | None, rows: Sequence[int], bought: Iterable[int], told: recent.Memory
) -> Asker:
    refused = [*loaded.product_positions(told.refused), *loaded.refused_by(rows)]
    bought = loaded.product_positions(bought)
    if not told.notes:
        return Asker(customer_id, rows, bought, refused=refused)
    now, notes = int(time.time() * 1000), memory.in_order(told.notes)
    kinds = {note.kind for note in notes}
    done = memory.recent(notes, MOST_RECENT)
    session, weights = _visit(loaded, done, now)
    return Asker(
        customer_id,
        rows,
        bought,
        basket=_positions(loaded, (item.product for item in memory.basket(notes))) if kinds & BASKETS else (),
        session=session,
        session_weights=weights,
        put_back=_put_back(loaded, done, now) if memory.REMOVED in kinds else (),
        ignored=_ignored(loaded, notes, now) if memory.SHOWN in kinds else (),
        refused=[*refused, *_positions(loaded, memory.disliked(notes))] if memory.DISLIKED in kinds else refused,
    )


def _visit(loaded: Loaded, done: Sequence[RecentProduct], now: int) -> tuple[list[int], list[float]]:
    known = ((loaded.positions.get(one.product), one) for one in done)
    return visit((position, one.kind, (now - one.at) / 1000) for position, one in known if position is not None)


def _put_back(loaded: Loaded, done: Sequence[RecentProduct], now: int) -> list[int]:
    return _positions(
        loaded, (one.product for one in done if one.kind == memory.REMOVED and one.at > now - PUT_BACK_MS)
    )


def _ignored(loaded: Loaded, notes: Collection[Note], now: int) -> list[int]:
    return _positions(loaded, memory.ignored(notes, now=now))


def _positions(loaded: Loaded, skus: Iterable[str]) -> list[int]:
    return [position for sku in skus if (position := loaded.positions.get(sku)) is not None]
