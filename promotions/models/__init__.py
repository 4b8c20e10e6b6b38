"""Offers and their versions, codes, what became of them on carts and orders, and loyalty."""

from promotions.models.coupons import Coupon, CouponBatch
from promotions.models.loyalty import LoyaltyProgram, Member, Referral, ReferralCode, Reward, Tier
from promotions.models.measuring import Exposure, PromotionReport, Replay
from promotions.models.offers import Promotion, PromotionVersion, PublishedPrices, RuleSet
from promotions.models.points import PointEntry, PointLot
from promotions.models.redemptions import Redemption, RedemptionReturn, RedemptionUse, UseCount

__all__ = [
    "Coupon",
    "CouponBatch",
    "Exposure",
    "LoyaltyProgram",
    "Member",
    "PointEntry",
    "PointLot",
    "Promotion",
    "PromotionReport",
    "PromotionVersion",
    "PublishedPrices",
    "Redemption",
    "RedemptionReturn",
    "RedemptionUse",
    "Referral",
    "ReferralCode",
    "Replay",
    "Reward",
    "RuleSet",
    "Tier",
    "UseCount",
]
