"""The order of what was found: the text decides, the person moves things by a few places. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recommendations.engines.interface import Floats

# How much a person's taste weighs beside the text (both reach 1 at most), and how many places it can move a product.
BETA = 0.35
MOST_PLACES = 5


def text_order(exact: Sequence[int], text: Sequence[float], popular: Floats) -> list[int]:
    """Positions best first: exact matches, then the better text, then what more people buy, then as they came."""
    return sorted(range(len(text)), key=lambda place: (-exact[place], -text[place], -popular[place], place))


def personal_order(text: Sequence[float], personal: Floats, *, fixed: int = 0) -> list[int]:
    """Places of a list in text order, by ``text + BETA × personal``.

    Nothing moves by more than ``MOST_PLACES``, and the first ``fixed`` stay where they are. Each place takes the best of
    those that may stand there, unless one has waited as long as it may: of those there is one at most, since all come
    from different places.
    """
    worth = np.asarray(text, np.float32) + BETA * personal
    order, waiting = list(range(min(fixed, len(text)))), list(range(fixed, min(fixed + MOST_PLACES, len(text))))
    for place in range(len(order), len(text)):
        if place + MOST_PLACES < len(text):
            waiting.append(place + MOST_PLACES)
        late = waiting[0] <= place - MOST_PLACES
        chosen = waiting[0] if late else max(waiting, key=lambda position: (worth[position], -position))
        waiting.remove(chosen)
        order.append(chosen)
    return order
