"""``python -m promotions.evaluate DEFINITIONS.json CART.json``: the decision of any promotions on any cart, as JSON.

Needs no database and no settings. Exit status 2 for a document that cannot be read, with the place and what is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from promotions.pricing.engine import evaluate
from promotions.pricing.index import Index
from promotions.pricing.reading import Unreadable, read_cart, read_definitions
from promotions.pricing.writing import decision_json


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m promotions.evaluate", description="Try promotions on a cart.")
    parser.add_argument("definitions", type=Path, help='{"promotions": […]}, see promotions/pricing/schema.json')
    parser.add_argument("cart", type=Path, help='{"lines": […], "at": …}')
    paths = parser.parse_args(arguments)
    try:
        promotions, lanes = read_definitions(_load(paths.definitions))
        cart = read_cart(_load(paths.cart))
    except Unreadable as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201  # a command speaks
        return 2
    decision = evaluate(Index(promotions), cart, lanes=lanes)
    print(json.dumps(decision_json(decision), indent=2, ensure_ascii=False))  # noqa: T201
    return 0


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise Unreadable(str(path), str(error) or type(error).__name__) from error


if __name__ == "__main__":
    sys.exit(main())
