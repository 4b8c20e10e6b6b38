"""How much what was found is to the taste of the person who searches, and how much of everybody's. No SQL."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.measuring.holdout import HOLDOUT, OPEN
from recommendations import loading
from recommendations.asking import asker
from recommendations.engines.anti_stalking import anti_stalking
from recommendations.engines.interface import Floats
from recommendations.engines.request import SEARCH, Request
from recommendations.loading import Loaded
from recommendations.serving import arm_of, request_for

logger = logging.getLogger(__name__)

_POPULAR = ("search", "popular")


@dataclass(frozen=True, slots=True)
class Searcher:
    """Who searches, by our id or the shop's, or which visitor; nobody in particular if all are left out."""

    customer_id: int | None = None
    external_id: str = ""
    anonymous_id: str = ""


@dataclass(frozen=True, slots=True)
class Tastes:
    """Of each product that was asked about, 0 to 1; ``personal`` is None for somebody of whom nothing is known, and
    for whoever is held back: ``arm`` is their side of the measurement, ``customer_id`` their profile."""

    popular: Floats
    personal: Floats | None
    arm: str = OPEN
    customer_id: int | None = None


def tastes(merchant_id: int, searcher: Searcher, product_ids: Sequence[int]) -> Tastes:
    """Never raises: a search must not fail for want of a taste; what goes wrong is logged, and the text decides alone."""
    try:
        loaded = loading.current(merchant_id)
        if loaded is not None and product_ids:
            return _tastes(loaded, merchant_id, searcher, np.array(product_ids, np.int64))
    except Exception:
        logger.exception("a search of merchant %s goes without tastes", merchant_id)
    return Tastes(np.zeros(len(product_ids), np.float32), None)


def _tastes(loaded: Loaded, merchant_id: int, searcher: Searcher, ids: loading.Ids) -> Tastes:
    who = asker(
        loaded,
        merchant_id,
        customer_id=searcher.customer_id,
        external_id=searcher.external_id,
        anonymous_id=searcher.anonymous_id,
    )
    popular: Floats | None = loaded.answers.get(_POPULAR)
    if popular is None:
        popular = loaded.answers[_POPULAR] = _scores(loaded, Request(SEARCH))
    arm = arm_of(loaded, merchant_id, who, SEARCH, searcher.external_id, searcher.anonymous_id)
    personal = None
    if arm != HOLDOUT and (who.rows or who.bought or who.basket or who.session):
        personal = _of(loaded, ids, _scores(loaded, request_for(loaded, who, SEARCH)))
    return Tastes(_of(loaded, ids, popular), personal, arm, who.customer_id)


def _scores(loaded: Loaded, request: Request) -> Floats:
    """What the blend gives every product; nothing for what this person would rather not see again."""
    model = loaded.model
    _names, contributions = model.contributions(model.context(request), model.blend_of(SEARCH))
    total: Floats = contributions.sum(axis=0)
    if request.steering.factor is not None:
        total *= request.steering.factor
    for _stage, _code, where in anti_stalking(model, request):
        total[where] = 0
    return total


def _of(loaded: Loaded, ids: loading.Ids, scores: Floats) -> Floats:
    """The scores of these products, the highest of them 1; 0 for what came after the training."""
    found = np.zeros(len(ids), np.float32)
    if len(loaded.products):
        places = np.minimum(loaded.products.searchsorted(ids), len(loaded.products) - 1)
        is_known = loaded.products[places] == ids
        found[is_known] = scores[places[is_known]]
    highest = found.max(initial=0)
    scaled: Floats = found / highest if highest > 0 else found
    return scaled
