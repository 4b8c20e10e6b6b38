"""The one way to ask for recommendations: the API, messages and screens all call :func:`recommend`.

``explain`` gives the same answer and tells what became of the candidates that are not in it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from zlib import crc32

import msgspec

from core.measuring.holdout import HOLDOUT, OPEN, arm, person_key
from core.redis import Passenger
from recommendations import loading
from recommendations.asking import NOBODY, Asker, asker
from recommendations.engines import pipeline
from recommendations.engines.blends import FILL
from recommendations.engines.popularity import Popularity, Range
from recommendations.engines.request import ORDER_CONFIRMATION, PLACEMENTS, Dropped, Ranked, Request
from recommendations.engines.steering import Rulebook, Steering
from recommendations.loading import Loaded
from recommendations.measuring import tickets
from recommendations.queries import customer_key
from recommendations.reasons import Reason, reason_text

__all__ = ["PLACEMENTS", "Explained", "Reason", "Recommendation", "Recommended", "explain", "reason_text", "recommend"]

logger = logging.getLogger(__name__)

MOST_ITEMS = 50
# Answers to strangers that a process keeps per merchant; about 3 kB each.
MOST_KEPT = 5_000
# So long a person sees the same explored product at a place, whatever is loaded again.
DRAWN_EVERY = 3600.0


class Recommended(msgspec.Struct, frozen=True, gc=False):
    """One product of an answer. Scores compare within one answer only.

    ``placed``: by its score (``ranked``), by the merchant (``pinned``) or to learn how it fares (``explored``).
    """

    sku: str
    product_id: int
    score: float
    reason: Reason
    placed: str = pipeline.RANKED


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One answer: its id, the model that gave it (None: nothing is trained), products best first.

    ``arm``: whether the person takes part in a measurement and is held back. ``customer_id``: whom the answer is for.
    """

    id: str
    model_version: str | None
    items: list[Recommended]
    arm: str = OPEN
    customer_id: int | None = None

    def ticket(self, merchant_id: int, placement: str) -> str:
        """The id as it is given out: it carries the answer, so that nothing has to be stored."""
        return tickets.issue(
            merchant_id,
            bytes.fromhex(self.id),
            placement=placement,
            arm=self.arm,
            customer_id=self.customer_id,
            products=[item.product_id for item in self.items],
            sources=[tickets.source_code(item.reason.source, item.placed) for item in self.items],
        )


@dataclass(frozen=True, slots=True)
class Unshown:
    """A candidate that is not in the answer, and the stage that took it out, with a code that says why."""

    sku: str
    score: float
    stage: str
    code: str


@dataclass(frozen=True, slots=True)
class Explained:
    """An answer and what became of the other candidates, the most promising first."""

    answer: Recommendation
    unshown: list[Unshown] = field(default_factory=list)


def recommend(
    *,
    merchant_id: int,
    placement: str,
    limit: int = 8,
    customer_id: int | None = None,
    external_id: str = "",
    anonymous_id: str = "",
    product: str = "",
    basket: Sequence[str] | None = None,
    category: str = "",
    beside: Passenger | None = None,
) -> Recommendation:
    """At most ``limit`` available products for a placement; never one of ``basket``, nor ``product`` itself.

    The person is given by our ``customer_id`` or the shop's ``external_id``, a visitor by ``anonymous_id``, products by
    SKU, a category by its path; for ``order_confirmation`` the basket is the order. Without a ``basket`` it is what
    tracking knows of it. Whoever or whatever is unknown is left out of account. This costs no SQL, but for a
    person given by ``customer_id``: then it asks for the purchases since the training. ``beside`` may travel along to
    Redis; whether it did, it knows.

    Never raises: what goes wrong is logged, and the answer is empty.
    """
    answer = tickets.new_id().hex()
    try:
        loaded = loading.current(merchant_id)
        if loaded is None:
            return Recommendation(answer, None, [])
        who = asker(
            loaded,
            merchant_id,
            customer_id=customer_id,
            external_id=external_id,
            anonymous_id=anonymous_id,
            beside=beside,
        )
        draw = _draw(placement, product, who.customer_id or (anonymous_id if who.is_anybody else ""))
        request = request_for(loaded, who, placement, limit, product, basket, category, seed=draw)
        group = arm_of(loaded, merchant_id, who, placement, external_id, anonymous_id)
        items = _held_back(loaded, request) if group == HOLDOUT else _items(loaded, request, who, category)
    except Exception:  # a page or an order confirmation must not fail for want of recommendations
        logger.exception("no recommendations for merchant %s, placement %s", merchant_id, placement)
        return Recommendation(answer, None, [])
    return Recommendation(answer, loaded.version, items, group, who.customer_id)


def arm_of(loaded: Loaded, merchant_id: int, who: Asker, placement: str, external_id: str, anonymous_id: str) -> str:
    """On which side of a measurement these are. Whoever objects to profiling, or is nobody in particular, takes no part in a measurement."""
    percent = loaded.wishes.holdouts.get(placement, 0)
    if not percent or who is NOBODY:
        return OPEN
    key = customer_key(external_id) if external_id else None
    person = person_key(customer_id=who.customer_id, external_key=key, anonymous_id=anonymous_id)
    return arm(merchant_id, placement, percent, person)


def _held_back(loaded: Loaded, request: Request) -> list[Recommended]:
    """What is popular, without the person and without the merchant's pushing; what may not be shown is not shown."""
    popular = loaded.model.with_blends({request.placement: {Popularity.name: 1.0, Range.name: FILL}})
    anybody = Request(
        placement=request.placement,
        basket=request.basket,
        product=request.product,
        eligible=request.eligible,
        within=request.within,
        steering=Steering(barred=request.steering.barred),
        limit=request.limit,
    )
    return [_recommended(loaded, ranked) for ranked in pipeline.recommend(popular, anybody)]


def explain(
    *,
    merchant_id: int,
    placement: str,
    limit: int = 8,
    customer_id: int | None = None,
    anonymous_id: str = "",
    product: str = "",
    basket: Sequence[str] | None = None,
    category: str = "",
    rulebook: Rulebook | None = None,
) -> Explained:
    """As ``recommend`` answers, without an explored product; under ``rulebook`` (a ``Rulebook``) instead of the merchant's.

    For staff: it costs some times as much, and raises what goes wrong.
    """
    answer = tickets.new_id().hex()
    loaded = loading.current(merchant_id)
    if loaded is None:
        return Explained(Recommendation(answer, None, []))
    who = asker(loaded, merchant_id, customer_id=customer_id, anonymous_id=anonymous_id)
    request = request_for(loaded, who, placement, limit, product, basket, category, rulebook=rulebook)
    explained = pipeline.explain(loaded.model, request)
    items = [_recommended(loaded, ranked) for ranked in explained.ranked]
    unshown = [_unshown(loaded, dropped) for dropped in explained.dropped]
    return Explained(Recommendation(answer, loaded.version, items), [one for one in unshown if one.sku])


def request_for(
    loaded: Loaded,
    who: Asker,
    placement: str,
    limit: int = 8,
    product: str = "",
    basket: Sequence[str] | None = None,
    category: str = "",
    *,
    seed: int | None = None,
    rulebook: Rulebook | None = None,
) -> Request:
    """The question in the model's positions."""
    return Request(
        placement=placement,
        customer=who.rows[0] if who.rows else None,
        others=who.rows[1:],
        recent=who.bought,
        basket=_basket(loaded, who, placement, basket),
        product=loaded.positions.get(product),
        session=who.session,
        session_weights=who.session_weights,
        ignored=who.ignored,
        refused=who.refused,
        put_back=who.put_back,
        elapsed=loaded.elapsed,
        eligible=loaded.eligible,
        within=loaded.within(category) if category else None,
        steering=(rulebook or loaded.rulebook).of(placement, who.customer_id),
        limit=limit,
        seed=seed,
    )


def _draw(placement: str, product: str, who: int | str) -> int:
    """What draws the explored product: the same for an hour."""
    return crc32(f"{placement} {product} {who} {int(time.time() / DRAWN_EVERY)}".encode())


def _basket(loaded: Loaded, who: Asker, placement: str, basket: Sequence[str] | None) -> Sequence[int]:
    """What the asker says lies in it, else what tracking knows; an order that is confirmed is never guessed."""
    if basket is None:
        return () if placement == ORDER_CONFIRMATION else who.basket
    return [loaded.positions[sku] for sku in basket if sku in loaded.positions]


def _items(loaded: Loaded, request: Request, who: Asker, category: str) -> list[Recommended]:
    """The model's answer; most visitors are unknown and look at one product, so those answers are kept."""
    if who.is_anybody or request.basket:
        return [_recommended(loaded, ranked) for ranked in pipeline.recommend(loaded.model, request)]
    question = request.placement, request.product, category, request.limit, request.seed
    answer: tuple[Recommended, ...] | None = loaded.answers.get(question)
    if answer is None:
        answer = tuple(_recommended(loaded, ranked) for ranked in pipeline.recommend(loaded.model, request))
        if len(loaded.answers) >= MOST_KEPT:
            loaded.answers.clear()
        loaded.answers[question] = answer
    return list(answer)


def _recommended(loaded: Loaded, ranked: Ranked) -> Recommended:
    because = None if ranked.because is None else loaded.skus[ranked.because]
    return Recommended(
        loaded.skus[ranked.product],
        int(loaded.products[ranked.product]),
        ranked.score,
        _reason(loaded, ranked, because),
        ranked.placed,
    )


def _reason(loaded: Loaded, ranked: Ranked, because: str | None) -> Reason:
    """What hardly speaks for a product is said better by its being new."""
    if ranked.code in WEAK and loaded.is_new[ranked.product]:
        category = loaded.categories[ranked.product]
        return Reason(ranked.source, "new_in_category" if category else "new", category=category or None)
    return Reason(ranked.source, ranked.code, because)


WEAK = frozenset({"from_range", "popular_in_category"})


def _unshown(loaded: Loaded, dropped: Dropped) -> Unshown:
    return Unshown(loaded.skus[dropped.product], dropped.score, dropped.stage, dropped.code)
