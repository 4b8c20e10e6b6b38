"""What would annoy a person: what they have, just bought, sent back, put out of the basket, or passed over again and again.

What is bought again comes back when it is due; what goes with a purchase stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from recommendations.engines.blend import Model
from recommendations.engines.copurchase import CoPurchase
from recommendations.engines.interface import NO_PRODUCTS, Bools, Ints
from recommendations.engines.refreshing import Grown
from recommendations.engines.repurchase import Repurchase
from recommendations.engines.request import DISCOVER, Request

STAGE = "anti_stalking"
Drop = tuple[str, str, Bools | Ints]


def anti_stalking(model: Model, request: Request) -> Iterator[Drop]:
    """Stage, reason, and the products (a mask or positions) that this person is not to be shown."""
    lately = {"just_bought": request.recent, "refused": request.refused, "put_back": request.put_back}
    for code, products in lately.items():
        if len(products):
            yield STAGE, code, _ints(products)
    yield from _bought(model, request)
    if len(request.ignored):
        yield STAGE, "ignored", _ints(request.ignored)


def _bought(model: Model, request: Request) -> Iterator[Drop]:
    repurchase = model.engines.get(Repurchase.name)
    if not isinstance(repurchase, Repurchase):
        yield STAGE, "owned", model.durables(request)
        return
    if request.placement == DISCOVER:
        yield STAGE, "owned", model.durables(request)
    has = [_ints(request.recent)]
    for row in request.people:
        owned, too_soon = repurchase.standing(row, request.elapsed)
        yield STAGE, "owned", owned
        yield STAGE, "too_soon", too_soon
        has.append(owned)
    yield from _substitutes(model, repurchase, np.concatenate(has))


def _substitutes(model: Model, repurchase: Repurchase, has: Ints) -> Iterator[Drop]:
    """Whatever else is of a category that one purchase settles, but for what goes with that purchase."""
    for category, settling in repurchase.settling(has).items():
        hidden = repurchase.category == category
        hidden[accessories(model, settling)] = False
        yield STAGE, "substitute", hidden


def accessories(model: Model, products: Ints) -> Ints:
    """What lies in the same baskets as ``products`` more often than chance."""
    together: object = model.engines.get(CoPurchase.name)
    if isinstance(together, Grown):
        products, together = products[products < together.known], together.engine
    if not isinstance(together, CoPurchase):
        return NO_PRODUCTS
    return together.neighbours.ids[products][together.neighbours.scores[products] > 0]


def _ints(positions: Sequence[int]) -> Ints:
    return np.fromiter(positions, np.int32, len(positions))
