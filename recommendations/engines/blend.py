"""The blend: per placement a weighted sum of all engines, each scaled to a maximum of 1.

What engines of people say is multiplied by the season first (see :mod:`.season`), to the power that the blend
gives under the key ``season``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, repeat

import numpy as np
from msgspec import structs

from recommendations.engines.als import Als
from recommendations.engines.blends import BLENDS, Blend
from recommendations.engines.bpr import Bpr
from recommendations.engines.content import Content
from recommendations.engines.copurchase import CoPurchase
from recommendations.engines.ease import Ease
from recommendations.engines.history import History
from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import (
    NO_PRODUCTS,
    NOTHING,
    Arrays,
    Bools,
    Context,
    Engine,
    Floats,
    Ints,
    Tick,
    no_tick,
)
from recommendations.engines.item_knn import ItemKnn
from recommendations.engines.popularity import CategoryPopularity, Popularity, Range
from recommendations.engines.recipe import USUAL, Recipe
from recommendations.engines.repurchase import Repurchase
from recommendations.engines.request import (
    BESIDE_BASKET,
    BESIDE_PRODUCT,
    DISCOVER,
    ORDER_CONFIRMATION,
    REPLENISH,
    Request,
)
from recommendations.engines.season import Season
from recommendations.engines.sessions.engine import SessionKnn
from recommendations.engines.shortlist import SMALL, Asking, Opinion, Shortlister
from recommendations.engines.tifu import Tifu

# Of a long history the strongest are enough, and keep an answer short.
MOST_ANCHORS = 100
# Whatever an artefact may hold.
ENGINES: tuple[type[Engine], ...] = (
    History,
    SessionKnn,
    Repurchase,
    Als,
    Ease,
    ItemKnn,
    CoPurchase,
    Popularity,
    CategoryPopularity,
    Range,
    Season,
    Content,
    Tifu,
    Bpr,
)
# Learnt only where a recipe names them.
EXTRAS: tuple[type[Engine], ...] = (Bpr,)
# Neither kept nor asked where no blend has a weight for them.
SPARED: tuple[type[Engine], ...] = (Tifu, Bpr)
USUALLY: tuple[type[Engine], ...] = tuple(kind for kind in ENGINES if kind not in EXTRAS)
# Whose words the season changes: they know who buys what, not when.
SEASONAL = frozenset({History.name, Als.name, Ease.name, ItemKnn.name, CoPurchase.name, Bpr.name, Tifu.name})
# What can be said of a shop that has too little data to learn about people.
IMPERSONAL: tuple[type[Engine], ...] = (SessionKnn, Content, Popularity, CategoryPopularity, Range)


@dataclass(frozen=True, slots=True)
class Model:
    """Fitted engines by name, and what each placement takes of them. Immutable, shared between threads."""

    engines: Mapping[str, Engine]
    blends: Mapping[str, Blend]
    # Powers of the season: raising a whole range to a power costs more than anything else in an answer. Every model has
    # its own, one that replaces another too.
    _seasons: dict[float, Floats] = field(default_factory=dict, init=False, repr=False, compare=False)
    _shortlister: Shortlister = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_shortlister", Shortlister(self.engines))

    @classmethod
    def fit(
        cls,
        interactions: Interactions,
        kinds: Sequence[type[Engine]] = USUALLY,
        *,
        tick: Tick = no_tick,
        earlier: Model | None = None,
        recipe: Recipe = USUAL,
    ) -> Model:
        """Fits every engine of ``kinds``, those of an ``earlier`` model with a head start; ticks ``effort`` times."""
        known = earlier.engines if earlier else {}
        return cls({kind.name: kind.fit(interactions, tick, known.get(kind.name), recipe) for kind in kinds}, BLENDS)

    def with_blends(self, blends: Mapping[str, Blend]) -> Model:
        """The same engines, and all that is kept beside them, blended otherwise."""
        other = replace(self, blends=blends)
        object.__setattr__(other, "_seasons", self._seasons)
        object.__setattr__(other, "_shortlister", self._shortlister)
        return other

    def with_all(self, interactions: Interactions, recipe: Recipe = USUAL) -> Model:
        """With those engines too that it does without: what an evaluation shows beside it."""
        missing = [kind for kind in ENGINES if kind.name not in self.engines]
        more = {kind.name: kind.fit(interactions, no_tick, None, recipe) for kind in missing}
        return replace(self, engines={**self.engines, **more})

    @staticmethod
    def effort(kinds: Sequence[type[Engine]] = USUALLY, *, earlier: Model | None = None) -> int:
        """How often :meth:`fit` ticks."""
        known = earlier.engines if earlier else {}
        return sum(kind.later_effort if kind.name in known else kind.effort for kind in kinds)

    @classmethod
    def from_arrays(cls, arrays: Arrays, blends: Mapping[str, Blend]) -> Model:
        """The model whose :meth:`arrays` these are."""
        parts: dict[str, Arrays] = {}
        for name, array in arrays.items():
            engine, _, part = name.partition(".")
            parts.setdefault(engine, {})[part] = array
        return cls({kind.name: kind.from_arrays(parts[kind.name]) for kind in ENGINES if kind.name in parts}, blends)

    def arrays(self) -> Arrays:
        """What the artefact keeps: ``<engine>.<part>``."""
        return {
            f"{name}.{part}": array for name, engine in self.engines.items() for part, array in engine.arrays().items()
        }

    @property
    def products(self) -> int:
        """How many products the model knows."""
        return len(self.engines[Range.name].arrays()["order"])

    @property
    def customers(self) -> int:
        """How many customers the model knows."""
        history = self.engines.get(History.name)
        return len(history.indptr) - 1 if isinstance(history, History) else 0

    @property
    def is_personal(self) -> bool:
        return History.name in self.engines

    def blend_of(self, placement: str) -> Blend:
        """What the version stores for a placement; of a version older than the placement, what was never tuned."""
        return self.blends.get(placement, BLENDS[placement])

    def context(self, request: Request) -> Context:
        """Which products the answer should go with: those at hand, at home those of the past."""
        if request.placement in BESIDE_PRODUCT and request.product is not None:
            at_hand: Sequence[int] = [request.product]
        elif request.placement in BESIDE_BASKET and request.basket:
            at_hand = request.basket
        else:
            return self._context_of_the_past(request)
        fresh = _distinct(request.recent, request.basket, at_hand)
        anchors = _distinct(at_hand)
        ones = np.ones(len(anchors), np.float32)
        return Context(request.customer, anchors, ones, fresh, *visit_of(request), request.elapsed)

    def _context_of_the_past(self, request: Request) -> Context:
        """With what was looked at in this visit: in the eyes of engines that know only anchors it has its evidence's
        share of all that is said."""
        fresh = _distinct(request.recent, request.basket, () if request.product is None else (request.product,))
        products, weights = self._past(request.customer)
        products, weights = products[:MOST_ANCHORS], weights[:MOST_ANCHORS]
        session, said = visit_of(request)
        if not len(fresh) and not len(products):
            return Context(request.customer, session[::-1], said[::-1], fresh, session, said, request.elapsed)
        anchors = np.concatenate([fresh, session[::-1], products])
        past = float(weights.sum()) + len(fresh)
        today = said[::-1] * np.float32(past / 2 or 1)
        weights = np.concatenate([np.ones(len(fresh), np.float32), today, weights])
        return Context(request.customer, anchors, weights, fresh, session, said, request.elapsed)

    def _past(self, customer: int | None) -> tuple[Ints, Floats]:
        history = self.engines.get(History.name)
        return history.of(customer) if isinstance(history, History) else (_distinct(), np.empty(0, np.float32))

    def hidden(self, request: Request) -> Ints:
        """What this answer must not contain, whatever its score."""
        shown = () if request.product is None else (request.product,)
        hidden = np.fromiter(chain(request.excluded, request.basket, request.recent, shown), np.int32)
        return np.concatenate([hidden, self.durables(request)])

    def durables(self, request: Request) -> Ints:
        """What this person owns already and will hardly need twice; all they own where only what is new counts."""
        history = self.engines.get(History.name)
        if not isinstance(history, History):
            return _distinct()
        return history.of(request.customer)[0] if request.placement == DISCOVER else history.durables(request.customer)

    def contributions(self, context: Context, blend: Blend) -> tuple[list[str], Floats]:
        """What each engine adds to each product: names, and (names, products) scores scaled to at most its weight."""
        names: list[str] = []
        added = np.empty((len(blend), self.products), np.float32)
        power = blend.get(Season.name, 0)
        for name, weight in blend.items():
            speaker, scores = self.spoken(name, context) if weight else (name, None)
            if scores is not None:
                self.scale(name, scores, context, power, weight, out=added[len(names)])
                names.append(speaker)
        return names, added[: len(names)]

    def shortlisted(
        self, context: Context, blend: Blend, allowed: Bools | None, most: int, besides: Sequence[Ints] = ()
    ) -> tuple[list[str], Floats, Ints]:
        """As :meth:`contributions`, of a short list only: names, scores (names, listed), and the ascending positions listed.

        On the list are ``besides`` and, of the ``allowed`` products, about ``most`` of every engine.
        """
        power = blend.get(Season.name, 0)
        always = Asking(context, allowed, most)
        now = Asking(context, allowed, most, power, self.season(power)) if power else always
        opinions: list[tuple[str, float, Opinion]] = []
        for name, weight in blend.items():
            speaker, opinion = self._opinion(name, now if name in SEASONAL else always) if weight else (name, None)
            if opinion is not None:
                opinions.append((speaker, share_of(name, context) * weight / opinion.peak, opinion))
        listed = np.zeros(self.products, np.bool_)
        listed[
            np.concatenate([NO_PRODUCTS, *besides, *(opinion.leading for _speaker, _weight, opinion in opinions)])
        ] = True
        shortlist = listed.nonzero()[0].astype(np.int32)
        added = np.empty((len(opinions), len(shortlist)), np.float32)
        for row, (_speaker, weight, opinion) in zip(added, opinions, strict=True):
            np.multiply(opinion.of(shortlist), np.float32(weight), out=row)
        return [speaker for speaker, _weight, _opinion in opinions], added, shortlist

    def _opinion(self, name: str, asking: Asking) -> tuple[str, Opinion | None]:
        """As :meth:`spoken`."""
        opinion = self._shortlister.opinion(name, asking)
        if opinion is None:
            for other, visit in _stand_ins(name, asking.context):
                opinion = self._shortlister.opinion(other, structs.replace(asking, context=visit))
                if opinion is not None:
                    return other, opinion
        return name, opinion

    def warm(self) -> None:
        """Computes what the first answer of each placement would have to wait for; a small range needs none of it."""
        if self.products <= SMALL:
            return
        for power in {0, *(blend.get(Season.name, 0) for blend in self.blends.values())}:
            self._shortlister.warm(power, self.season(power))

    def spoken(self, name: str, context: Context) -> tuple[str, Floats | None]:
        """An engine's scores and its name, None when it has nothing to say.

        Where no session is like this visit, as in a shop that has hardly tracked any, the next best speaks for it:
        what those bought who bought what is being looked at, else what sells in its category.
        """
        scores = _told(self.engines.get(name), context)
        if scores is None:
            for other, visit in _stand_ins(name, context):
                scores = _told(self.engines.get(other), visit)
                if scores is not None:
                    return other, scores
        return name, scores

    def scale(self, name: str, scores: Floats, context: Context, power: float, weight: float, *, out: Floats) -> None:
        """Writes into ``out`` what an engine's ``scores``, of which one is above 0, add to the blend."""
        season = self.season(power) if name in SEASONAL else None
        if season is not None:
            scores = np.multiply(scores, season, out=out)
        np.multiply(scores, np.float32(share_of(name, context) * weight) / scores.max(), out=out)

    def season(self, power: float) -> Floats | None:
        """What the words of the seasonal engines are multiplied by; None where it changes nothing."""
        season = self.engines.get(Season.name)
        if not power or not isinstance(season, Season):
            return None
        if power not in self._seasons:
            self._seasons[power] = season.factor(power)
        return self._seasons[power]

    def reasons(
        self, request: Request, context: Context, products: Ints, sources: Sequence[str]
    ) -> list[tuple[str, str, int | None]]:
        """Source, sentence and explaining product for each of ``products``."""
        named: list[int | None] = [None] * len(products)
        for source in set(sources):
            rows = [row for row, name in enumerate(sources) if name == source]
            for row, anchor in zip(rows, self.engines[source].because(context, products[rows]).tolist(), strict=True):
                named[row] = None if anchor == NOTHING else anchor
        return [
            (source, reason_code(request, source, product, anchor), anchor)
            for product, source, anchor in zip(products.tolist(), sources, named, strict=True)
        ]


def _stand_ins(name: str, context: Context) -> Iterator[tuple[str, Context]]:
    """Who speaks for an engine that has nothing to say, and of what."""
    if name == SessionKnn.name and len(context.session):
        visit = structs.replace(context, customer=None, anchors=context.session, weights=context.session_weights)
        for other in (ItemKnn.name, CoPurchase.name, CategoryPopularity.name):
            yield other, visit


def _told(engine: Engine | None, context: Context) -> Floats | None:
    """Scores with something in them."""
    scores = None if engine is None else engine.scores(context)
    return scores if scores is not None and scores.max(initial=0) > 0 else None


def share_of(name: str, context: Context) -> float:
    """How much of its weight an engine has: with every look the visit says more, and the past less, down to half."""
    if name == SessionKnn.name:
        return context.evidence
    return 1 - context.evidence / 2 if name == History.name else 1.0


def visit_of(request: Request) -> tuple[Ints, Floats]:
    """What this visit is about, the newest last: what was looked at, then what is at hand."""
    if not (request.session or request.placement in BESIDE_PRODUCT or request.placement in BESIDE_BASKET):
        return _distinct(), np.empty(0, np.float32)
    said = dict(zip(request.session, request.session_weights or repeat(1.0), strict=False))
    at_hand = request.basket if request.placement in BESIDE_BASKET else ()
    if request.placement in BESIDE_PRODUCT and request.product is not None:
        at_hand = (request.product,)
    for product in at_hand:
        said[product] = max(said.pop(product, 0.0), 1.0)
    return np.fromiter(said, np.int32, len(said)), np.fromiter(said.values(), np.float32, len(said))


def reason_code(request: Request, source: str, product: int, because: int | None) -> str:
    """Which sentence says why: it depends on whether the person bought, chose, looked at or only sees ``because``."""
    if source == Content.name:
        return "resembles"
    if request.placement == REPLENISH:
        return SENTENCES[Repurchase.name]
    if source not in (Als.name, Bpr.name, Ease.name, ItemKnn.name, SessionKnn.name, Tifu.name):
        return SENTENCES[source]
    if because is None:
        return "for_you"
    if because == product:
        return "viewed_before" if product in request.session else SENTENCES[History.name]
    if because == request.product:
        return "viewed_together" if source == SessionKnn.name else "similar"
    if request.placement != ORDER_CONFIRMATION and because in request.basket:
        return "goes_with"
    return "because_you_viewed" if because in request.session else "because_you_bought"


SENTENCES = {
    History.name: "bought_before",
    CoPurchase.name: "bought_together",
    Popularity.name: "popular_now",
    CategoryPopularity.name: "popular_in_category",
    Range.name: "from_range",
    Repurchase.name: "time_to_replenish",
}


def best(scores: Floats, limit: int) -> Ints:
    """Positions of the ``limit`` highest scores above 0, best first, equal ones in ascending order."""
    if limit < len(scores):
        # Everything that ties with the last place stays, so that the order decides and not the partition.
        least = np.partition(scores, -limit)[-limit]
        candidates = np.flatnonzero(scores >= max(least, np.finfo(np.float32).tiny))
    else:
        candidates = np.flatnonzero(scores > 0)
    # Stable: candidates ascend already.
    order = np.argsort(-scores[candidates], kind="stable")[:limit]
    return candidates[order].astype(np.int32)


def _distinct(*parts: Sequence[int]) -> Ints:
    """All positions once, in the order of their first appearance."""
    return np.fromiter(dict.fromkeys(chain.from_iterable(parts)), np.int32)
