"""Between two trainings: the quick engines are fitted anew, and products that are new since then join in.

Positions of the training stay as they are, new products follow behind them. Engines that were not fitted anew say
nothing of new products; those of popularity, sessions and content do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self, cast

import numpy as np
from msgspec import structs

from recommendations.engines.als import Als
from recommendations.engines.blend import ENGINES, Model
from recommendations.engines.content import Content
from recommendations.engines.history import History
from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import NOTHING, Arrays, Context, Engine, Floats, Ints, Tick, no_tick
from recommendations.engines.popularity import Range
from recommendations.engines.recipe import USUAL, Recipe
from recommendations.engines.repurchase import Repurchase
from recommendations.engines.season import Season
from recommendations.engines.sessions.engine import SessionKnn

# By name: those that learn in seconds, whatever the size of the shop.
QUICK = frozenset({"popularity", "category_popularity", "sessions", "content"})


# What a refresh takes from the training: the order of its range, the decays of sessions, which take long to find, and
# how often products were sold before its own window.
ORDER, DECAYS, SOLD = f"{Range.name}.order", f"{SessionKnn.name}.decays", f"{Content.name}.sold"


def refit(known: Collection[str], trained: Arrays, recent: Interactions, recipe: Recipe = USUAL) -> Arrays:
    """Arrays of the quick engines among the ``known`` ones, learnt from ``recent``.

    ``trained`` are ORDER, DECAYS and SOLD, where there are any. The range of the training comes first among the products of
    ``recent``; ``recipe`` is that of the training. Where there are new ones its order comes with them: they stand behind what sold, the newest first.
    """
    order = trained[ORDER]
    earlier: dict[str, Engine] = {}
    if DECAYS in trained:
        earlier[SessionKnn.name] = SessionKnn.blank(trained[DECAYS])
    if SOLD in trained:
        earlier[Content.name] = Content.blank(trained[SOLD])
    engines = [
        kind.fit(recent, no_tick, earlier.get(kind.name), recipe)
        for kind in ENGINES
        if kind.name in QUICK and kind.name in known
    ]
    arrays = {f"{engine.name}.{part}": array for engine in engines for part, array in engine.arrays().items()}
    if recent.shape[1] > len(order):
        fitted = Range.fit(recent, no_tick).order
        arrays[ORDER] = np.concatenate([order, fitted[len(order) :]]).astype(np.float32)
    return arrays


def refreshed(model: Model, arrays: Arrays) -> Model:
    """``model`` with the engines whose arrays these are in place of its own, the others grown to as many products."""
    parts: dict[str, Arrays] = {}
    for name, array in arrays.items():
        engine, _, part = name.partition(".")
        parts.setdefault(engine, {})[part] = array
    anew: Mapping[str, Engine] = {
        kind.name: kind.from_arrays(parts[kind.name]) for kind in ENGINES if kind.name in parts
    }
    products = replace(model, engines={**model.engines, **anew}).products
    kept = {
        name: engine if name in anew or products == model.products else grown(engine, model.products, products)
        for name, engine in model.engines.items()
    }
    return replace(model, engines={**kept, **anew})


def grown(engine: Engine, known: int, products: int) -> Engine:
    """``engine``, which knows the first ``known`` products, among ``products`` many."""
    more = products - known
    if isinstance(engine, Als):
        nothing = np.zeros((more, engine.products.shape[1]), np.float32)
        return replace(engine, products=np.concatenate([engine.products, nothing]))
    if isinstance(engine, History):
        return replace(engine, repeatable=np.concatenate([engine.repeatable, np.ones(more, np.bool_)]))
    if isinstance(engine, Season):
        return replace(engine, rise=np.concatenate([engine.rise, np.ones(more, np.float32)]))
    if isinstance(engine, Repurchase):
        return engine.grown(products)
    # An instance cannot have a class variable; nobody asks the class of a grown engine for its name.
    return cast("Engine", Grown(engine, known, products))


@dataclass(frozen=True, slots=True)
class Grown:
    """An engine that is asked about more products than it knows: it says nothing of the new ones."""

    effort: ClassVar[int] = 0
    later_effort: ClassVar[int] = 0

    engine: Engine
    known: int
    products: int

    @property
    def name(self) -> str:
        return self.engine.name

    @classmethod
    def fit(
        cls, interactions: Interactions, tick: Tick = no_tick, earlier: Self | None = None, recipe: Recipe = USUAL
    ) -> Self:
        raise TypeError("Engines grow after they were fitted.")

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        raise TypeError("Engines grow after they were loaded.")

    def arrays(self) -> Arrays:
        return self.engine.arrays()

    def scores(self, context: Context) -> Floats | None:
        scores = self.engine.scores(self._known(context))
        if scores is None:
            return None
        padded = np.zeros(self.products, np.float32)
        padded[: self.known] = scores
        return padded

    def because(self, context: Context, products: Ints) -> Ints:
        because = np.full(len(products), NOTHING, np.int32)
        old = products < self.known
        because[old] = self.engine.because(self._known(context), products[old])
        return because

    def _known(self, context: Context) -> Context:
        """The context without products that the engine has never heard of."""
        anchors, session = context.anchors < self.known, context.session < self.known
        return structs.replace(
            context,
            anchors=context.anchors[anchors],
            weights=context.weights[anchors],
            fresh=context.fresh[context.fresh < self.known],
            session=context.session[session],
            session_weights=context.session_weights[session],
        )
