"""From a cart as a storefront sends it to the decision on it, with all it rests on. Reads only; nothing is booked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog.models import Product
from core.errors import InvalidInput
from customers.models import Customer
from merchants.models import Merchant
from orders.models import Order
from promotions import active
from promotions.active import Offer, Rules
from promotions.measuring.drawing import HELD_OUT, held_out, person_of
from promotions.models import Coupon, Redemption
from promotions.pricing.cart import Cart
from promotions.pricing.definitions import Promotion, ReturnPolicy
from promotions.pricing.engine import Decision, codes_of, evaluate, evaluate_among, unknown_codes
from promotions.pricing.index import Index
from promotions.pricing.ledger import Application, Ledger, Taking
from promotions.pricing.reading import Unreadable, known_cart
from promotions.pricing.writing import decision_json
from promotions.queries.coupons import Codes, find_codes
from promotions.queries.people import Known, know, of_customer
from promotions.queries.usage import Usage, usage_of


@dataclass(frozen=True, kw_only=True)
class Basket:
    """A cart as it came. ``facts`` are those of ``schema.json`` but lines, codes, moment and person."""

    lines: Sequence[Mapping[str, Any]]
    codes: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    external_id: str = ""
    email: str = ""
    customer: Customer | None = None
    # The shopper's own address in the network, where the shop says it: counts tries of codes, and nothing else.
    ip: str = ""
    # Loyalty points to pay with, at most; they take nothing off a price.
    points: int = 0
    # How many orders the person had placed by then; None: as many as they have.
    earlier_orders: int | None = None


@dataclass(frozen=True)
class Deal:
    """A decision and what it was made from.

    ``without``: promotions that are used up or that the person is held out of, by their key, and why. ``held``: the
    latter. ``budgets``: what limited ones may still take off.
    """

    rules: Rules
    document: dict[str, Any]
    known: Known
    codes: Codes
    without: dict[str, str]
    decision: Decision
    at: datetime
    held: tuple[Promotion, ...] = ()
    budgets: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return told(self.decision, _names(self.codes.coupons), self.codes.refused, self.without)

    def stored_cart(self) -> dict[str, Any]:
        """The cart without the person, as a redemption keeps it."""
        return {"cart": self.document, "coupons": _names(self.codes.coupons), "refused": self.codes.refused}

    @property
    def applied(self) -> list[tuple[Offer, Application]]:
        return [(self.rules.offers[entry.promotion.id], entry) for entry in self.decision.applications]

    def coupons_of(self, entry: Application) -> list[Coupon]:
        """The coupons without which this promotion would not have applied."""
        return [coupon for token, coupon in self.codes.coupons.items() if token in codes_of(entry.promotion)]

    def codes_behind(self, entry: Application) -> list[str]:
        """The codes on the cart that this promotion asks for, as they were given."""
        asked, coupons = codes_of(entry.promotion), self.codes.coupons
        return [coupons[code].code if code in coupons else code for code in self.codes.given if code in asked]


@dataclass(frozen=True)
class Trial:
    """A version that is tried: ``alone``, else in its place among what is active. None: what is active without it."""

    key: str
    promotion: Promotion | None = None
    alone: bool = False

    def among(self, candidates: Sequence[Promotion]) -> list[Promotion]:
        others = [] if self.alone else [entry for entry in candidates if entry.id != self.key]
        tried = [self.promotion] if self.promotion else []
        return sorted([*others, *tried], key=lambda entry: entry.order)


def _names(coupons: Mapping[str, Coupon]) -> dict[str, str]:
    return {token: coupon.code for token, coupon in coupons.items()}


def decide(
    merchant: Merchant,
    basket: Basket,
    *,
    at: datetime,
    without: Mapping[str, str] | None = None,
    lenient: bool = False,
    trial: Trial | None = None,
) -> Deal:
    """The deal on this cart; ``without`` leaves promotions out, ``lenient`` looks at no limit and no validity of codes.

    ``trial`` looks at a version as if it were active, whatever its period. Raises InvalidInput for a cart that cannot be.
    """
    at = at.astimezone(merchant.tz)
    rules = active.current(merchant.pk)
    known = _know(merchant, basket, at)
    codes = find_codes(merchant, basket.codes, known, at, lenient=lenient)
    document = {**basket.facts, "lines": _complete(merchant, basket.lines), "at": at.isoformat(), "codes": codes.given}
    if rate := active.points_rate(merchant.pk):
        document["points"] = dict(zip(("each", "per"), rate, strict=True))
    cart = _cart(document, known)
    candidates = rules.index_at(at).candidates(cart)
    if trial:
        candidates = trial.among(candidates)
    keys = [promotion.id for promotion in candidates]
    usage = Usage() if lenient else usage_of(merchant, keys, known, at)
    out = {key: reason for key, reason in (usage.used_up | dict(without or {})).items() if key in keys}
    person = "" if lenient else person_of(known, profiling=lambda pk: active.may_profile(merchant.pk, pk))
    held = held_out(merchant.pk, (entry for entry in candidates if entry.id not in out), person)
    out |= {promotion.id: HELD_OUT for promotion in held}
    while True:
        decision = evaluate_among([entry for entry in candidates if entry.id not in out], cart)
        beyond = _beyond(decision, usage)
        if not beyond:
            codes = _idle_refused(codes, decision, [entry for entry in candidates if entry.id in out])
            return Deal(rules, document, known, codes, out, decision, at, held, usage.budgets)
        out |= beyond


def _idle_refused(codes: Codes, decision: Decision, without: Sequence[Promotion]) -> Codes:
    """With codes refused that do exist, though nothing asks for them now: they are no guesses.

    ``used_up``: of a promotion that was left out; ``not_active``: of a batch whose promotions do not run.
    """
    asked = {code for entry in without for code in codes_of(entry)}
    idle = {
        codes.coupons[code].code if code in codes.coupons else code: "used_up" if code in asked else "not_active"
        for code in unknown_codes(decision)
        if code in asked or code in codes.coupons
    }
    return replace(codes, refused=codes.refused | idle) if idle else codes


def shared_codes(merchant_id: int) -> frozenset[str]:
    """Codes that one promotion or another asks for and everybody may know: those that are in no batch."""
    offers = active.current(merchant_id).offers.values()
    return frozenset(code for offer in offers for code in codes_of(offer.promotion) if not code.startswith("@"))


def _beyond(decision: Decision, usage: Usage) -> dict[str, str]:
    """What would take off more than its budget still holds."""
    taken = {entry.promotion.id: entry.taking.amount for entry in decision.applications}
    return {key: "budget" for key, left in usage.budgets.items() if taken.get(key, 0) > left}


def _know(merchant: Merchant, basket: Basket, at: datetime) -> Known:
    def may(customer_id: int) -> bool:
        return active.may_profile(merchant.pk, customer_id)

    if basket.customer:
        known = of_customer(basket.customer, at=at, profiling=may, external_id=basket.external_id)
    else:
        known = know(merchant, external_id=basket.external_id, email=basket.email, at=at, profiling=may)
    if basket.earlier_orders is None:
        return known
    return replace(known, shopper=known.shopper | {"orders": basket.earlier_orders})


def _cart(document: Mapping[str, Any], known: Known) -> Cart:
    try:
        return known_cart({**document, "shopper": known.shopper})
    except Unreadable as error:
        raise InvalidInput("invalid_cart", error.problem, field=error.path) from error


def _complete(merchant: Merchant, lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a line leaves out is as in the catalogue; one query."""
    skus = {line["sku"] for line in lines}
    rows = Product.objects.for_merchant(merchant).filter(sku__in=skus).select_related("category").defer("description")
    products = {row.sku: line_facts(row) for row in rows}
    numbered = []
    for number, line in enumerate(lines, start=1):
        facts = {"id": str(number)} | products.get(line["sku"], {}) | dict(line)
        if "unit_price" not in facts:
            raise InvalidInput(
                "price_missing",
                f"The catalogue does not know {line['sku']}: say its unit_price.",
                field=f"lines.{number - 1}.unit_price",
            )
        numbered.append(facts)
    return numbered


def line_facts(product: Product) -> dict[str, Any]:
    """What a line says of this product; its category is read."""
    rate = (product.tax_rate * 100).quantize(Decimal("0.01"))
    facts: dict[str, Any] = {"unit_price": product.price, "tax_rate": str(rate), "tags": list(product.tags)}
    if product.category:
        facts["categories"] = [product.category.path]
    if product.brand:
        facts["brand"] = product.brand
    if product.list_price is not None:
        facts["list_price"] = product.list_price
    return facts


def order_basket(order: Order) -> Basket:
    """The cart that an order was, as far as the order tells."""
    facts: dict[str, Any] = {
        "currency": order.currency,
        "shipping": order.shipping,
        "channel": order.channel,
        "payment_method": order.payment_method,
        "country": order.country,
    }
    lines = [
        {
            "sku": line.product.sku,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "tax_rate": str((line.tax_rate * 100).quantize(Decimal("0.01"))),
        }
        for line in order.lines.select_related("product")
    ]
    return Basket(lines=lines, codes=order.coupon_codes, facts=facts, customer=order.customer, email=order.email)


# --- as it is told ---------------------------------------------------------------------------------------------------


def told(
    decision: Decision, coupons: Mapping[str, str], refused: Mapping[str, str], without: Mapping[str, str]
) -> dict[str, Any]:
    """The decision as JSON: codes as they were given, refused ones with the reason, used-up promotions explained.

    ``held_out`` names promotions that the person does not get so that their effect can be measured; it is there only
    where there are such.
    """
    said = decision_json(decision)
    codes = {state: [coupons.get(code, code) for code in listed] for state, listed in said["codes"].items()}
    codes["unknown"] = [code for code in codes["unknown"] if code not in refused]
    codes["refused"] = [{"code": code, "reason": reason} for code, reason in sorted(refused.items())]
    used_up = [
        {"promotion": key, "status": "used_up", "limit": reason}
        for key, reason in sorted(without.items())
        if reason != HELD_OUT
    ]
    held = sorted(key for key, reason in without.items() if reason == HELD_OUT)
    return said | {"codes": codes, "used_up": used_up} | ({"held_out": held} if held else {})


# --- again -----------------------------------------------------------------------------------------------------------


def decide_again(redemption: Redemption) -> dict[str, Any]:
    """The decision as it was made, made again from what was stored: equal to the byte to ``redemption.decision``."""
    rules = active.rules_of(redemption.merchant_id, redemption.rules_id)
    cart = stored_cart(redemption)
    decision = evaluate(_index(redemption, rules, cart), cart)
    return told(decision, redemption.cart["coupons"], redemption.cart["refused"], redemption.without)


def stored_cart(redemption: Redemption) -> Cart:
    return known_cart({**redemption.cart["cart"], "shopper": redemption.shopper or {}})


def _index(redemption: Redemption, rules: Rules, cart: Cart) -> Index:
    """The promotions as they stood for this cart."""
    candidates = rules.index_at(cart.at).candidates(cart)
    return Index(entry for entry in candidates if entry.id not in redemption.without)


def takings_json(decision: Decision) -> list[dict[str, Any]]:
    """What every promotion took off every line and unit, as it is stored."""
    return [
        {
            "promotion": entry.promotion.id,
            "lines": {str(at): amount for at, amount in entry.taking.lines.items()},
            "units": {str(at): shares for at, shares in entry.taking.units.items()},
            "shipping": entry.taking.shipping,
            "points": entry.taking.points,
        }
        for entry in decision.applications
    ]


def booked(redemption: Redemption) -> tuple[Decision, Index]:
    """The deal as it was booked, and the promotions as they stood, for refunds.

    When the person was erased nothing can be decided anew for them: everything is then refunded as it was paid.
    """
    rules, cart = active.rules_of(redemption.merchant_id, redemption.rules_id), stored_cart(redemption)
    ledger = Ledger(cart)
    for entry in redemption.takings:
        promotion = rules.offers[entry["promotion"]].promotion
        if redemption.shopper is None:
            promotion = replace(promotion, returns=ReturnPolicy.KEEP)
        ledger.book(promotion, _taking(entry))
    return Decision(cart, ledger), _index(redemption, rules, cart)


def _taking(entry: Mapping[str, Any]) -> Taking:
    return Taking(
        lines={int(at): amount for at, amount in entry["lines"].items()},
        units={int(at): shares for at, shares in entry["units"].items()},
        shipping=entry["shipping"],
        points=entry["points"],
    )
