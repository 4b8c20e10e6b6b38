"""The one interface of all engines, and the small values that pass through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from recommendations.engines.interactions import Interactions
from recommendations.engines.recipe import USUAL, Recipe

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]
Arrays = dict[str, NDArray[Any]]

# Called after each unit of work; what it raises ends the work.
Tick = Callable[[], None]

NOTHING = -1
NO_PRODUCTS: Ints = np.empty(0, dtype=np.int32)
NO_PRODUCTS.flags.writeable = False
NO_WEIGHTS: Floats = np.empty(0, dtype=np.float32)
NO_WEIGHTS.flags.writeable = False


def no_tick() -> None:
    """For callers that do not watch."""


class Context(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What an engine is asked about: a person, and the products the answer should go with.

    ``customer`` is a row of the artefact, None for somebody it does not know. ``anchors`` are
    product positions, the most important first, ``weights`` their weights (> 0); ``fresh`` are those
    of the person's products that the training has not seen.

    ``session`` are the products looked at in this visit, the newest last, and ``session_weights`` how much each of
    them says (> 0): 1 for a look at it now, more for what lies in the basket, less for what was long ago.
    ``elapsed``: days since the end of what was learnt from.
    """

    customer: int | None = None
    anchors: Ints = NO_PRODUCTS
    weights: Floats = NO_WEIGHTS
    fresh: Ints = NO_PRODUCTS
    session: Ints = NO_PRODUCTS
    session_weights: Floats = NO_WEIGHTS
    elapsed: float = 0.0

    @property
    def evidence(self) -> float:
        """How much this visit tells, 0 to 1: a third after one look, half after two, three quarters after six."""
        said = float(self.session_weights.sum())
        return said / (said + 2)

    def untaught(self) -> tuple[Ints, Floats]:
        """What the training has not seen of the person, and how much each says: 1 what is theirs, else as the visit says."""
        if not len(self.fresh):
            return self.session, self.session_weights
        fresh = set(self.fresh.tolist())  # for a few products quicker than np.isin
        looked = [place for place, product in enumerate(self.session.tolist()) if product not in fresh]
        said = [np.ones(len(self.fresh), np.float32), self.session_weights[looked]]
        return np.concatenate([self.fresh, self.session[looked]]), np.concatenate(said)

    def strongest_anchor(self, near: Floats) -> Ints:
        """Of each product the anchor that explains it best; ``near``: (products, anchors), at most 0 explains nothing."""
        if not len(self.anchors):
            return np.full(len(near), NOTHING, np.int32)
        weighted = near * self.weights
        return np.where(weighted.max(axis=1) > 0, self.anchors[weighted.argmax(axis=1)], NOTHING)


class Engine(Protocol):
    """A generator of candidates. Instances are immutable and safe to share between threads."""

    name: ClassVar[str]
    effort: ClassVar[int]  # how often fit ticks
    later_effort: ClassVar[int]  # and how often when it has a head start

    @classmethod
    def fit(cls, interactions: Interactions, tick: Tick, earlier: Self | None = None, recipe: Recipe = USUAL) -> Self:
        """Learns from ``interactions``; the same input gives the same engine.

        ``earlier``, fitted on an older part of the same interactions, may be taken as a head start. ``recipe``: the
        numbers by which it learns, as far as they concern it.
        """

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The engine whose :meth:`arrays` these are."""

    def arrays(self) -> Arrays:
        """Everything learnt, by name: what the artefact keeps."""

    def scores(self, context: Context) -> Floats | None:
        """One score ≥ 0 per product, shape (products,), unscaled and read-only; None: nothing to say."""

    def because(self, context: Context, products: Ints) -> Ints:
        """For each of ``products`` the one that speaks most for it in ``context``; −1 where no single one does."""
