"""Addresses of the promotions app (below ``/api/v1/``)."""

from django.urls import URLPattern, path

import core.api.converters  # noqa: F401  # registers the converters ``key`` and ``long_key``
from promotions.api import coupons, evaluation, offers, redemptions

api_urlpatterns: list[URLPattern] = [
    path("promotions", offers.PromotionsView.as_view(), name="api_promotions"),
    path("promotions/evaluate", evaluation.EvaluateView.as_view(), name="api_evaluate"),
    path("promotions/schema", evaluation.SchemaView.as_view(), name="api_promotion_schema"),
    path("promotions/<slug:key>", offers.PromotionView.as_view(), name="api_promotion"),
    path("promotions/<slug:key>/versions", offers.VersionsView.as_view(), name="api_promotion_versions"),
    path("promotions/<slug:key>/activate", offers.ActivationView.as_view(), name="api_promotion_activate"),
    path("promotions/<slug:key>/pause", offers.PauseView.as_view(), name="api_promotion_pause"),
    path("promotions/<slug:key>/end", offers.EndView.as_view(), name="api_promotion_end"),
    path("promotions/<slug:key>/limits", offers.LimitsView.as_view(), name="api_promotion_limits"),
    # Before the customer itself: its id may hold slashes.
    path("customers/<long_key:external_id>/offers", evaluation.OffersView.as_view(), name="api_customer_offers"),
    path("coupon-batches", coupons.BatchesView.as_view(), name="api_coupon_batches"),
    path("coupon-batches/<slug:key>", coupons.BatchView.as_view(), name="api_coupon_batch"),
    path("coupon-batches/<slug:key>/codes", coupons.BatchCodesView.as_view(), name="api_coupon_codes"),
    path("coupon-batches/<slug:key>/coupons", coupons.MintView.as_view(), name="api_coupon_mint"),
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
