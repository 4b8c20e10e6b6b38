"""Audiences on Online Retail: how many of a product's buyers of the next 30 days are among the likeliest tenth.

python -m bench.audience [CUT]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from bench.online_retail import CUT, interactions
from recommendations.engines import audience
from recommendations.engines.als import Als
from recommendations.engines.blend import Model
from recommendations.engines.history import History
from recommendations.engines.interactions import Interactions
from recommendations.engines.item_knn import ItemKnn

PRODUCTS, FEWEST_BUYERS, DAYS = 300, 20, 30
MIXES = {
    "history": {"history": 1.0, "item_knn": 0.0, "als": 0.0},
    "item_knn": {"history": 0.0, "item_knn": 1.0, "als": 0.0},
    "als": {"history": 0.0, "item_knn": 0.0, "als": 1.0},
    "together": dict(audience.WEIGHTS),
}


def main(cut: datetime) -> None:
    model = Model.fit(interactions(cut), (History, Als, ItemKnn))
    known, later = interactions(cut), interactions(cut + timedelta(days=DAYS))
    bought: dict[int, set[int]] = {}
    for product, customer, age in zip(later.product, later.customer, later.age, strict=True):
        if customer >= 0 and age < DAYS:
            bought.setdefault(int(later.product_ids[product]), set()).add(int(later.customer_ids[customer]))
    chosen = sorted(bought, key=lambda pk: (-len(bought[pk]), pk))
    chosen = [pk for pk in chosen if len(bought[pk]) >= FEWEST_BUYERS and pk in set(known.product_ids.tolist())][
        :PRODUCTS
    ]
    print(f"{len(chosen)} products, {known.shape[0]} customers, cut {cut:%Y-%m-%d}")
    for name, weights in MIXES.items():
        audience.WEIGHTS.update(weights)
        print(f"{name:10} recall in the likeliest tenth {_recall(model, known, bought, chosen):.3f}")
    for sharpness in (0.5, 0.78, 1.0, 1.5):
        audience.SHARPNESS = sharpness
        expected, found = _expected(model, known, bought, chosen)
        print(f"sharpness {sharpness}: expected in the tenth {expected:.3f} of the buyers, found {found:.3f}")


def _recall(model: Model, known: Interactions, bought: dict[int, set[int]], chosen: list[int]) -> float:
    return float(np.mean([share for share, _ in _shares(model, known, bought, chosen)]))


def _expected(model: Model, known: Interactions, bought: dict[int, set[int]], chosen: list[int]) -> tuple[float, float]:
    rows = list(_shares(model, known, bought, chosen))
    return float(np.mean([expected for _, expected in rows])), float(np.mean([share for share, _ in rows]))


def _shares(
    model: Model, known: Interactions, bought: dict[int, set[int]], chosen: list[int]
) -> Iterator[tuple[float, float]]:
    ids, people = known.product_ids, known.customer_ids
    known_people = set(people.tolist())
    for pk in chosen:
        scores = audience.likelihoods(model, int(np.searchsorted(ids, pk)))
        buyers = bought[pk] & known_people
        tenth = audience.best_people(scores, len(scores) // 10)
        hits = len(buyers & set(people[tenth].tolist()))
        expected = audience.chances(scores, len(buyers))[tenth].sum() / max(len(buyers), 1)
        yield hits / max(len(buyers), 1), float(expected)


if __name__ == "__main__":
    main(datetime.fromisoformat(sys.argv[1]).replace(tzinfo=UTC) if sys.argv[1:] else CUT)
