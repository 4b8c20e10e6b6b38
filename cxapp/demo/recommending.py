"""What a demo shop's recommendations were seen, clicked and led to, and the rules of its staff."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from catalog.models import Category, Product
from core.measuring.holdout import HOLDOUT, arm, person_key
from customers.models import Customer
from merchants.models import Merchant
from orders.models import OrderLine
from recommendations.measuring.reporting import make_report
from recommendations.measuring.tickets import SOURCES
from recommendations.models import Click, Impression, PlacementSettings, Rule

DAYS = 60
HOLDOUTS = {"home": 10, "product": 10, "basket": 5, "search": 5}
SHARES = {"home": 0.35, "product": 0.3, "basket": 0.15, "search": 0.2}
# Answers seen before an order, and by people who bought nothing, per order.
SEEN_BEFORE, SEEN_IDLY = 2, 2
SHOWN = 8
# How often a product is opened, at the first place; further down less often.
CLICKED, FADES = 0.025, 0.8
PERSONAL = ("history", "als", "item_knn", "copurchase", "category_popularity")


@dataclass
class _Writer:
    """Impressions and clicks as a storefront would have told them."""

    merchant: Merchant
    products: list[int]
    random: np.random.Generator
    now: datetime
    impressions: list[Impression] = field(default_factory=list)
    clicks: list[Click] = field(default_factory=list)

    def see(self, customer_id: int, at: datetime, wanted: int | None = None) -> None:
        """An answer that somebody saw; ``wanted``: what they opened and bought afterwards, if it was in there."""
        if at >= self.now:
            return
        placement = str(self.random.choice(list(SHARES), p=list(SHARES.values())))
        group = arm(self.merchant.pk, placement, HOLDOUTS[placement], person_key(customer_id=customer_id))
        shown = [int(pk) for pk in self.random.choice(self.products, min(SHOWN, len(self.products)), replace=False)]
        if wanted is not None and group != HOLDOUT:
            shown = [wanted, *(pk for pk in shown if pk != wanted)][:SHOWN]
            self.random.shuffle(shown)
        names = ("search",) if placement == "search" else ("popularity", "range") if group == HOLDOUT else PERSONAL
        sources = [SOURCES.index(str(name)) for name in self.random.choice(names, len(shown))]
        about = {
            "merchant_id": self.merchant.pk,
            "answer": len(self.impressions) + 1,
            "placement": placement,
            "arm": group,
            "customer_id": customer_id,
        }
        self.impressions.append(Impression(**about, occurred_at=at, products=shown, sources=sources))
        for place, pk in enumerate(shown):
            if pk == wanted or self.random.random() < CLICKED * FADES**place:
                opened = {"product_id": pk, "position": place + 1, "source": sources[place]}
                self.clicks.append(Click(**about, **opened, occurred_at=at + timedelta(seconds=20 + 5 * place)))


def add_recommendations(merchant: Merchant, *, seed: int, now: datetime) -> int:
    """Settings, rules, what was seen in the last weeks, and the report; returns how many answers were seen."""
    PlacementSettings.objects.bulk_create(
        PlacementSettings(merchant=merchant, placement=placement, holdout_percent=percent)
        for placement, percent in HOLDOUTS.items()
    )
    products = list(Product.objects.for_merchant(merchant).available().order_by("pk").values_list("pk", flat=True))
    people = list(Customer.objects.for_merchant(merchant).order_by("pk").values_list("pk", flat=True))
    if len(products) < SHOWN or not people:
        return 0
    Rule.objects.bulk_create(_rules(merchant, products))
    writer = _Writer(merchant, products, np.random.default_rng(seed), now)
    lines = OrderLine.objects.for_merchant(merchant).filter(
        order__placed_at__gte=now - timedelta(days=DAYS), order__customer__isnull=False, position=1
    )
    for customer_id, at, product_id in lines.order_by("pk").values_list(
        "order__customer_id", "order__placed_at", "product_id"
    ):
        for number in range(SEEN_BEFORE):
            wanted = product_id if number == 0 and writer.random.random() < 0.3 else None
            writer.see(customer_id, at - timedelta(minutes=float(writer.random.uniform(2, 2000))), wanted)
        for _ in range(SEEN_IDLY):
            someone = people[int(writer.random.integers(len(people)))]
            writer.see(someone, at - timedelta(minutes=float(writer.random.uniform(0, 3000))))
    Impression.objects.bulk_create(writer.impressions, batch_size=5000)
    Click.objects.bulk_create(writer.clicks, batch_size=5000)
    make_report(merchant, now=now)
    return len(writer.impressions)


def _rules(merchant: Merchant, products: list[int]) -> Iterator[Rule]:
    """Four, as staff of such a shop would write them, in its language."""
    is_german = merchant.language == "de"
    category = Category.objects.for_merchant(merchant).filter(parent=None).order_by("path").first()

    def rule(german: str, english: str, **about: object) -> Rule:
        return Rule(merchant=merchant, name=german if is_german else english, **about)

    yield rule(
        "Vielfalt auf der Startseite", "Variety on the home page", action="category_cap", most=3, placements=["home"]
    )
    yield rule(
        "Neues zeigen", "Show what is new", action="boost", target="new", days=60, factor=1.5, placements=["home"]
    )
    yield rule(
        "Marge bei den besten Kunden",
        "Margin with the best customers",
        action="boost",
        target="margin",
        factor=1.8,
        segment_kind="profitability",
        segment_value="very_profitable",
    )
    yield rule(
        "Aktion im November" if category else "Aktion",
        "Promotion in November",
        action="boost" if category else "pin",
        target="category" if category else "",
        category=category,
        factor=2.0 if category else None,
        product_ids=[] if category else products[:1],
        slot=None if category else 1,
        is_active=False,
    )
