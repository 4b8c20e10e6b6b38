"""Offers and their versions, codes, and what became of them on carts and orders."""

from promotions.models.coupons import Coupon, CouponBatch
from promotions.models.offers import Promotion, PromotionVersion, RuleSet
from promotions.models.redemptions import Redemption, RedemptionReturn, RedemptionUse, UseCount

__all__ = [
    "Coupon",
    "CouponBatch",
    "Promotion",
    "PromotionVersion",
    "Redemption",
    "RedemptionReturn",
    "RedemptionUse",
    "RuleSet",
    "UseCount",
]
