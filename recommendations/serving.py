"""The one way to ask for recommendations: the API, messages and screens all call :func:`recommend`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from recommendations import loading, recent
from recommendations.engines import pipeline
from recommendations.engines.blend import FILL, Model
from recommendations.engines.popularity import Popularity, Range
from recommendations.engines.request import PLACEMENTS, Ranked, Request
from recommendations.engines.steering import Steering
from recommendations.loading import Loaded
from recommendations.measuring import tickets
from recommendations.measuring.holdout import HOLDOUT, OPEN, arm, person_key
from recommendations.queries import customer_key, purchased_since
from recommendations.reasons import Reason, reason_text

__all__ = ["PLACEMENTS", "Reason", "Recommendation", "Recommended", "reason_text", "recommend"]

logger = logging.getLogger(__name__)

MOST_ITEMS = 50
# Answers to strangers that a process keeps per merchant; about 3 kB each.
MOST_KEPT = 5_000


@dataclass(frozen=True, slots=True)
class Recommended:
    """One product of an answer. Scores compare within one answer only."""

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


def recommend(
    *,
    merchant_id: int,
    placement: str,
    limit: int = 8,
    customer_id: int | None = None,
    external_id: str = "",
    product: str = "",
    basket: Sequence[str] = (),
) -> Recommendation:
    """At most ``limit`` available products for a placement; never one of ``basket``, nor ``product`` itself.

    The person is given by our ``customer_id`` or the shop's ``external_id``, products by SKU; for
    ``order_confirmation`` the basket is the order. Whoever or whatever is unknown is left out of
    account. By ``external_id`` this costs no SQL; by ``customer_id`` it asks for the purchases since the training.

    Never raises: what goes wrong is logged, and the answer is empty.
    """
    answer = tickets.new_id().hex()
    try:
        loaded = loading.current(merchant_id)
        if loaded is None:
            return Recommendation(answer, None, [])
        known, customer, bought = _person(loaded, merchant_id, customer_id, external_id)
        request = Request(
            placement=placement,
            customer=customer,
            recent=bought,
            basket=_positions(loaded, basket),
            product=loaded.positions.get(product),
            eligible=loaded.eligible,
            steering=loaded.rulebook.of(placement, known),
            limit=limit,
        )
        group = _arm(loaded, merchant_id, placement, known, external_id)
        items = _held_back(loaded, request) if group == HOLDOUT else _items(loaded, request)
    except Exception:  # a page or an order confirmation must not fail for want of recommendations
        logger.exception("no recommendations for merchant %s, placement %s", merchant_id, placement)
        return Recommendation(answer, None, [])
    return Recommendation(answer, loaded.version, items, group, known)


def _arm(loaded: Loaded, merchant_id: int, placement: str, customer_id: int | None, external_id: str) -> str:
    """Whoever objects to profiling, or is nobody in particular, takes no part in a measurement."""
    percent = loaded.wishes.holdouts.get(placement, 0)
    if not percent:
        return OPEN
    key = customer_key(external_id) if external_id else None
    if key in loaded.unprofiled:
        return OPEN
    return arm(merchant_id, placement, percent, person_key(customer_id=customer_id, external_key=key))


def _held_back(loaded: Loaded, request: Request) -> list[Recommended]:
    """What is popular, without the person and without the merchant's pushing; what may not be shown is not shown."""
    popular = Model(loaded.model.engines, {request.placement: {Popularity.name: 1.0, Range.name: FILL}})
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


def _items(loaded: Loaded, request: Request) -> list[Recommended]:
    """The model's answer; most visitors are unknown and look at one product, so those answers are kept."""
    if request.customer is not None or request.recent or request.basket:
        return [_recommended(loaded, ranked) for ranked in pipeline.recommend(loaded.model, request)]
    # Whom the model does not know may still be in a segment that rules speak of.
    question = request.placement, request.product, request.limit, id(request.steering)
    answer: tuple[Recommended, ...] | None = loaded.answers.get(question)
    if answer is None:
        answer = tuple(_recommended(loaded, ranked) for ranked in pipeline.recommend(loaded.model, request))
        if len(loaded.answers) >= MOST_KEPT:
            loaded.answers.clear()
        loaded.answers[question] = answer
    return list(answer)


def _person(
    loaded: Loaded, merchant_id: int, customer_id: int | None, external_id: str
) -> tuple[int | None, int | None, list[int]]:
    """The person's id and position in the model (None: unknown), and positions of what was bought since the training.

    Whoever objects to profiling is treated as unknown: what is shown then depends on the page alone.
    """
    if customer_id in loaded.unprofiled or (external_id and customer_key(external_id) in loaded.unprofiled):
        return None, None, []
    if customer_id is not None:
        bought = purchased_since(merchant_id, customer_id, loaded.snapshot_at)
    elif external_id:
        key = customer_key(external_id)
        customer_id = loaded.customer_of_key(key)
        bought = recent.purchased_since(merchant_id, key, loaded.snapshot_at)
    else:
        return None, None, []
    position = None if customer_id is None else loaded.customer_position(customer_id)
    return customer_id, position, loaded.product_positions(bought)


def _positions(loaded: Loaded, skus: Sequence[str]) -> list[int]:
    return [loaded.positions[sku] for sku in skus if sku in loaded.positions]


def _recommended(loaded: Loaded, ranked: Ranked) -> Recommended:
    because = None if ranked.because is None else loaded.skus[ranked.because]
    return Recommended(
        sku=loaded.skus[ranked.product],
        product_id=int(loaded.products[ranked.product]),
        score=ranked.score,
        reason=Reason(ranked.source, ranked.code, because),
        placed=ranked.placed,
    )
