"""A demo shop's promotions: some that decide, others to come or over; codes with redemptions, a holdout, a replay."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from django.db.models import Count

from catalog.models import Category
from core.bulk import insert_rows
from core.measuring.holdout import HOLDOUT, TREATED
from customers.models import Customer
from merchants.models import Merchant
from orders.models import Order, OrderLine
from promotions import active
from promotions.actions.coupons import BatchData, create_batch, fill_batch
from promotions.actions.offers import (
    PromotionData,
    VersionData,
    activate_promotion,
    create_promotion,
    end_promotion,
    pause_promotion,
    set_limits,
)
from promotions.deciding import takings_json, told
from promotions.measuring.drawing import arm_of
from promotions.measuring.figures import make_report
from promotions.models import (
    Coupon,
    CouponBatch,
    Exposure,
    Promotion,
    PromotionVersion,
    Redemption,
    RedemptionUse,
    Replay,
    RuleSet,
)
from promotions.pricing.engine import Decision, codes_of, evaluate
from promotions.pricing.index import Index
from promotions.pricing.reading import known_cart
from promotions.queries.people import Known, of_customers
from promotions.replaying.running import run_replay

OFFERS = Path(__file__).with_name("promotions.toml")
DAYS, MOST_ORDERS = 75, 1_200
REPLAYED = 400
FLYERS, SHARED_USES = 2_000, 500
# How often an order came with a code of the flyer, and of those who got the measured offer how many who bought little
# are left out, so that it shows an effect.
FLYER_SHARE, LEFT_OUT, BIG = 0.16, 0.5, 5_500
MEASURED = "autumn-offer"
WORDS = {
    "de": {"flyer": "Flyer im Herbst", "champions": "Ein Dankeschön für die Besten", "podcast": "Podcast"},
    "en": {"flyer": "Autumn flyer", "champions": "A thank-you for the best", "podcast": "Podcast"},
}


def add_promotions(merchant: Merchant, *, seed: int, now: datetime) -> int:
    """Everything, in bulk; returns how many redemptions were written."""
    promotions = _offers(merchant, now)
    batches = _batches(merchant, now)
    live = {key: made for key, (made, status) in promotions.items() if status == "active"}
    writer = _Writer(merchant, live, np.random.default_rng(seed), now, batches["FLYER"])
    writer.decide(_orders(merchant, now))
    writer.store()
    _publish(promotions)
    _count_again(live)
    active.look_again(merchant.pk)
    make_report(live[MEASURED], now=now)
    _replay(promotions["deep-cut"][0], now)
    return len(writer.redemptions)


# --- what is offered -------------------------------------------------------------------------------------------------


def _offers(merchant: Merchant, now: datetime) -> dict[str, tuple[Promotion, str]]:
    """Drafts of all of them, with what is to become of each."""
    language = "de" if merchant.language == "de" else "en"
    names = _names(merchant)
    found = {}
    for said in tomllib.loads(OFFERS.read_text(encoding="utf-8"))["promotion"]:
        starts, ends = (now + timedelta(days=day) if day else None for day in said.get("days", (0, 0)))
        definition = json.loads(_filled(json.dumps(said["definition"]), names))
        version = VersionData(definition=definition, starts_at=starts, ends_at=ends)
        data = PromotionData(
            key=said["key"], name=said["name"][language], version=version, limits=said.get("limits", {})
        )
        found[said["key"]] = create_promotion(merchant, data), said["status"]
    return found


def _names(merchant: Merchant) -> dict[str, str]:
    """The two categories with the most products, and a code that orders carry."""
    rows = Category.objects.for_merchant(merchant).annotate(goods=Count("products")).order_by("-goods", "path")
    paths = list(rows.values_list("path", flat=True)[:2])
    coupons = Order.objects.for_merchant(merchant).exclude(coupon_codes=[]).order_by("pk")
    codes = coupons.values_list("coupon_codes", flat=True).first() or ["WELCOME"]
    return {"CATEGORY": paths[0], "OTHER": paths[-1], "CODE": codes[0]}


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f'"{name}"', json.dumps(value))
    return text


def _publish(promotions: dict[str, tuple[Promotion, str]]) -> None:
    for promotion, status in promotions.values():
        if status == "draft":
            continue
        activate_promotion(promotion)
        if status == "paused":
            pause_promotion(promotion)
        elif status == "ended":
            end_promotion(promotion)


def _count_again(promotions: dict[str, Promotion]) -> None:
    """Counts of limits from what was redeemed."""
    for promotion in promotions.values():
        if promotion.is_limited:
            set_limits(promotion, {"budget": promotion.budget})


def _batches(merchant: Merchant, now: datetime) -> dict[str, CouponBatch]:
    words = WORDS["de" if merchant.language == "de" else "en"]
    data = [
        BatchData(
            key="FLYER",
            name=words["flyer"],
            count=FLYERS,
            prefix="F-",
            valid_from=now - timedelta(days=80),
            valid_until=now + timedelta(days=60),
        ),
        BatchData(key="PODCAST", name=words["podcast"], shared_code="PODCAST15", uses_per_code=SHARED_USES),
    ]
    if Customer.objects.for_merchant(merchant).filter(kpis__rfm_group="champions").exists():
        data.append(BatchData(key="CHAMPIONS", name=words["champions"], segment="rfm:champions", prefix="TOP-"))
    made = {}
    for one in data:
        batch = create_batch(merchant, one)
        fill_batch(batch, customers=batch.job.parameters["customers"] if batch.job else ())
        made[batch.key] = batch
    # The codes are there: nobody has to make them.
    for batch in made.values():
        if batch.job:
            batch.job.state, batch.job.finished_at = batch.job.State.DONE, now
            batch.job.result = {"codes": batch.wanted}
            batch.job.save(update_fields=["state", "finished_at", "result"])
    CouponBatch.objects.for_merchant(merchant).update(created_at=now - timedelta(days=80))
    Coupon.objects.for_merchant(merchant).update(created_at=now - timedelta(days=80))
    return made


# --- what became of it -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Placed:
    """An order with its lines as a cart has them."""

    order: Order
    lines: list[dict[str, Any]]
    known: Known


def _orders(merchant: Merchant, now: datetime) -> list[_Placed]:
    """Orders of known people in the last weeks, the oldest first."""
    rows = Order.objects.for_merchant(merchant).filter(placed_at__gte=now - timedelta(days=DAYS))
    rows = rows.exclude(customer=None).exclude(state=Order.State.CANCELLED).order_by("placed_at", "pk")
    everything = list(rows)
    orders = everything[:: max(len(everything) // MOST_ORDERS, 1)]
    lines: dict[int, list[dict[str, Any]]] = {order.pk: [] for order in orders}
    goods = OrderLine.objects.for_merchant(merchant).filter(order__in=orders).select_related("product__category")
    for line in goods.order_by("order", "position"):
        lines[line.order_id].append(
            {
                "id": str(line.position),
                "sku": line.product.sku,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
                "tax_rate": str((line.tax_rate * 100).quantize(line.tax_rate.__class__("0.01"))),
                "categories": [line.product.category.path] if line.product.category else [],
            }
        )
    customers = Customer.objects.for_merchant(merchant).select_related("kpis").with_identities()
    people = list(customers.filter(pk__in={order.customer_id for order in orders}))
    known = of_customers(merchant.pk, people, at=now, profiling=lambda pk: True)
    return [_Placed(order, lines[order.pk], known[order.customer_id]) for order in orders if order.customer_id in known]


@dataclass
class _Writer:
    """Redemptions as checkouts would have left them, decided by the engine under a rule set of then."""

    merchant: Merchant
    promotions: dict[str, Promotion]
    random: np.random.Generator
    now: datetime
    flyer: CouponBatch
    redemptions: list[Redemption] = field(default_factory=list)
    uses: list[RedemptionUse] = field(default_factory=list)
    exposures: list[Exposure] = field(default_factory=list)
    coupons: list[Coupon] = field(default_factory=list)
    collector: int | None = None

    def decide(self, placed: Sequence[_Placed]) -> None:
        versions = {row.promotion_id: row for row in self._versions()}
        rules = RuleSet.objects.create(merchant=self.merchant, versions=sorted(row.pk for row in versions.values()))
        compiled = active.rules_of(self.merchant.pk, rules.pk)
        self._fresh = iter(
            Coupon.objects.for_merchant(self.merchant).filter(batch=self.flyer).order_by("code")[:FLYERS]
        )
        median = sorted(one.order.total for one in placed)[len(placed) // 2] if placed else 0
        # Somebody whose carts are big enough for the flyer each time.
        big = [one for one in placed if sum(line["quantity"] * line["unit_price"] for line in one.lines) >= BIG]
        often = Counter(one.order.customer_id for one in big).most_common(1)
        self.collector = often[0][0] if often else None
        seen: set[int] = set()
        for one in placed:
            held = self._is_held(one, compiled.offers[MEASURED].promotion)
            if not held and one.order.total < median and self.random.random() < LEFT_OUT:
                continue
            codes, coupon = self._codes(one)
            document = self._document(one, codes)
            cart = known_cart({**document, "shopper": one.known.shopper})
            candidates = compiled.index_at(cart.at).candidates(cart)
            everything = evaluate(Index(candidates), cart)
            without = {MEASURED: "held_out"} if held and any(entry.id == MEASURED for entry in candidates) else {}
            decision = evaluate(Index(entry for entry in candidates if entry.id not in without), cart)
            self._expose(one, everything, held=held, seen=seen)
            if decision.applications:
                self._redeem(one, rules, document, decision, without, coupon, versions)

    def _versions(self) -> Iterator[Any]:
        yield from PromotionVersion.objects.for_merchant(self.merchant).filter(promotion__in=self.promotions.values())

    def _is_held(self, one: _Placed, measured: Any) -> bool:
        return arm_of(self.merchant.pk, measured, f"c{one.order.customer_id}") == HOLDOUT

    def _codes(self, one: _Placed) -> tuple[list[str], Coupon | None]:
        """What the order really carried, or a flyer's code; somebody collects them."""
        collects = one.order.customer_id == self.collector
        if not collects and (one.order.coupon_codes or self.random.random() > FLYER_SHARE):
            return list(one.order.coupon_codes), None
        coupon = next(self._fresh, None)
        return ([self.flyer.token], coupon) if coupon else ([], None)

    def _document(self, one: _Placed, codes: list[str]) -> dict[str, Any]:
        order = one.order
        return {
            "currency": order.currency,
            "shipping": order.shipping,
            "channel": order.channel,
            "payment_method": order.payment_method,
            "country": order.country,
            "lines": one.lines,
            "at": order.placed_at.astimezone(self.merchant.tz).isoformat(),
            "codes": codes,
        }

    def _expose(self, one: _Placed, everything: Decision, *, held: bool, seen: set[int]) -> None:
        """The first time that the measured offer applied, or would have."""
        taken = next((entry for entry in everything.applications if entry.promotion.id == MEASURED), None)
        customer = one.order.customer_id
        if taken is None or customer is None or customer in seen:
            return
        seen.add(customer)
        self.exposures.append(
            Exposure(
                merchant=self.merchant,
                promotion=self.promotions[MEASURED],
                arm=HOLDOUT if held else TREATED,
                customer_id=customer,
                amount=taken.taking.amount,
                occurred_at=one.order.placed_at,
            )
        )

    def _redeem(
        self,
        one: _Placed,
        rules: RuleSet,
        document: dict[str, Any],
        decision: Decision,
        without: dict[str, str],
        coupon: Coupon | None,
        versions: dict[int, Any],
    ) -> None:
        order, coupons = one.order, {self.flyer.token: coupon.code} if coupon else {}
        redemption = Redemption(
            merchant=self.merchant,
            state=Redemption.State.CONFIRMED,
            rules=rules,
            cart={"cart": document, "coupons": coupons, "refused": {}},
            shopper=one.known.shopper,
            without=without,
            takings=takings_json(decision),
            decision=told(decision, coupons, {}, without),
            evaluated_at=order.placed_at,
            discount=decision.discount,
            customer_id=order.customer_id,
            order=order,
            order_number=order.number,
            created_at=order.placed_at,
            confirmed_at=order.placed_at,
        )
        self.redemptions.append(redemption)
        for entry in decision.applications:
            promotion = self.promotions[entry.promotion.id]
            mine = coupon if coupon and self.flyer.token in codes_of(entry.promotion) else None
            if mine:
                mine.used = 1
                self.coupons.append(mine)
            self.uses.append(
                RedemptionUse(
                    merchant=self.merchant,
                    redemption=redemption,
                    promotion=promotion,
                    version=versions[promotion.pk],
                    coupon=mine,
                    code=mine.code if mine else next(iter(codes_of(entry.promotion) & set(document["codes"])), ""),
                    amount=entry.taking.amount,
                    points=entry.taking.points,
                    customer_id=order.customer_id,
                    is_counted=promotion.is_limited,
                    created_at=order.placed_at,
                )
            )

    def store(self) -> None:
        insert_rows(self.redemptions)
        for use in self.uses:
            use.redemption_id = use.redemption.pk
        insert_rows(self.uses)
        insert_rows(self.exposures)
        Coupon.objects.for_merchant(self.merchant).bulk_update(self.coupons, ["used"], batch_size=1000)


def _replay(promotion: Promotion, now: datetime) -> None:
    """The draft, decided on the newest orders an hour ago."""
    newest = Order.objects.for_merchant(promotion.merchant_id).order_by("-pk").values_list("pk", flat=True).first()
    version = promotion.versions.for_merchant(promotion.merchant_id).get()
    replay = Replay.objects.create(
        merchant=promotion.merchant,
        promotion=promotion,
        version=version,
        wanted=REPLAYED,
        newest_order=newest or 0,
        created_at=now - timedelta(hours=1),
    )
    run_replay(replay)
