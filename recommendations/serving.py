"""The one way to ask for recommendations: the API, messages and screens all call :func:`recommend`."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from recommendations import loading, recent
from recommendations.engines import pipeline
from recommendations.engines.request import PLACEMENTS, Ranked, Request
from recommendations.loading import Loaded
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


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One answer: its id, the model that gave it (None: nothing is trained), products best first."""

    id: str
    model_version: str | None
    items: list[Recommended]


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
    answer = uuid.uuid4().hex
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
        items = _items(loaded, request)
    except Exception:  # a page or an order confirmation must not fail for want of recommendations
        logger.exception("no recommendations for merchant %s, placement %s", merchant_id, placement)
        return Recommendation(answer, None, [])
    return Recommendation(answer, loaded.version, items)


def _items(loaded: Loaded, request: Request) -> list[Recommended]:
    """The model's answer; most visitors are unknown and look at one product, so those answers are kept."""
    if request.customer is not None or request.recent or request.basket:
        return [_recommended(loaded, ranked) for ranked in pipeline.recommend(loaded.model, request)]
    question = request.placement, request.product, request.limit
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
    )
