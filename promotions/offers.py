"""What there is for one person: promotions that name them or a segment of theirs, and codes of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from merchants.models import Merchant
from promotions import active
from promotions.active import Rules
from promotions.measuring.drawing import HELD_OUT, held_out, person_of
from promotions.models import Coupon
from promotions.pricing.engine import codes_of
from promotions.queries.people import Known, know
from promotions.queries.usage import usage_of


@dataclass(frozen=True)
class PersonalOffer:
    kind: str  # promotion, segment, code
    promotion: str
    name: str
    code: str
    valid_until: datetime | None


def offers_for(merchant: Merchant, external_id: str, *, at: datetime) -> list[PersonalOffer] | None:
    """None for somebody we do not know. What is used up or expired is left out; the first to expire comes first."""
    rules, at = active.current(merchant.pk), at.astimezone(merchant.tz)
    known = know(
        merchant,
        external_id=external_id,
        email="",
        at=at,
        profiling=lambda customer_id: active.may_profile(merchant.pk, customer_id),
    )
    if known.customer is None:
        return None
    found = [*_promotions(merchant, rules, known, at), *_codes(merchant, rules, known, at)]
    return sorted(found, key=lambda offer: (offer.valid_until is None, offer.valid_until or at, offer.promotion))


def _promotions(merchant: Merchant, rules: Rules, known: Known, at: datetime) -> list[PersonalOffer]:
    index = rules.index_at(at)
    keys = {("customer", known.shopper.get("id", "")): "promotion"}
    keys |= {("segment", segment): "segment" for segment in known.shopper.get("segments", ())}
    named = {promotion.id: kind for key, kind in reversed(keys.items()) for promotion in index.under(key)}
    used_up = usage_of(merchant, list(named), known, at).used_up
    person = person_of(known, profiling=lambda customer_id: active.may_profile(merchant.pk, customer_id))
    held = held_out(merchant.pk, (rules.offers[key].promotion for key in named), person)
    used_up |= {promotion.id: HELD_OUT for promotion in held}
    return [
        PersonalOffer(kind, key, rules.offers[key].promotion.name, "", rules.offers[key].ends_at)
        for key, kind in named.items()
        if key not in used_up
    ]


def _codes(merchant: Merchant, rules: Rules, known: Known, at: datetime) -> list[PersonalOffer]:
    rows = Coupon.objects.for_merchant(merchant).usable(at).filter(customer=known.customer, is_bound=True)
    coupons = list(rows.select_related("batch").order_by("pk")[:100])
    return [_code(rules, coupon, at) for coupon in coupons]


def _code(rules: Rules, coupon: Coupon, at: datetime) -> PersonalOffer:
    under = rules.index_at(at).under(("code", coupon.batch.token))
    promotion = next((entry for entry in under if coupon.batch.token in codes_of(entry)), None)
    key = promotion.id if promotion else ""
    ends = [coupon.valid_until, coupon.batch.valid_until, rules.offers[key].ends_at if key else None]
    name = promotion.name if promotion and promotion.name else coupon.batch.name
    return PersonalOffer("code", key, name, coupon.code, min(filter(None, ends), default=None))
