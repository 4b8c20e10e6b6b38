"""Our engine beside django-oscar's offer applicator: the same cart, the same offers, the same discount, one run.

``python -m bench offers``; ``make bench-promotions`` makes the environment that django-oscar lives in. Both are
measured in processor time, oscar with its database in memory. Offers are percentages of the price before any offer.
Once all of them apply, half on one product, half on the cart from an amount on, which costs oscar a look at every pair
of offers; once at most ten are for products of the cart and no two for one product, which is what oscar does best.
"""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.figures import Figure
from promotions.pricing.definitions import LANES
from promotions.pricing.engine import Decision, evaluate
from promotions.pricing.index import Index
from promotions.pricing.reading import read_cart, read_definitions

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "var" / "peers" / "bin" / "python"
COUNTS = (1, 10, 100)
OUR_ROUNDS = 300
# Prices of full euros of even numbers: half a percent of them is a whole cent, so both round alike.
LINES = [{"sku": f"S{at}", "quantity": 1 + at % 3, "unit_price": 1000 + 200 * at} for at in range(10)]
SKUS = [str(line["sku"]) for line in LINES]


def run() -> list[Figure]:
    """Milliseconds of both, and how many times as long the peer takes; none where its environment is missing."""
    if not PEERS.exists():
        print("  skipped: `make bench-promotions` installs django-oscar beside the shop")
        return []
    return [*_compared("all apply", _together(), rounds=1), *_compared("ten at most can match", _apart(), rounds=5)]


def _compared(name: str, offers: list[dict[str, Any]], *, rounds: int) -> list[Figure]:
    theirs, figures = _theirs(offers, rounds), []
    for count in COUNTS:
        peer, ours = theirs[str(count)], _ours(offers[:count])
        if peer["discount"] != ours["discount"]:
            raise RuntimeError(f"{count} offers are not the same deal: {peer} and {ours}")
        bar = 500 if count == COUNTS[-1] else None
        mine, other = ours["milliseconds"], peer["milliseconds"]
        figures += [
            Figure(f"{count} offers, {name}: ours, p50", mine, "ms"),
            Figure(f"{count} offers, {name}: django-oscar, p50", other, "ms"),
            Figure(f"{count} offers, {name}: django-oscar / ours", other / mine, "times", at_least=bar),
        ]
    return figures


def _together() -> list[dict[str, Any]]:
    """Half a percent each, so that a hundred of them leave half of the price."""
    return [
        _offer([SKUS[at % 10]], 100, exclusive=False) if at % 2 else _offer(SKUS, 5_000, exclusive=False)
        for at in range(COUNTS[-1])
    ]


def _apart() -> list[dict[str, Any]]:
    """One for each product of the cart, all others for products that are not in it."""
    return [_offer([SKUS[at] if at < 10 else f"Z{at}"], 100, exclusive=True) for at in range(COUNTS[-1])]


def _offer(skus: list[str], at_least: int, *, exclusive: bool) -> dict[str, Any]:
    return {"percent": "0.5", "skus": skus, "at_least": at_least, "exclusive": exclusive}


def _theirs(offers: list[dict[str, Any]], rounds: int) -> dict[str, dict[str, float]]:
    given = {"lines": LINES, "offers": offers, "counts": COUNTS, "rounds": rounds}
    script = [str(PEERS), "-W", "ignore", str(ROOT / "bench" / "peers" / "oscar_offers.py")]
    done = subprocess.run(script, input=json.dumps(given), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"django-oscar failed:\n{done.stderr[-2000:]}")
    figures: dict[str, dict[str, float]] = json.loads(done.stdout)
    return figures


def _ours(offers: list[dict[str, Any]]) -> dict[str, float]:
    promotions, _lanes = read_definitions({"promotions": [_definition(*numbered) for numbered in enumerate(offers)]})
    cart = read_cart({"lines": LINES, "at": "2026-11-20T10:00:00+01:00"})
    index, taken = Index(promotions), []
    for _round in range(OUR_ROUNDS):
        begin = time.process_time()
        decision: Decision = evaluate(index, cart, lanes=LANES)
        taken.append((time.process_time() - begin) * 1000)
    return {"milliseconds": median(taken), "discount": decision.discount}


def _definition(number: int, offer: dict[str, Any]) -> dict[str, Any]:
    products = {"products": offer["skus"]}
    return {
        "id": f"p{number}",
        "age": number,
        "basis": "original",
        "when": {"spend": {"at_least": offer["at_least"], "of": products}},
        "target": products,
        "benefit": {"percent": {"percent": offer["percent"]}},
    }
