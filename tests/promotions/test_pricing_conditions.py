"""When a promotion applies, how far away it is, and what it would then save."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from promotions.pricing.cart import Cart, Shopper
from promotions.pricing.definitions import (
    AllOf,
    Amount,
    AnyOf,
    Code,
    Combination,
    Condition,
    Gift,
    Known,
    Not,
    OneOf,
    OrderNumber,
    Percent,
    Period,
    Points,
    Selector,
    ShippingPercent,
    ShippingPrice,
    Tax,
    Threshold,
    Weekly,
)
from promotions.pricing.engine import Decision, pending_codes, unknown_codes
from promotions.pricing.writing import decision_json
from tests.promotions.carts import AT, cart, decide, line, promotion

SUN = Selector(categories=("Sun care",))
VIP = OneOf("segment", frozenset({"vip"}))


def applies(condition: Condition, shopping: Cart) -> bool:
    return bool(decide(shopping, promotion(Percent(1000), condition=condition)).applications)


def shopping(**facts: Any) -> Cart:
    return cart(line(2, 10, sku="A", categories=("Sun care › Lotion",)), line(1, 5, sku="B"), **facts)


@pytest.mark.parametrize(
    ("condition", "facts"),
    [
        (VIP, {"shopper": Shopper(segments=frozenset({"vip", "new"}))}),
        (OneOf("customer", frozenset({"c-1"})), {"shopper": Shopper(id="c-1")}),
        (OneOf("channel", frozenset({"app"})), {"channel": "app"}),
        (OneOf("payment_method", frozenset({"invoice"})), {"payment_method": "invoice"}),
        (OneOf("country", frozenset({"AT", "DE"})), {"country": "DE"}),
        (OneOf("shipping_method", frozenset({"express"})), {"shipping_method": "express"}),
        (OrderNumber(1), {"shopper": Shopper(orders=0)}),
        (OrderNumber(5, every=True), {"shopper": Shopper(orders=9)}),
        (Known("trait", "tier", frozenset({"gold"})), {"shopper": Shopper(traits={"tier": "gold"})}),
        (Known("trait", "club", frozenset({True})), {"shopper": Shopper(traits={"club": True})}),
        (Known("kpi", "return_rate", at_most=0.3), {"shopper": Shopper(kpis={"return_rate": 0.1})}),
        (Code(frozenset({"X"})), {"codes": ("X",)}),
    ],
)
def test_facts_about_cart_and_person(condition: Condition, facts: dict[str, Any]):
    assert applies(condition, shopping(**facts))
    assert not applies(condition, shopping())
    assert not applies(Not(condition), shopping(**facts))
    assert applies(Not(condition), shopping())


@pytest.mark.parametrize(
    ("known", "value"),
    [
        (Known("trait", "x", frozenset({1})), True),  # true is no one
        (Known("trait", "x", at_least=1), "7"),
        (Known("trait", "x", at_least=1), True),
        (Known("trait", "x", frozenset({"a"})), None),
    ],
)
def test_traits_of_another_type_do_not_fit(known: Known, value: object):
    assert not applies(known, shopping(shopper=Shopper(traits={"x": value})))


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        (Threshold("spend", 2000, SUN), True),
        (Threshold("spend", 2001, SUN), False),
        (Threshold("quantity", 3), True),
        (Threshold("quantity", 3, SUN), False),
        (Threshold("distinct_products", 2), True),
        (Threshold("distinct_products", 3), False),
        (AllOf((Threshold("quantity", 1), Threshold("quantity", 9))), False),
        (AnyOf((Threshold("quantity", 9), Threshold("quantity", 1))), True),
        (AllOf(()), True),
    ],
)
def test_thresholds_and_their_combinations(condition: Condition, is_met: bool):
    assert applies(condition, shopping()) is is_met


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        (Selector(), 3),
        (Selector(categories=("Sun",)), 0),  # Sun care does not lie below Sun
        (Selector(categories=("Sun care › Lotion",)), 2),
        (Selector(products=frozenset({"A", "B"}), excluded=SUN), 1),
        (Selector(price_from=600), 2),
        (Selector(price_until=600), 1),
        (Selector(brands=frozenset({"Nord"})), 0),
        (Selector(reduced=False), 3),
        (Selector(reduced=True), 0),
    ],
)
def test_selectors(selector: Selector, count: int):
    assert applies(Threshold("quantity", count or 1, selector), shopping()) is bool(count)
    assert not applies(Threshold("quantity", count + 1, selector), shopping())


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-20T22:00:00+01:00", True),  # Friday
        ("2026-11-21T01:59:00+01:00", True),  # Saturday's small hours belong to Friday's evening
        ("2026-11-21T02:00:00+01:00", False),
        ("2026-11-21T22:00:00+01:00", False),
        ("2026-11-20T21:59:00+01:00", False),
    ],
)
def test_hours_over_midnight(at: str, is_open: bool):
    from_22_to_2 = Weekly(frozenset({4}), datetime(2026, 1, 1, 22).time(), datetime(2026, 1, 1, 2).time())  # noqa: DTZ001
    assert applies(from_22_to_2, shopping(at=datetime.fromisoformat(at))) is is_open


def test_a_period_includes_its_begin_and_excludes_its_end():
    later = AT.replace(hour=12)
    assert applies(Period(AT, later), shopping())
    assert not applies(Period(AT, later), shopping(at=later))
    assert not applies(Period(later), shopping())


def explained(decision: Decision) -> dict[str, Any]:
    [explanation] = decision_json(decision)["explanations"]
    return dict(explanation)


def test_a_near_miss_says_what_is_missing_of_what_and_what_it_would_save():
    offer = promotion(Percent(1000), target=SUN, condition=Threshold("spend", 2700, SUN))
    [missing] = explained(decide(shopping(), offer))["missing"]
    assert (missing["kind"], missing["missing"], missing["of"]) == ("spend", 700, {"categories": ["Sun care"]})
    assert explained(decide(shopping(), offer))["would_save"] == 270


def test_a_near_miss_in_units_counts_them_at_the_price_of_the_cheapest_that_fits():
    offer = promotion(Percent(1000), condition=Threshold("quantity", 5))
    assert explained(decide(shopping(), offer))["would_save"] == 350


def test_what_more_of_something_does_not_help_promises_nothing():
    explanation = explained(decide(shopping(), promotion(Percent(1000), condition=Not(AllOf(())))))
    assert explanation["would_save"] is None


def test_of_several_ways_the_nearest_is_named():
    offer = promotion(
        Percent(1000), condition=AnyOf((AllOf((Threshold("spend", 9000), Not(AllOf(())))), Threshold("spend", 3000)))
    )
    assert [gap["missing"] for gap in explained(decide(shopping(), offer))["missing"]] == [500]


def test_the_exclusive_one_says_nothing_and_the_outbid_one_by_whom():
    best = promotion(Percent(5000), name="best", combination=Combination.EXCLUSIVE_OVERALL)
    decision = decide(shopping(), best, promotion(Amount(100), name="small"))
    told = {entry["promotion"]: entry for entry in decision_json(decision)["explanations"]}
    assert told["best"]["status"] == "applied"
    assert (told["small"]["status"], told["small"]["outbid_by"], told["small"]["would_save"]) == (
        "outbid",
        ["best"],
        100,
    )


def test_codes_apply_wait_or_are_unknown():
    given = promotion(Amount(100), condition=Code(frozenset({"NOW"})))
    waiting = promotion(Amount(100), condition=AllOf((Code(frozenset({"LATER"})), Threshold("spend", 10_000))))
    decision = decide(shopping(codes=("NOW", "LATER", "NEVER")), given, waiting)
    assert (pending_codes(decision), unknown_codes(decision)) == (["LATER"], ["NEVER"])
    assert decision_json(decision)["codes"] == {"applied": ["NOW"], "pending": ["LATER"], "unknown": ["NEVER"]}


def test_shipping_gifts_and_points():
    decision = decide(
        replace(shopping(), shipping=499),
        promotion(ShippingPercent(5000), lane="shipping", priority=1),
        promotion(ShippingPrice(100), lane="shipping", priority=2),
        promotion(Gift("G"), lane="order"),
        promotion(Points(fixed=10, each=2, per=1000), lane="order"),
    )
    told = decision_json(decision)
    assert (told["shipping"]["total"], told["gifts"], told["points"]) == (100, [{"sku": "G", "quantity": 1}], 14)


def test_net_amounts_on_gross_prices():
    taxed = cart(line(1, 119, tax_rate=1900))
    net = decide(taxed, promotion(Amount(1000), tax=Tax.NET))
    told = decision_json(net)["lines"][0]
    assert (told["discount"], told["net"], told["tax"], told["gross"]) == (1190, 9000, 1710, 10_710)
    threshold = Threshold("spend", 10_001)
    assert not decide(taxed, promotion(Percent(1000), tax=Tax.NET, condition=threshold)).applications
    assert decide(taxed, promotion(Percent(1000), condition=threshold)).applications


def test_gross_amounts_on_net_prices():
    taxed = cart(line(1, 100, tax_rate=1900), prices_include_tax=False)
    assert decide(taxed, promotion(Amount(1190), tax=Tax.GROSS)).discount == 1000
