"""What a visitor did lately, as the engines take it: products, the newest last, and how much each of them says."""

from __future__ import annotations

from collections.abc import Iterable

VIEWED, ADDED, ORDERED = "viewed", "added", "ordered"
# Who puts a product into the basket means it.
WEIGHTS = {VIEWED: 1.0, "wished": 1.5, ADDED: 2.0, ORDERED: 1.0}
# A visit is over after half an hour; what was looked at the day before still says a little.
HALF_LIFE_SECONDS = 2 * 3600.0
FORGOTTEN_BELOW = 0.05
MOST_PRODUCTS = 30


def visit(notes: Iterable[tuple[int, str, float]]) -> tuple[list[int], list[float]]:
    """From (position, what was done with it last, seconds ago), the newest first: ``session`` and its weights.

    What was taken out of the basket, and kinds that nobody knows, say nothing.
    """
    session: list[int] = []
    weights: list[float] = []
    for position, kind, seconds in notes:
        weight = WEIGHTS.get(kind, 0.0) * 0.5 ** (max(seconds, 0.0) / HALF_LIFE_SECONDS)
        if weight > FORGOTTEN_BELOW:
            session.append(position)
            weights.append(weight)
    return session[:MOST_PRODUCTS][::-1], weights[:MOST_PRODUCTS][::-1]
