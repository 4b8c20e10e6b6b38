"""Promotions for administrators; read only, because they are written over the API and by the use cases."""

from django.contrib import admin

from merchants.administration import ReadOnlyAdmin
from promotions.models import (
    Coupon,
    CouponBatch,
    Exposure,
    LoyaltyProgram,
    Member,
    PointEntry,
    PointLot,
    Promotion,
    PromotionReport,
    PromotionVersion,
    PublishedPrices,
    Redemption,
    RedemptionReturn,
    RedemptionUse,
    Referral,
    ReferralCode,
    Replay,
    Reward,
    RuleSet,
    Tier,
    UseCount,
)


@admin.register(Promotion)
class PromotionAdmin(ReadOnlyAdmin):
    list_display = ("key", "name", "merchant", "status", "uses_limit", "budget", "created_at")
    list_filter = ("status",)
    search_fields = ("key", "name")


@admin.register(PromotionVersion)
class PromotionVersionAdmin(ReadOnlyAdmin):
    list_display = ("promotion", "number", "merchant", "starts_at", "ends_at", "created_at")
    list_select_related = ("merchant", "promotion")


@admin.register(RuleSet)
class RuleSetAdmin(ReadOnlyAdmin):
    list_display = ("id", "merchant", "created_at")


@admin.register(PublishedPrices)
class PublishedPricesAdmin(ReadOnlyAdmin):
    list_display = ("merchant", "published_at")


@admin.register(CouponBatch)
class CouponBatchAdmin(ReadOnlyAdmin):
    list_display = ("key", "name", "merchant", "wanted", "made", "valid_until", "created_at")
    search_fields = ("key", "name")


@admin.register(Coupon)
class CouponAdmin(ReadOnlyAdmin):
    list_display = ("code", "batch", "merchant", "used", "valid_until")
    list_select_related = ("merchant", "batch")
    search_fields = ("=code",)


@admin.register(Redemption)
class RedemptionAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "merchant", "state", "discount", "order_number", "overrun", "created_at")
    list_filter = ("state", "overrun")
    search_fields = ("=order_number",)


@admin.register(RedemptionUse)
class RedemptionUseAdmin(ReadOnlyAdmin):
    list_display = ("promotion", "redemption", "merchant", "code", "amount", "created_at")
    list_select_related = ("merchant", "promotion", "redemption")
    search_fields = ("=code",)


@admin.register(UseCount)
class UseCountAdmin(ReadOnlyAdmin):
    list_display = ("promotion", "window", "merchant", "used", "spent")
    list_select_related = ("merchant", "promotion")


@admin.register(RedemptionReturn)
class RedemptionReturnAdmin(ReadOnlyAdmin):
    list_display = ("reference", "redemption", "merchant", "refund", "created_at")
    list_select_related = ("merchant", "redemption")


@admin.register(LoyaltyProgram)
class LoyaltyProgramAdmin(ReadOnlyAdmin):
    list_display = ("merchant", "is_active", "each", "per", "pending_days", "valid_months", "checked_at", "faults")


@admin.register(Tier)
class TierAdmin(ReadOnlyAdmin):
    list_display = ("key", "name", "merchant", "at_least", "hundredths")


@admin.register(Reward)
class RewardAdmin(ReadOnlyAdmin):
    list_display = ("key", "name", "merchant", "points", "batch", "days", "is_active")
    list_select_related = ("merchant", "batch")


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    list_display = ("customer_id", "merchant", "balance", "pending", "debt", "tier", "tier_since", "tier_until")
    list_select_related = ("merchant", "tier")


@admin.register(PointLot)
class PointLotAdmin(ReadOnlyAdmin):
    list_display = ("key", "kind", "merchant", "points", "pending", "left", "lapsed", "activates_at", "expires_at")
    list_filter = ("kind",)
    search_fields = ("=key",)


@admin.register(PointEntry)
class PointEntryAdmin(ReadOnlyAdmin):
    list_display = ("kind", "lot_id", "merchant", "points", "pending", "created_at")
    list_filter = ("kind",)


@admin.register(ReferralCode)
class ReferralCodeAdmin(ReadOnlyAdmin):
    list_display = ("code", "customer_id", "merchant", "created_at")
    search_fields = ("=code",)


@admin.register(Referral)
class ReferralAdmin(ReadOnlyAdmin):
    list_display = ("referrer_id", "invited_id", "order_id", "merchant", "refusal", "created_at")
    list_filter = ("refusal",)


@admin.register(Replay)
class ReplayAdmin(ReadOnlyAdmin):
    list_display = ("promotion", "version", "merchant", "wanted", "created_at", "finished_at")
    list_select_related = ("merchant", "promotion", "version")


@admin.register(Exposure)
class ExposureAdmin(ReadOnlyAdmin):
    list_display = ("promotion", "arm", "merchant", "amount", "occurred_at")
    list_filter = ("arm",)
    list_select_related = ("merchant", "promotion")


@admin.register(PromotionReport)
class PromotionReportAdmin(ReadOnlyAdmin):
    list_display = ("promotion", "merchant", "figured_at")
    list_select_related = ("merchant", "promotion")
