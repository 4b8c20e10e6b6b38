"""What happened to the catalogue: published in the transaction in which it happened."""

from dataclasses import dataclass

from core.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class ProductsChanged(DomainEvent):
    """Products were created, or something about them is different now."""

    product_ids: list[int]
