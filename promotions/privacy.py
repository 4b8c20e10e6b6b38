"""What promotions hold about people: whose a code is, and what was known of somebody when their cart was decided."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.privacy import (
    Find,
    Outcome,
    Person,
    Rows,
    declare,
    facts,
    mentioning,
    nothing_personal,
    personal,
    register_store,
    scrubbed,
    technical,
    withheld,
)
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
from promotions.queries import guessing
from promotions.queries.people import person_digest

BOOKS = _("What a promotion took off an order belongs to the books (HGB § 257, AO § 147), without the person.")
OFFERS = _("What the shop offers stays, without whoever is named in it.")
CODES = _("A code that was given out stays used or unused, without the person.")
MEASURED = _("How many got a promotion and how many did not stays for its result, without the person.")
PROFILE = _("The profile itself is in the export.")

nothing_personal(Promotion, reason=_("What a shop offers says nothing about who buys."), texts=["key", "name"])
nothing_personal(RuleSet, reason=_("Which versions were active together."))
nothing_personal(PublishedPrices, reason=_("Which versions lower the shown prices."))
nothing_personal(
    CouponBatch,
    reason=_("How codes of a batch look and how long they last."),
    texts=["key", "name", "prefix", "shared_code", "segment"],
)
nothing_personal(LoyaltyProgram, reason=_("How points come and go in a shop."))
nothing_personal(Tier, reason=_("The levels of a programme."), texts=["key", "name", "benefits"])
nothing_personal(Reward, reason=_("What points can be turned into."), texts=["key", "name"])
nothing_personal(UseCount, reason=_("Sums over everybody."), texts=["window"])
nothing_personal(PromotionReport, reason=_("Sums over everybody; no row leads to a person."), texts=["report"])
nothing_personal(
    Replay, reason=_("Sums over past orders, and which orders show them best; people are not named."), texts=["report"]
)

declare(
    PromotionVersion,
    title=_("Offers made for you"),
    find=mentioning("definition"),
    rows=Rows.KEPT,
    reason=OFFERS,
    columns=[
        scrubbed("definition", exported=True),
        technical("id", "merchant", "promotion", "number", "starts_at", "ends_at", "created_at", "created_by"),
    ],
)


def _of_person(prefix: str = "") -> Find:
    """Rows of the profile, and those of carts under one of the person's identifiers before there was a profile."""

    def find(person: Person) -> Q:
        uses = RedemptionUse.objects.for_merchant(person.merchant_id).filter(person__in=_digests(person))
        return Q(**{f"{prefix}customer__in": person.ids}) | Q(**{f"{prefix}pk__in": uses.values("redemption")})

    return find


def _used(person: Person) -> Q:
    return Q(customer__in=person.ids) | Q(person__in=_digests(person))


def _digests(person: Person) -> list[str]:
    return [person_digest(person.merchant_id, value) for value in (*person.addresses, *person.numbers)]


declare(
    Coupon,
    title=_("Your codes"),
    find=lambda person: Q(customer__in=person.ids),
    rows=Rows.KEPT,
    reason=CODES,
    columns=[
        facts("code", "used", "valid_until", "revoked_at", "created_at", reason=CODES),
        withheld("customer", reason=PROFILE),
        technical("id", "merchant", "batch", "is_bound"),
    ],
)
declare(
    Redemption,
    amounts=["discount", "points_value"],
    title=_("Promotions on your carts"),
    find=_of_person(),
    rows=Rows.KEPT,
    reason=BOOKS,
    columns=[
        facts("state", "cart", "discount", "order_number", "evaluated_at", "confirmed_at", "ended_at", reason=BOOKS),
        facts("points_spent", "points_value", "points_back", reason=BOOKS),
        scrubbed("decision", exported=True),
        personal("shopper"),
        withheld("customer", reason=PROFILE),
        technical(
            "id", "merchant", "public_id", "rules", "without", "takings", "order", "has_reservation", "overrun",
            "created_at", "expires_at",
        ),
    ],
)  # fmt: skip
declare(
    RedemptionUse,
    amounts=["amount"],
    title=_("Promotions you used"),
    find=_used,
    rows=Rows.KEPT,
    reason=BOOKS,
    columns=[
        facts("code", "amount", "points", "created_at", reason=BOOKS),
        withheld("customer", "person", reason=PROFILE),
        technical("id", "merchant", "redemption", "promotion", "version", "coupon", "window", "is_counted"),
    ],
)
declare(
    Exposure,
    amounts=["amount"],
    title=_("Promotions whose effect was measured with you"),
    find=lambda person: Q(customer_id__in=person.ids) | Q(person__in=_digests(person)),
    rows=Rows.KEPT,
    reason=MEASURED,
    columns=[
        facts("arm", "amount", "occurred_at", reason=MEASURED),
        personal("customer_id", "person"),
        technical("id", "merchant", "promotion", "redemption"),
    ],
)
declare(
    RedemptionReturn,
    amounts=["refund", "refund_in_all"],
    title=_("Promotions on what you returned"),
    find=_of_person("redemption__"),
    rows=Rows.KEPT,
    reason=BOOKS,
    columns=[
        facts("reference", "units", "refund", "refund_in_all", "created_at", reason=BOOKS),
        technical("id", "merchant", "redemption"),
    ],
)

POINTS = _("The ledger of points stays whole, so that its sums stay true; it leads to nobody any more.")


def _invited(person: Person) -> Q:
    return Q(referrer__in=person.ids) | Q(invited__in=person.ids)


declare(
    Member,
    title=_("Your points and your tier"),
    find=lambda person: Q(customer__in=person.ids),
    rows=Rows.DELETED,
    columns=[
        personal("balance", "pending", "debt", "tier_since", "tier_until", "joined_at"),
        technical("id", "merchant", "customer", "tier"),
    ],
    present=lambda row: {"tier": row.tier.name if row.tier else ""},
    related=["tier"],
)
declare(
    PointLot,
    title=_("Where your points come from"),
    find=lambda person: Q(customer__in=person.ids),
    rows=Rows.KEPT,
    reason=POINTS,
    columns=[
        facts(
            "kind", "points", "pending", "left", "lapsed", "earned_at", "activates_at", "activated_at", "expires_at",
            reason=POINTS,
        ),
        withheld("customer", reason=PROFILE),
        technical("id", "merchant", "key", "order", "terms"),
    ],
)  # fmt: skip
declare(
    PointEntry,
    title=_("Your points, entry by entry"),
    find=lambda person: Q(customer__in=person.ids),
    rows=Rows.KEPT,
    reason=POINTS,
    columns=[
        facts("kind", "points", "pending", "created_at", reason=POINTS),
        personal("reason"),
        withheld("customer", reason=PROFILE),
        technical("id", "merchant", "lot", "order", "redemption", "coupon", "staff"),
    ],
)
declare(
    ReferralCode,
    title=_("Your codes for friends"),
    find=lambda person: Q(customer__in=person.ids),
    rows=Rows.DELETED,
    columns=[personal("code", "created_at"), technical("id", "merchant", "customer")],
)
declare(
    Referral,
    title=_("Whom you invited, or who invited you"),
    find=_invited,
    rows=Rows.DELETED,
    columns=[
        personal("created_at"),
        withheld("refusal", reason=_("Would say something about the other person.")),
        technical("id", "merchant", "referrer", "invited", "order"),
    ],
)


def _forget_tries(person: Person) -> Outcome:
    return Outcome(deleted=guessing.forget(person.merchant_id, [*person.addresses, *person.numbers]))


register_store(
    "promotions.guessing",
    title=_("Tries of codes in Redis"),
    explanation=_("How many codes that do not exist were tried under a digest of the number or address, for a day."),
    erase=_forget_tries,
    rank=17,
)
