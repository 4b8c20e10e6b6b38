"""Products that nobody has bought yet: do people get shown those that they will buy, and what does knowing titles cost?

``python -m bench.newcomers``; needs no server. Asked of Online Retail: a customer's first invoice after a cut, as far as it holds products
whose first sale comes after it, ranked among all of these. Chance ranks them
at random.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from bench.big_world import world
from bench.figures import Figure
from bench.online_retail import END, interactions
from recommendations.engines.blend import best
from recommendations.engines.content import Content
from recommendations.engines.history import History
from recommendations.engines.interactions import Interactions
from recommendations.engines.interface import Context, Floats, Ints

CUTS = tuple(datetime(2011, month, day, tzinfo=UTC) for month, day in ((6, 13), (7, 13), (8, 12), (10, 11)))
DEPTH, DAYS = 10, 28.0
SEED = 20_261_126


def run() -> list[Figure]:
    """Hit rates per cut, then size and time at 20,000 products."""
    return [figure for cut in CUTS for figure in _hits(cut)] + costs()


def _hits(cut: datetime) -> list[Figure]:
    whole = interactions()
    days = (END - cut) / timedelta(days=1)
    known = whole.older_than(days - DAYS)
    past = known.older_than(DAYS)
    unsold = np.bincount(past.product, minlength=past.shape[1]) == 0
    soon = known.where((known.age <= DAYS) & (known.customer >= 0) & unsold[known.product])
    launched = np.bincount(soon.product, minlength=past.shape[1]) > 0
    content, history = Content.fit(past), History.fit(past)
    random, found = np.random.default_rng(SEED), []
    for customer in np.unique(soon.customer):
        anchors, weights = history.of(int(customer))
        if len(anchors):
            wanted = np.unique(soon.product[soon.customer == customer])
            context = Context(int(customer), anchors[:100], weights[:100])
            found.append(_hit(content.scores(context), launched, wanted, random))
    hits, chance = np.array(found, np.float64).mean(axis=0)
    name = f"{cut:%Y-%m-%d}, {len(found)} people, {int(launched.sum())} products first sold in 28 days"
    return [Figure(f"{name}: content, HR@10", float(hits)), Figure(f"{name}: chance, HR@10", float(chance))]


def _hit(scores: Floats | None, launched: np.ndarray, wanted: Ints, random: np.random.Generator) -> tuple[bool, bool]:
    """Whether one of the wanted is among the ten best of the launched: by content, and by chance."""
    assert scores is not None
    by_chance = random.choice(np.flatnonzero(launched), min(DEPTH, int(launched.sum())), replace=False)
    return bool(np.isin(best(scores * launched, DEPTH), wanted).any()), bool(np.isin(by_chance, wanted).any())


def costs() -> list[Figure]:
    """At 20,000 products with made-up titles, of which most hardly sell."""
    shop = titled(world())
    begin = time.process_time()
    engine = Content.fit(shop)
    fitted = time.process_time() - begin
    history = History.fit(shop)
    taken = []
    for customer in range(0, 2_000, 10):
        anchors, weights = history.of(customer)
        context = Context(customer, anchors[:100], weights[:100])
        begin = time.thread_time()
        engine.scores(context)
        taken.append((time.thread_time() - begin) * 1000)
    size = sum(array.nbytes for array in engine.arrays().values())
    hardly = int((engine.sold < 5).sum())
    return [
        Figure(f"20,000 products, {hardly} that hardly sell: learning, CPU", fitted, "s"),
        Figure("artefact", size / 1e6, "MB", at_most=4.0),
        Figure("scores, p50", float(np.median(taken)), "ms", at_most=0.5),
    ]


def titled(shop: Interactions) -> Interactions:
    """With titles of a kind, a colour, a material and a number, and prices."""
    random = np.random.default_rng(SEED)
    kinds = [f"{one}{two}" for one in ("Garten", "Tee", "Wander", "Kopf", "Wand", "Küchen") for two in _endings(random)]
    colours, materials = ("rot", "blau", "grün", "gelb", "weiß"), ("Holz", "Metall", "Glas", "Leinen", "Leder")
    titles = tuple(
        f"{random.choice(kinds)} {random.choice(colours)} {random.choice(materials)} {number}"
        for number in range(shop.shape[1])
    )
    return replace(shop, titles=titles, prices=random.uniform(5, 100, shop.shape[1]).astype(np.float32))


def _endings(random: np.random.Generator) -> list[str]:
    return ["".join(random.choice(list("aeioulnrst"), 5)) for _ in range(30)]


if __name__ == "__main__":
    for figure in run():
        print(figure.line())
