"""Answers as people see them: products with titles and reasons."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.models import Product
from recommendations.reasons import reason_text
from recommendations.serving import Recommendation


@dataclass(frozen=True)
class Shown:
    """A recommended product with its reason in words; ``share`` is its score beside the best one's, 0 to 1."""

    product: Product
    reason: str
    share: float


def with_products(merchant_id: int, answer: Recommendation) -> list[Shown]:
    """The answer's products as the catalogue knows them, in the answer's order; one query."""
    skus = {item.sku for item in answer.items} | {item.reason.because for item in answer.items if item.reason.because}
    found = {product.sku: product for product in Product.objects.for_merchant(merchant_id).filter(sku__in=skus)}
    titles = {sku: product.title for sku, product in found.items()}
    best = max((item.score for item in answer.items), default=1.0)
    return [
        Shown(found[item.sku], reason_text(item.reason, titles), item.score / best)
        for item in answer.items
        if item.sku in found
    ]
