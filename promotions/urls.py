"""Addresses of the promotions app: screens, and operations below ``/api/v1/``."""

from django.urls import URLPattern, path

import core.api.converters  # noqa: F401  # registers the converters ``key`` and ``long_key``
from promotions.api import checks, coupons, evaluation, loyalty, offers, redemptions
from promotions.views import coupons as coupon_views
from promotions.views import editing, life, proving, trying
from promotions.views import loyalty as views
from promotions.views import offers as offer_views

urlpatterns: list[URLPattern] = [
    path("promotions/", offer_views.promotion_list, name="promotion_list"),
    path("promotions/new", editing.promotion_add, name="promotion_add"),
    path("promotions/suggest", editing.promotion_suggest, name="promotion_suggest"),
    path("promotions/check", proving.promotion_check, name="promotion_check"),
    path("promotions/<int:pk>", offer_views.promotion_detail, name="promotion_detail"),
    path("promotions/<int:pk>/edit", editing.promotion_edit, name="promotion_edit"),
    path("promotions/<int:pk>/publish", life.promotion_publish, name="promotion_publish"),
    path("promotions/<int:pk>/pause", life.promotion_pause, name="promotion_pause"),
    path("promotions/<int:pk>/end", life.promotion_end, name="promotion_end"),
    path("promotions/<int:pk>/duplicate", life.promotion_duplicate, name="promotion_duplicate"),
    path("promotions/<int:pk>/limits", life.promotion_limits, name="promotion_limits"),
    path("promotions/<int:pk>/try", trying.promotion_try, name="promotion_try"),
    path("promotions/<int:pk>/versions", life.promotion_versions, name="promotion_versions"),
    path("promotions/<int:pk>/versions/bring-back", life.promotion_bring_back, name="promotion_bring_back"),
    path("promotions/<int:pk>/replay", proving.promotion_replay, name="promotion_replay"),
    path("promotions/<int:pk>/replay/start", proving.promotion_replay_start, name="promotion_replay_start"),
    path("promotions/<int:pk>/results", proving.promotion_results, name="promotion_results"),
    path("promotions/<int:pk>/results/figure", proving.promotion_figure, name="promotion_figure"),
    path("coupons/", coupon_views.coupon_list, name="coupon_list"),
    path("coupons/new", coupon_views.coupon_add, name="coupon_add"),
    path("coupons/code", coupon_views.coupon_lookup, name="coupon_lookup"),
    path("coupons/abuse", coupon_views.coupon_abuse, name="coupon_abuse"),
    path("coupons/<int:pk>", coupon_views.coupon_detail, name="coupon_detail"),
    path("coupons/<int:pk>/export", coupon_views.coupon_export, name="coupon_export"),
    path("coupons/<int:pk>/revoke", coupon_views.coupon_revoke, name="coupon_revoke"),
    path("coupons/codes/<int:pk>/revoke", coupon_views.coupon_code_revoke, name="coupon_code_revoke"),
    path("loyalty/", views.loyalty, name="loyalty"),
    path("loyalty/ledger", views.loyalty_ledger, name="loyalty_ledger"),
    path("loyalty/ledger/check", views.loyalty_check, name="loyalty_check"),
    path("loyalty/set-up", views.loyalty_setup, name="loyalty_setup"),
    path("loyalty/levels", views.loyalty_levels, name="loyalty_levels"),
    path("loyalty/tiers/new", views.tier_add, name="tier_add"),
    path("loyalty/tiers/<int:pk>", views.tier_edit, name="tier_edit"),
    path("loyalty/tiers/<int:pk>/delete", views.tier_delete, name="tier_delete"),
    path("loyalty/rewards/new", views.reward_add, name="reward_add"),
    path("loyalty/rewards/<int:pk>/withdraw", views.reward_withdraw, name="reward_withdraw"),
    path("loyalty/members/<int:pk>", views.loyalty_member, name="loyalty_member"),
    path("loyalty/members/<int:pk>/adjust", views.loyalty_adjust, name="loyalty_adjust"),
]

api_urlpatterns: list[URLPattern] = [
    path("promotions", offers.PromotionsView.as_view(), name="api_promotions"),
    path("promotions/evaluate", evaluation.EvaluateView.as_view(), name="api_evaluate"),
    path("promotions/check", checks.CheckView.as_view(), name="api_promotion_check"),
    path("promotions/schema", evaluation.SchemaView.as_view(), name="api_promotion_schema"),
    path("promotions/<slug:key>", offers.PromotionView.as_view(), name="api_promotion"),
    path("promotions/<slug:key>/versions", offers.VersionsView.as_view(), name="api_promotion_versions"),
    path("promotions/<slug:key>/activate", offers.ActivationView.as_view(), name="api_promotion_activate"),
    path("promotions/<slug:key>/pause", offers.PauseView.as_view(), name="api_promotion_pause"),
    path("promotions/<slug:key>/end", offers.EndView.as_view(), name="api_promotion_end"),
    path("promotions/<slug:key>/limits", offers.LimitsView.as_view(), name="api_promotion_limits"),
    # Before the customer itself: its id may hold slashes.
    path("customers/<long_key:external_id>/offers", evaluation.OffersView.as_view(), name="api_customer_offers"),
    path("loyalty", loyalty.ProgrammeView.as_view(), name="api_loyalty"),
    path("customers/<long_key:external_id>/loyalty", loyalty.AccountView.as_view(), name="api_points"),
    path("customers/<long_key:external_id>/loyalty/entries", loyalty.StatementView.as_view(), name="api_statement"),
    path("customers/<long_key:external_id>/loyalty/rewards", loyalty.RewardsView.as_view(), name="api_reward"),
    path("customers/<long_key:external_id>/loyalty/deeds", loyalty.DeedsView.as_view(), name="api_deed"),
    path(
        "customers/<long_key:external_id>/loyalty/referral-code",
        loyalty.ReferralCodeView.as_view(),
        name="api_referral_code",
    ),
    path("coupon-batches", coupons.BatchesView.as_view(), name="api_coupon_batches"),
    path("coupon-batches/<slug:key>", coupons.BatchView.as_view(), name="api_coupon_batch"),
    path("coupon-batches/<slug:key>/revoke", coupons.BatchRevocationView.as_view(), name="api_coupon_batch_revoke"),
    path("coupon-batches/<slug:key>/codes", coupons.BatchCodesView.as_view(), name="api_coupon_codes"),
    path("coupon-batches/<slug:key>/coupons", coupons.MintView.as_view(), name="api_coupon_mint"),
    path("coupons/<key:code>/revoke", coupons.CouponRevocationView.as_view(), name="api_coupon_revoke"),
    path("coupons/<key:code>", coupons.CouponView.as_view(), name="api_coupon"),
    path("reservations", redemptions.ReservationsView.as_view(), name="api_reservations"),
    path("reservations/<uuid:reservation_id>", redemptions.ReservationView.as_view(), name="api_reservation"),
    path("reservations/<uuid:reservation_id>/confirm", redemptions.ConfirmationView.as_view(), name="api_confirm"),
    path("reservations/<uuid:reservation_id>/release", redemptions.ReleaseView.as_view(), name="api_release"),
    path(
        "redemptions/<uuid:reservation_id>/returns",
        redemptions.RedemptionReturnsView.as_view(),
        name="api_redemption_returns",
    ),
]
