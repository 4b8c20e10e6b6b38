"""Finds the weights of the blends by what people bought next.

Every placement that orders can tell something about is asked questions of the newest weeks, with a model that has
not seen them:

* ``home``: what is in a person's next basket?
* ``discover``: what of it is new to this person?
* ``product``: one product of a basket is shown; what are the others?
* ``basket``: half of a basket is shown; what is the other half?
* ``replenish``: of what is due, what is in a person's next basket?
* ``similar``: something is looked at; what else of its category is looked at in the same visit? Orders cannot tell.

The figure is the mean NDCG@10. The search goes from weight to weight and takes a step when it ranks better, until no
step does. It looks at those products only that some engine ranks high: elsewhere no weights lead into the first ten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from recommendations.engines.blend import SEASONAL, Model
from recommendations.engines.blends import Blend
from recommendations.engines.content import Content
from recommendations.engines.evaluation.asked import Asked
from recommendations.engines.evaluation.intervals import SEED
from recommendations.engines.evaluation.temporal import DEPTH, Target
from recommendations.engines.interactions import NO_CATEGORY, Interactions
from recommendations.engines.interface import NO_PRODUCTS, NOTHING, Bools, Floats, Ints
from recommendations.engines.popularity import Popularity, Range
from recommendations.engines.repurchase import Repurchase
from recommendations.engines.request import (
    BASKET,
    CATEGORY,
    COMPLEMENTARY,
    DISCOVER,
    HOME,
    NOT_FOUND,
    ORDER_CONFIRMATION,
    PRODUCT,
    REPLENISH,
    SEARCH,
    SIMILAR,
    TILL,
    Request,
)
from recommendations.engines.season import Season
from recommendations.engines.sessions.engine import SessionKnn

# Fewer questions than this say less than what was found elsewhere.
FEWEST_QUESTIONS = 100
MOST_QUESTIONS: Mapping[str, int] = {
    HOME: 1_000,
    DISCOVER: 1_000,
    PRODUCT: 500,
    BASKET: 500,
    SIMILAR: 500,
    REPLENISH: 500,
}
# Of each engine so many products come into question.
CANDIDATES = 50
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)
STEPS = (0.0, 0.5, 0.75, 1.33, 2.0)
FROM_NOTHING = (0.1, 0.3)
# A step that improves by less (relatively) is chance: what it finds ranks worse in the next window as often as better.
LEAST_GAIN = 0.005
# And one that improves by less than its standard error is luck (compared on four windows of Online Retail before the bars').
CERTAIN = 1.0
ROUNDS = 6
# What questions of orders say nothing about: visits, what nobody could buy yet, and what only fills up.
UNTUNED = frozenset({SessionKnn.name, Range.name, Content.name})
# Placements that ask much the same take over what was found for another.
FOLLOWERS: Mapping[str, tuple[str, ...]] = {
    HOME: (SEARCH, CATEGORY, TILL, NOT_FOUND),
    BASKET: (ORDER_CONFIRMATION,),
    PRODUCT: (COMPLEMENTARY,),
}
# Only known people can be asked what they bought next. To a stranger the engines of people say nothing: popularity
# speaks then, before the range fills up, whatever it is worth beside the others.
LEAST = {Popularity.name: 0.02}
SMALLEST_BASKET = 3
DISCOUNT = 1 / np.log2(np.arange(DEPTH) + 2)
IDEAL: Floats = np.cumsum(DISCOUNT).astype(np.float32)
ASKED = (HOME, DISCOVER, PRODUCT, BASKET, SIMILAR, REPLENISH)


@dataclass(frozen=True, slots=True)
class Question:
    """A request, what should be in the answer, and what may not be in it; ``of``: whose question it is, −1 for nobody's."""

    request: Request
    wanted: Ints
    hidden: Ints
    of: int = NOTHING


def tune(
    model: Model, wanted: Sequence[Target], window: Interactions, placements: Sequence[str] = ASKED
) -> dict[str, Blend]:
    """The model's blends, tuned for ``placements`` and their followers as far as there are enough questions.

    ``model`` has not seen ``window``, the newest purchases; ``wanted`` are next baskets in it.
    """
    return tuned(model, asked(model, wanted, window, placements))


def asked(
    model: Model, wanted: Sequence[Target], window: Interactions, placements: Sequence[str] = ASKED
) -> dict[str, Sheet]:
    """What each engine says to the questions of ``placements``: it is asked once, however often a blend is sought."""
    questions = {
        placement: list(islice(_QUESTIONS[placement](model, wanted, window), MOST_QUESTIONS[placement]))
        for placement in placements
    }
    answers: dict[str, dict[int, Row]] = {placement: {} for placement in placements}
    told: Asked | None = None
    whose = NOTHING
    # All questions about one person one after the other: whatever the placement, engines say the same.
    for placement, number in sorted(_all(questions), key=lambda place: questions[place[0]][place[1]].of):
        question = questions[placement][number]
        if told is None or question.of == NOTHING or question.of != whose:
            told, whose = Asked(model, model.context(question.request)), question.of
        answers[placement][number] = _row(told, question, tunable(model, placement))
    return {
        placement: Sheet.of_rows(
            [answers[placement][number] for number in range(len(found))], found, tunable(model, placement)
        )
        for placement, found in questions.items()
        if found
    }


def _all(questions: Mapping[str, Sequence[Question]]) -> Iterator[tuple[str, int]]:
    for placement, found in questions.items():
        for number in range(len(found)):
            yield placement, number


def tunable(model: Model, placement: str) -> list[str]:
    """The engines whose weights are sought for a placement."""
    blend = model.blend_of(placement)
    return [name for name in blend if name not in UNTUNED and name != Season.name and name in model.engines]


def tuned(model: Model, sheets: Mapping[str, Sheet]) -> dict[str, Blend]:
    """The model's blends, those of placements with enough questions as the questions would have them."""
    blends = dict(model.blends)
    for placement, sheet in sheets.items():
        if len(sheet) < FEWEST_QUESTIONS:
            continue
        found = search(sheet, model.blend_of(placement))
        for name in (placement, *FOLLOWERS.get(placement, ())):
            blends[name] = _with(model.blend_of(name), found)
    return blends


def unbiased(blend: Blend) -> dict[str, float]:
    """A start that knows nothing: all weights that are tuned equal."""
    return {name: weight if name in UNTUNED else 0.5 for name, weight in blend.items()}


def _with(blend: Blend, found: Blend) -> dict[str, float]:
    """What was found, and no less than the least of it; what was not asked about stays as it is in ``blend``."""
    least = {name: max(found[name], weight) for name, weight in LEAST.items() if name in blend}
    return {**found, **least, **{name: weight for name, weight in blend.items() if name in UNTUNED}}


def _next(model: Model, wanted: Sequence[Target], window: Interactions) -> Iterator[Question]:
    """What is in the next basket?"""
    for target in wanted:
        request = Request(HOME, customer=target.customer)
        yield Question(request, target.products, model.hidden(request), target.customer)


def _new(model: Model, wanted: Sequence[Target], window: Interactions) -> Iterator[Question]:
    """What is in it that this person never bought?"""
    for target in wanted:
        request = Request(DISCOVER, customer=target.customer)
        owned = model.hidden(request)
        new = np.setdiff1d(target.products, owned)
        if len(new):
            yield Question(request, new, owned, target.customer)


def _beside_one(model: Model, wanted: Sequence[Target], window: Interactions) -> Iterator[Question]:
    """Asked of nobody in particular: most who look at a product are strangers."""
    for basket in _baskets(window):
        yield Question(Request(PRODUCT, product=int(basket[0])), basket[1:], basket[:1])


def _beside_half(model: Model, wanted: Sequence[Target], window: Interactions) -> Iterator[Question]:
    for basket in _baskets(window):
        shown, rest = np.split(basket, [len(basket) // 2])
        yield Question(Request(BASKET, basket=shown.tolist()), rest, shown)


def _due(model: Model, wanted: Sequence[Target], window: Interactions) -> Iterator[Question]:
    """Asked of those who have something due, and bought of it."""
    repurchase = model.engines.get(Repurchase.name)
    for target in wanted if repurchase else ():
        request = Request(REPLENISH, customer=target.customer)
        scores = repurchase.scores(model.context(request)) if repurchase else None
        due = NO_PRODUCTS if scores is None else np.flatnonzero(scores)
        found = np.intersect1d(target.products, due).astype(np.int32)
        if len(found):
            others = np.setdiff1d(np.arange(model.products), due).astype(np.int32)
            yield Question(request, found, others, target.customer)


def _of_its_kind(model: Model, wanted: Sequence[Target], window: Interactions) -> Iterator[Question]:
    """One product of each visit; visits that look at nothing else of its kind tell nothing."""
    random = np.random.default_rng(SEED)
    for visit in _visits(window, random):
        shown = random.choice(visit)
        kind = window.category[shown]
        others = np.setdiff1d(visit[window.category[visit] == kind], [shown]).astype(np.int32)
        if kind != NO_CATEGORY and len(others):
            yield Question(Request(SIMILAR, product=int(shown)), others, np.array([shown], np.int32))


def _visits(window: Interactions, random: np.random.Generator) -> Iterator[Ints]:
    """What was looked at in each visit of the window, in random order."""
    sessions = window.sessions
    if sessions is None:
        return
    late = sessions.where(sessions.age <= window.age.max(initial=0))
    edges = np.flatnonzero(np.diff(late.session, prepend=-1, append=-1))
    for number in random.permutation(max(len(edges) - 1, 0)):
        yield np.unique(late.product[edges[number] : edges[number + 1]])


_QUESTIONS: Mapping[str, Callable[[Model, Sequence[Target], Interactions], Iterator[Question]]] = {
    HOME: _next,
    DISCOVER: _new,
    PRODUCT: _beside_one,
    BASKET: _beside_half,
    SIMILAR: _of_its_kind,
    REPLENISH: _due,
}


def _baskets(window: Interactions) -> Iterator[Ints]:
    """Baskets of the window in random order, each shuffled."""
    random = np.random.default_rng(SEED)
    order = np.argsort(window.basket, kind="stable")
    edges = np.flatnonzero(np.diff(window.basket[order], prepend=-1, append=-1))
    for number in random.permutation(len(edges) - 1):
        basket = window.product[order[edges[number] : edges[number + 1]]]
        if len(basket) >= SMALLEST_BASKET:
            yield random.permutation(basket).astype(np.int32)


# Candidates, and what each engine says of them in each power of the season.
Row = tuple[Ints, dict[tuple[str, float], Floats]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """All questions at once: what each engine says, per question and candidate; both padded to the same width."""

    said: Mapping[tuple[str, float], Floats]  # (questions, candidates), by engine and power of the season
    wanted: Bools  # (questions, candidates)
    ideal: Floats  # (questions,)
    of: Ints  # (questions,) whose question it is

    def __len__(self) -> int:
        return len(self.ideal)

    @property
    def engines(self) -> list[str]:
        """Who says anything: the others' weights cannot be told."""
        return list(dict.fromkeys(name for (name, _power), values in self.said.items() if values.any()))

    def where(self, rows: Bools) -> Sheet:
        """Only these questions."""
        said = {key: values[rows] for key, values in self.said.items()}
        return Sheet(said, self.wanted[rows], self.ideal[rows], self.of[rows])

    @classmethod
    def of_rows(cls, rows: Sequence[Row], questions: Sequence[Question], names: Sequence[str]) -> Sheet:
        keys = [(name, power) for name in names for power in (POWERS if name in SEASONAL else POWERS[:1])]
        width = max(len(candidates) for candidates, _said in rows)
        said = {key: np.zeros((len(rows), width), np.float32) for key in keys}
        wanted = np.zeros((len(rows), width), np.bool_)
        for number, (candidates, values) in enumerate(rows):
            wanted[number, : len(candidates)] = np.isin(candidates, questions[number].wanted)
            for key, value in values.items():
                said[key][number, : len(candidates)] = value
        sizes = np.array([min(len(question.wanted), DEPTH) for question in questions])
        ideal: Floats = IDEAL[sizes - 1]
        return cls(said, wanted, ideal, np.array([question.of for question in questions], np.int32))

    def gain(self, blend: Blend) -> float:
        """The mean NDCG@10 of a blend."""
        return float(self.gains(blend).mean())

    def gains(self, blend: Blend) -> Floats:
        """The NDCG@10 of each question."""
        power = blend.get(Season.name, 0.0)
        total: Floats = np.zeros(self.wanted.shape, np.float32)
        for name, weight in blend.items():
            said = self.said.get((name, power if name in SEASONAL else 0.0)) if weight else None
            if said is not None:
                total += np.float32(weight) * said
        top = np.argpartition(-total, min(DEPTH, total.shape[1] - 1), axis=1)[:, :DEPTH]
        scores = np.take_along_axis(total, top, axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")
        hits = np.take_along_axis(self.wanted, np.take_along_axis(top, order, axis=1), axis=1)
        hits &= np.take_along_axis(scores, order, axis=1) > 0
        return np.asarray(hits @ DISCOUNT[: hits.shape[1]] / self.ideal, np.float32)


def _row(asked: Asked, question: Question, names: Sequence[str]) -> Row:
    """The products that come into question, and what each engine says of them.

    Those that an engine ranks high in no season or in a full one: what is high in between is high in one of both.
    """
    shown = np.ones(asked.products, np.bool_)
    shown[question.hidden] = False
    lists = [
        _highest(scores * shown)
        for name in names
        for power in ((POWERS[0], POWERS[-1]) if name in SEASONAL else POWERS[:1])
        if (scores := asked.scaled(name, power)) is not None
    ]
    candidates = np.unique(np.concatenate(lists)) if lists else NO_PRODUCTS
    said = {
        (name, power): scores[candidates]
        for name in names
        for power in (POWERS if name in SEASONAL else POWERS[:1])
        if (scores := asked.scaled(name, power)) is not None
    }
    return candidates, said


def _highest(scores: Floats) -> Ints:
    """The candidates of one engine. Most say something of few products only, and nothing of the rest need be sorted."""
    told = np.flatnonzero(scores)
    if len(told) > CANDIDATES:
        told = told[np.argpartition(scores[told], -CANDIDATES)[-CANDIDATES:]]
    return told.astype(np.int32)


def search(sheet: Sheet, start: Blend, least_gain: float = LEAST_GAIN, certain: float = CERTAIN) -> dict[str, float]:
    """Steps from ``start`` to a blend that no step improves; the sum of its weights stays what it was."""
    found, reached = dict(start), sheet.gains(start)
    for _round in range(ROUNDS):
        before = reached
        for name in [*sheet.engines, Season.name]:
            for blend in _steps(found, name):
                gains = sheet.gains(blend)
                if _is_better(gains, reached, least_gain, certain):
                    found, reached = blend, gains
        if reached is before:
            break
    return _as_heavy_as(found, start, sheet.engines)


def _is_better(gains: Floats, others: Floats, least_gain: float, certain: float) -> bool:
    """On the same questions: by more than a little, and by more than so many standard errors of the difference."""
    difference = gains - others
    gain, error = float(difference.mean()), float(difference.std()) / np.sqrt(len(difference))
    return gain > least_gain * float(others.mean()) and gain > certain * error


def _steps(blend: dict[str, float], name: str) -> Iterator[dict[str, float]]:
    """The same blend with other values of one weight."""
    if name == Season.name:
        values: Sequence[float] = POWERS
    else:
        values = [blend[name] * step for step in STEPS] if blend[name] else FROM_NOTHING
    yield from ({**blend, name: value} for value in values)


def _as_heavy_as(found: dict[str, float], start: Blend, tuned: Sequence[str]) -> dict[str, float]:
    """Only proportions count among the tuned; what was not tuned keeps its own beside them."""
    factor = sum(start[name] for name in tuned) / (sum(found[name] for name in tuned) or 1.0)
    return {name: round(weight * factor, 4) if name in tuned else weight for name, weight in found.items()}
