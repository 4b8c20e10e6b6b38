"""Who is likely to buy a product: the model asked the other way round, one score per customer.

Three engines speak, each scaled to a maximum of 1 as in the blend: the person's own history of the product, the products
they have whose neighbour it is, and their taste. How many will buy is said by :func:`chances`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommendations.engines.als import Als
from recommendations.engines.blend import Model
from recommendations.engines.history import History
from recommendations.engines.interface import Floats
from recommendations.engines.item_knn import ItemKnn

# Searched on Online Retail, cut at 2011-09-11, and checked at 2011-10-11 (bench/audience.py).
WEIGHTS = {History.name: 0.5, ItemKnn.name: 1.0, Als.name: 0.5}
SHARPNESS = 0.78


def likelihoods(model: Model, product: int) -> Floats:
    """One score ≥ 0 per customer of the model. Who has the product and will hardly need it twice scores 0."""
    history, knn, als = (model.engines.get(kind.name) for kind in (History, ItemKnn, Als))
    if not isinstance(history, History):
        return np.zeros(0, np.float32)
    people = len(history.indptr) - 1
    owner = np.repeat(np.arange(people), np.diff(history.indptr))
    own = np.zeros(people, np.float32)
    has = history.products == product
    own[owner[has]] = history.weights[has]
    total = WEIGHTS[History.name] * _scaled(own)
    if isinstance(knn, ItemKnn):
        near = _towards(knn, product)
        given = np.bincount(owner, history.weights * near[history.products], minlength=people)
        total += WEIGHTS[ItemKnn.name] * _scaled(given.astype(np.float32))
    if isinstance(als, Als):
        total += WEIGHTS[Als.name] * _scaled(np.maximum(als.customers @ als.products[product], 0))
    if not history.repeatable[product]:
        total[own > 0] = 0
    likely: Floats = total.astype(np.float32)
    return likely


def chances(scores: Floats, buyers: float) -> Floats:
    """The chance of each to buy, where ``buyers`` people buy in the time in question: shared out by score.

    Nobody buys more than once, so what somebody cannot take goes to the others.
    """
    shares = np.power(scores.astype(np.float64), SHARPNESS)
    if shares.sum() <= 0:
        return np.zeros(len(scores), np.float32)
    found = np.zeros(len(scores))
    left = min(buyers, float((shares > 0).sum()))
    free = shares > 0
    while left > 1e-9 and free.any():
        given = shares * free * (left / (shares * free).sum())
        found = np.minimum(found + given, 1.0)
        left = min(buyers, float((shares > 0).sum())) - float(found.sum())
        if (found[free] < 1).all():
            break
        free &= found < 1
    likely: Floats = found.astype(np.float32)
    return likely


def best_people(scores: Floats, limit: int) -> NDArray[np.intp]:
    """Positions of the highest scores above 0, best first, equal ones in ascending order."""
    order = np.argsort(-scores, kind="stable")[:limit]
    return order[scores[order] > 0]


def _scaled(scores: Floats) -> Floats:
    highest = float(scores.max(initial=0))
    return scores / np.float32(highest) if highest > 0 else scores


def _towards(knn: ItemKnn, product: int) -> Floats:
    """How near each product says ``product`` is."""
    near = np.zeros(len(knn.neighbours.ids), np.float32)
    rows, places = np.nonzero((knn.neighbours.ids == product) & (knn.neighbours.scores > 0))
    near[rows] = knn.neighbours.scores[rows, places]
    return near
