"""Bodies of requests, as docs/api.md shows them."""

from typing import Any

CART: dict[str, Any] = {
    "lines": [{"sku": "84029E", "quantity": 2, "unit_price": 1990, "categories": ["Sun care › Lotion"]}],
    "codes": ["summer"],
    "shopper": {"id": "c-2001"},
}
PROMOTION: dict[str, Any] = {
    "key": "sun-20",
    "name": "20 % on sun care",
    "definition": {
        "lane": "line",
        "when": {"code": ["SUMMER"]},
        "target": {"categories": ["Sun care"]},
        "benefit": {"percent": {"percent": "20", "cap": 3000}},
    },
    "limits": {"uses_limit": 1000, "uses_per_customer": 1, "budget": 500000},
}
VERSION: dict[str, Any] = {"definition": PROMOTION["definition"] | {"priority": 10}}
RESERVATION: dict[str, Any] = {"cart": CART, "expected_total": 3184, "minutes": 30}
RETURN: dict[str, Any] = {"reference": "R-1", "lines": [{"line": "1", "quantity": 1}]}
BATCH: dict[str, Any] = {"key": "WELCOME", "name": "Welcome codes", "count": 10000, "prefix": "HI-"}
REWARD: dict[str, Any] = {"reward": "five-off"}
DEED: dict[str, Any] = {"deed": "review", "reference": "review-77"}
