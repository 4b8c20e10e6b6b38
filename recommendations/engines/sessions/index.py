"""The sessions of the past, both ways round: what was in each, and in which ones each product was."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engines.interface import Arrays, Floats, Ints
from recommendations.engines.sessions.columns import Sessions

# Who looks at more in one sitting is a machine.
FEWEST, LONGEST = 2, 200
# Of a product only the newest sessions are known: a bounded answer, whatever the traffic (Kersbergen, Sprangers,
# Schelter 2022, "Serenade", do the same).
MOST_HOLDERS = 5_000
# The newest so many rows are learnt from: about 60 MB of artefact.
MOST_ROWS = 5_000_000
FARTHEST = 255
Starts = NDArray[np.int64]
Places = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Index:
    """Sessions are numbered from 0, the newest first; nothing says whose they were.

    Session s holds the distinct ``products[starts[s]:starts[s + 1]]`` at the ``places`` where they were seen last (0, 1,
    2, …, as far as 255), and ended ``ages[s]`` days ago. Product p was in the sessions
    ``holders[product_starts[p]:product_starts[p + 1]]``, the newest first, at ``holder_places``. ``rarity`` (products,)
    is log(sessions / sessions with the product), 0 for one that nobody saw.
    """

    starts: Starts
    products: Ints
    places: Places
    ages: Floats
    product_starts: Starts
    holders: Ints
    holder_places: Places
    rarity: Floats

    @classmethod
    def of(cls, sessions: Sessions, *, most_holders: int = MOST_HOLDERS, most_rows: int = MOST_ROWS) -> Self:
        """Of sessions of at least two rows and not too many; of each product the newest ``most_holders``."""
        sessions = _useful(sessions, most_rows)
        session, product, place = _distinct(sessions)
        ends = np.flatnonzero(np.diff(sessions.session, append=-1))
        held = np.bincount(product, minlength=sessions.products)
        product_starts, holders, holder_places = _turned(session, product, place, sessions.products, most_holders)
        return cls(
            starts=_starts(session, sessions.count),
            products=product,
            places=place,
            ages=sessions.age[ends][::-1].copy(),
            product_starts=product_starts,
            holders=holders,
            holder_places=holder_places,
            rarity=np.where(held > 0, np.log(max(sessions.count, 1) / np.maximum(held, 1)), 0).astype(np.float32),
        )

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(**arrays)

    def arrays(self) -> Arrays:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def count(self) -> int:
        """How many sessions are known."""
        return len(self.ages)


def _useful(sessions: Sessions, most_rows: int) -> Sessions:
    """Without those of one row, which say nothing about what came next, those of machines, and the oldest."""
    rows = np.bincount(sessions.session, minlength=sessions.count)
    useful = (rows >= FEWEST) & (rows <= LONGEST)
    kept = useful & ((rows * useful)[::-1].cumsum()[::-1] <= most_rows)
    return sessions.where(kept[sessions.session])


def _distinct(sessions: Sessions) -> tuple[Ints, Ints, Places]:
    """Every product of a session once, where it was seen last: session (0 is the newest), product, place."""
    first = np.flatnonzero(np.diff(sessions.session, prepend=-1))
    place = np.arange(len(sessions)) - first[sessions.session]
    key = sessions.session.astype(np.int64) * max(sessions.products, 1) + sessions.product
    # The first of equal keys, seen from the end, is the last one.
    rows = len(key) - 1 - np.unique(key[::-1], return_index=True)[1]
    session = (sessions.count - 1 - sessions.session[rows]).astype(np.int32)
    order = np.lexsort((place[rows], session))
    kept = rows[order]
    return session[order], sessions.product[kept], np.minimum(place[kept], FARTHEST).astype(np.uint8)


def _turned(session: Ints, product: Ints, place: Places, products: int, most: int) -> tuple[Starts, Ints, Places]:
    """By product, the newest sessions first, at most ``most`` of each."""
    order = np.lexsort((session, product))
    starts = _starts(product[order], products)
    rank = np.arange(len(order)) - starts[product[order]]
    kept = order[rank < most]
    return _starts(product[kept], products), session[kept], place[kept]


def _starts(owner: Ints, owners: int) -> Starts:
    """Where the rows of each owner begin; ``owner`` ascends."""
    starts: Starts = np.concatenate([[0], np.bincount(owner, minlength=owners).cumsum()]).astype(np.int64)
    return starts
