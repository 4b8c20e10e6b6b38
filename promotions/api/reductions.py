"""What a reduced price has to be measured by, beside every decision that a shopper may be shown (PAngV § 11)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from catalog.queries import lowest_by_sku
from merchants.models import Merchant
from promotions.pricing.cart import Cart
from promotions.pricing.shown import LANE


def with_lowest_prices(
    merchant: Merchant, cart: Cart, decision: Mapping[str, Any], *, at: datetime | None = None
) -> dict[str, Any]:
    """The decision with ``lowest_price_30_days`` of every line, as it was ``at`` a moment, now by default.

    None for a line whose price is not reduced for everybody, neither by the catalogue nor by a promotion.
    """
    lowered = {line for entry in decision["applications"] if entry["lane"] == LANE for line in entry["lines"]}
    reduced = {line.sku for line in cart.lines if line.is_reduced or line.id in lowered}
    lowest = lowest_by_sku(merchant, reduced, at=at)
    told = [line | {"lowest_price_30_days": lowest.get(line["sku"])} for line in decision["lines"]]
    return {**decision, "lines": told}
