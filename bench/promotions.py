"""What a decision on a cart costs as the number of active promotions grows.

``python -m bench promotions``; needs neither database nor Redis. A cart of ten lines meets
promotions of which one in a hundred could match it; the others are for other products, categories, segments, people
and codes. Beside it: the same with ten that could match, however many exist.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from statistics import median, quantiles

from bench.figures import Figure
from promotions.pricing.cart import Cart, Line, Shopper
from promotions.pricing.definitions import Code, Condition, OneOf, Percent, Promotion, Selector, Threshold
from promotions.pricing.engine import evaluate
from promotions.pricing.index import Index

ROUNDS = 300
SIZES = (10, 100, 1_000, 10_000)
OUTDOOR = Selector(categories=("Outdoor",))


def run() -> list[Figure]:
    """Milliseconds of processor time per decision."""
    one_in_a_hundred = {size: _milliseconds(Index(_promotions(size, size // 100))) for size in SIZES}
    always_ten = {size: median(_milliseconds(Index(_promotions(size, 10)))) for size in SIZES[-2:]}
    figures = []
    for size, taken in one_in_a_hundred.items():
        # The bar of a thousand holds ten thousand, too, though ten times as many of them match.
        bar = 1.0 if size >= 1_000 else None
        figures += [
            Figure(f"{size:,} promotions, 1 % could match, p50", median(taken), "ms", at_most=bar),
            Figure(f"{size:,} promotions, 1 % could match, p95", quantiles(taken, n=20)[-1], "ms"),
        ]
    thousand, many = median(one_in_a_hundred[1_000]), median(one_in_a_hundred[10_000])
    return [
        *figures,
        Figure("each further promotion that could match", (many - thousand) / 90 * 1000, "µs"),
        # Ten times as many that could match are ten times as much work, each on what the one before left (ADR 0028).
        Figure("10,000 / 1,000 promotions, 1 % could match (100 against 10)", many / thousand, at_most=2),
        Figure("10,000 / 1,000 promotions, ten could match at both", always_ten[10_000] / always_ten[1_000], at_most=2),
    ]


def _milliseconds(index: Index) -> list[float]:
    cart, taken = _cart(), []
    for _round in range(ROUNDS):
        begin = time.process_time()  # nothing but the processor is needed, which others may use, too
        evaluate(index, cart)
        taken.append((time.process_time() - begin) * 1000)
    return taken


def _cart() -> Cart:
    lines = tuple(
        Line(str(at), f"S{at}", 1 + at % 3, 1000 + 137 * at, categories=("Outdoor › Tents",), brand="Nord")
        for at in range(10)
    )
    return Cart(lines, datetime(2026, 11, 20, tzinfo=UTC), shopper=Shopper("ada", frozenset({"vip"})))


def _promotions(size: int, matching: int) -> Iterator[Promotion]:
    chance = Random(1)
    for number in range(size):
        benefit = Percent(chance.choice([200, 500]))
        made = _near(number, benefit, chance) if number < matching else _far(number, benefit)
        yield made


def _near(number: int, benefit: Percent, chance: Random) -> Promotion:
    """On one of the cart's products, or on the order from an amount on that the cart reaches or not."""
    if number % 2:
        one = Selector(products=frozenset({f"S{number % 10}"}))
        return Promotion(f"p{number}", 1, benefit, target=one, lane="line", age=number)
    condition = Threshold("spend", chance.choice([1_000, 500_000]), OUTDOOR)
    return Promotion(f"p{number}", 1, benefit, condition=condition, target=OUTDOOR, age=number)


def _far(number: int, benefit: Percent) -> Promotion:
    """For another product, category, segment, person or code."""
    targets = [Selector(products=frozenset({f"Z{number}"})), Selector(categories=(f"Away {number}",))]
    if number % 5 < 2:
        return Promotion(f"p{number}", 1, benefit, target=targets[number % 5], age=number)
    names = frozenset({f"N{number}"})
    conditions: list[Condition] = [OneOf("segment", names), OneOf("customer", names), Code(names)]
    return Promotion(f"p{number}", 1, benefit, condition=conditions[number % 5 - 2], age=number)
