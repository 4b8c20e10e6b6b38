"""What a rule would change, before it is saved: the same answer without and with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from customers.models import CustomerKpis
from merchants.models import Merchant
from recommendations import loading
from recommendations.engines.steering import Rulebook
from recommendations.models import Rule
from recommendations.serving import explain
from recommendations.showing import Shown, with_products
from recommendations.steering.loading import acting_rules, rulebook_of


@dataclass(frozen=True)
class Moved:
    """A product of the answer with the rule; ``before``: its place without it, None if it was not there."""

    shown: Shown
    place: int
    before: int | None
    is_pinned: bool

    @property
    def by(self) -> int:
        """Places up (above 0) or down."""
        return 0 if self.before is None else self.before - self.place

    @property
    def down(self) -> int:
        return -self.by


@dataclass(frozen=True)
class Effect:
    """The answer with the rule, and what it pushed out. ``is_meant``: the rule is for the person asked about."""

    rows: list[Moved]
    gone: list[Shown]
    is_meant: bool

    @property
    def changes_nothing(self) -> bool:
        return not self.gone and all(row.before == row.place for row in self.rows)


def effect_of(rule: Rule, question: Mapping[str, Any], *, limit: int = 8) -> Effect:
    """``question``: arguments of ``explain``; of a rule for a segment without a person, one of its members is asked about."""
    merchant = rule.merchant
    asked = dict(question)
    if rule.segment_kind and asked.get("customer_id") is None:
        asked["customer_id"] = example_member(rule)
    others = [other for other in acting_rules(merchant.pk) if other.pk != rule.pk]
    after_it = sorted([*others, rule], key=lambda one: one.pk or 2**62)
    before = explain(merchant_id=merchant.pk, limit=limit, rulebook=_book(merchant, others), **asked).answer
    after = explain(merchant_id=merchant.pk, limit=limit, rulebook=_book(merchant, after_it), **asked).answer
    places = {item.sku: place for place, item in enumerate(before.items, start=1)}
    stays = {item.sku for item in after.items}
    pinned = {item.sku for item in after.items if item.placed == "pinned"}
    shown = with_products(merchant.pk, after)
    rows = [
        Moved(row, place, places.get(row.product.sku), row.product.sku in pinned)
        for place, row in enumerate(shown, start=1)
    ]
    gone = [row for row in with_products(merchant.pk, before) if row.product.sku not in stays]
    return Effect(rows, gone, _is_meant(rule, asked.get("customer_id")))


def example_member(rule: Rule) -> int | None:
    """Somebody of the rule's segment, the one who bought last."""
    rows = CustomerKpis.objects.for_merchant(rule.merchant_id).filter(
        **{rule.segment_kind: rule.segment_value}, customer__erased_at=None
    )
    return rows.order_by("-customer__last_order_at", "-customer_id").values_list("customer_id", flat=True).first()


def _is_meant(rule: Rule, customer_id: int | None) -> bool:
    if not rule.segment_kind:
        return True
    kpis = CustomerKpis.objects.for_merchant(rule.merchant_id).filter(customer=customer_id)
    return bool(customer_id) and kpis.filter(**{rule.segment_kind: rule.segment_value}).exists()


def _book(merchant: Merchant, rules: list[Rule]) -> Rulebook:
    loaded = loading.current(merchant.pk)
    return Rulebook() if loaded is None else rulebook_of(merchant.pk, loaded.products, rules)
