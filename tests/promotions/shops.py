"""Promotions that decide in a shop, and carts for it, as short as they are said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from merchants.models import Merchant
from promotions.actions.coupons import BatchData, create_batch, fill_batch
from promotions.actions.offers import PromotionData, VersionData, activate_promotion, create_promotion
from promotions.deciding import Basket
from promotions.models import Coupon, CouponBatch, Promotion


def launch(
    merchant: Merchant,
    key: str,
    benefit: dict[str, Any],
    *,
    limits: dict[str, Any] | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    **said: Any,
) -> Promotion:
    """An active promotion; ``said`` is what else its definition says."""
    version = VersionData(definition={"benefit": benefit, **said}, starts_at=starts_at, ends_at=ends_at)
    data = PromotionData(key=key, name=key.title(), version=version, limits=limits or {})
    return activate_promotion(create_promotion(merchant, data))


def percent(number: str = "10", **more: Any) -> dict[str, Any]:
    return {"percent": {"percent": number, **more}}


def amount(minor: int) -> dict[str, Any]:
    return {"amount": {"amount": minor}}


def lines(*said: tuple[int, int], **facts: Any) -> list[dict[str, Any]]:
    """``lines((2, 1000))`` are two units at 10.00."""
    return [
        {"sku": f"S-{number}", "quantity": quantity, "unit_price": price, **facts}
        for number, (quantity, price) in enumerate(said, start=1)
    ]


def basket(*said: tuple[int, int], codes: tuple[str, ...] = (), **who: Any) -> Basket:
    return Basket(lines=lines(*said), codes=codes, **who)


def coupons(merchant: Merchant, key: str = "WELCOME", count: int = 1, **said: Any) -> list[Coupon]:
    """A batch with its codes."""
    batch: CouponBatch = create_batch(merchant, BatchData(key=key, name=key.title(), count=count, **said))
    people = batch.job.parameters["customers"] if batch.job else ()
    fill_batch(batch, customers=people)
    return list(Coupon.objects.for_merchant(merchant).filter(batch=batch).select_related("batch").order_by("pk"))
