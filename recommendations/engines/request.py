"""What is asked of a model and what it answers, in positions of the artefact; and the places where it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from recommendations.engines.interface import Bools
from recommendations.engines.steering import UNSTEERED, Steering

HOME, DISCOVER, PRODUCT, SIMILAR, COMPLEMENTARY = "home", "discover", "product", "similar", "complementary"
BASKET, ORDER_CONFIRMATION = "basket", "order_confirmation"
SEARCH, CATEGORY, REPLENISH, TILL, NOT_FOUND = "search", "category", "replenish", "till", "not_found"
PLACEMENTS = (
    HOME,
    DISCOVER,
    PRODUCT,
    SIMILAR,
    COMPLEMENTARY,
    BASKET,
    ORDER_CONFIRMATION,
    SEARCH,
    CATEGORY,
    REPLENISH,
    TILL,
    NOT_FOUND,
)
# The answer goes with the product looked at; with what lies in the basket or was just ordered.
BESIDE_PRODUCT = frozenset({PRODUCT, SIMILAR, COMPLEMENTARY})
BESIDE_BASKET = frozenset({BASKET, ORDER_CONFIRMATION})


class Request(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One question.

    ``others``: further rows of the same person, whose profiles were merged since; ``recent``: bought since the training; ``basket``: in the basket, or the lines of the order that is
    being confirmed; ``session``: looked at in this visit, the newest last, each product once, and
    ``session_weights`` how much each of them says (all the same if left out): see :mod:`.sessions.visit`;
    ``excluded``: what the asker does not want to see; ``ignored``: shown again and again and never looked at;
    ``refused``: returned or badly rated by this person; ``put_back``: taken out of the basket; ``elapsed``: days
    since the end of what the model learnt from; ``eligible``: (products,) what may be shown, None for
    everything; ``within``: (products,) what it is about, such as a category's products, None for everything.
    ``seed`` draws the explored product; None explores nothing.
    """

    placement: str = HOME
    customer: int | None = None
    others: Sequence[int] = ()
    recent: Sequence[int] = ()
    basket: Sequence[int] = ()
    product: int | None = None
    session: Sequence[int] = ()
    session_weights: Sequence[float] = ()
    excluded: Sequence[int] = ()
    ignored: Sequence[int] = ()
    refused: Sequence[int] = ()
    put_back: Sequence[int] = ()
    elapsed: float = 0.0
    eligible: Bools | None = None
    within: Bools | None = None
    steering: Steering = UNSTEERED
    limit: int = 8
    seed: int | None = None

    @property
    def people(self) -> list[int]:
        """All rows of the person."""
        return [] if self.customer is None else [self.customer, *self.others]


class Ranked(msgspec.Struct, frozen=True, gc=False):
    """One recommended product and why: the engine that spoke most for it, in which words, because of what.

    ``placed`` says who put it there: its score (``ranked``), the merchant (``pinned``), or chance (``explored``).
    """

    product: int
    score: float
    source: str
    code: str
    because: int | None
    placed: str = "ranked"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A candidate that is not in the answer: the stage that took it out, and for which reason."""

    product: int
    score: float
    stage: str
    code: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """An answer, and what became of the other candidates, the most promising first."""

    ranked: list[Ranked]
    dropped: list[Dropped]
