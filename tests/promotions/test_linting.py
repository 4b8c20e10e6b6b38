"""What a check finds: promotions that cannot work, that meet on one unit, that sell below cost; and what that costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from time import process_time
from typing import Any

import pytest
from django.utils.translation import override

from promotions.language.findings import say
from promotions.linting.checking import check
from promotions.linting.world import Batch, Entry, Finding, Goods, World
from promotions.pricing.reading import read_promotion
from tests.promotions.carts import AT

TENT = Goods("TENT", "Tent", 10000, cost=6000, tax_rate=1900, categories=("Outdoor › Tents",), brand="Alp")
LOTION = Goods("LOTION", "Lotion", 2000, cost=1400, tax_rate=1900, categories=("Sun care",), tags=("new",))
SOAP = Goods("SOAP", "Soap", 500, cost=None, tax_rate=1900, categories=("Bath",))
KNOWN = {
    "products": frozenset({"TENT", "LOTION", "SOAP"}),
    "categories": frozenset({"Outdoor", "Outdoor › Tents", "Sun care", "Bath"}),
    "brands": frozenset({"Alp"}),
    "tags": frozenset({"new"}),
    "segments": frozenset({"rfm:champions", "rfm:lost"}),
}
WORLD = World(AT, [LOTION, TENT, SOAP], True, KNOWN, [Batch("SPRING", "Spring")])


def _entry(key: str, benefit: dict[str, Any] | None = None, **said: Any) -> Entry:
    facts = {name: said.pop(name) for name in ("decides", "starts_at", "ends_at", "used_up") if name in said}
    promotion = read_promotion({"id": key, "benefit": benefit or {"percent": {"percent": "10"}}, **said})
    return Entry(promotion, **facts)


def _codes(*entries: Entry, world: World = WORLD, about: str = "") -> list[tuple[str, ...]]:
    found = check(entries, world, about=about).findings
    return [(one.code, *one.promotions) for one in found if one.code != "batch_idle"]


def _spend(least: int, **of: Any) -> dict[str, Any]:
    return {"spend": {"at_least": least, **({"of": of} if of else {})}}


@pytest.mark.parametrize(
    "when",
    [
        {"all": [{"channel": ["web"]}, {"channel": ["pos"]}]},
        {"all": [{"country": ["DE", "AT"]}, {"not": {"country": ["AT", "DE", "CH"]}}]},
        {"all": [{"segment": ["rfm:lost"]}, {"not": {"segment": ["rfm:lost"]}}]},
        {"all": [{"code": ["A"]}, {"not": {"any": [{"code": ["A"]}, {"channel": ["pos"]}]}}]},
        {"all": [{"order_number": {"number": 1}}, {"order_number": {"number": 2}}]},
        {"all": [{"order_number": {"number": 5}}, {"order_number": {"number": 2, "every": True}}]},
        {"all": [{"kpi": {"name": "revenue", "at_least": 10}}, {"kpi": {"name": "revenue", "at_most": 9}}]},
        {"all": [{"trait": {"name": "skin", "values": ["dry"]}}, {"trait": {"name": "skin", "values": ["oily"]}}]},
        {"all": [{"weekly": {"weekdays": ["mon"]}}, {"weekly": {"weekdays": ["tue"]}}]},
        {"all": [_spend(5000), {"not": _spend(3000)}]},
        {
            "all": [
                {"period": {"from": "2030-01-01T00:00:00+00:00"}},
                {"period": {"until": "2029-01-01T00:00:00+00:00"}},
            ]
        },
        {"any": [{"all": [{"channel": ["web"]}, {"channel": ["pos"]}]}, {"not": {"any": [{"all": []}]}}]},
    ],
)
def test_conditions_that_rule_each_other_out(when: dict[str, Any]) -> None:
    found = _codes(_entry("p", when=when))
    assert found in ([("contradiction", "p")], []) if "any" in when else found == [("contradiction", "p")]


@pytest.mark.parametrize(
    ("name", "english", "german"),
    [
        ("kpi:orders_count", "rule each other out (Number of orders)", "(Zahl der Bestellungen)"),
        ("trait:postal_code", "rule each other out (Postal code)", "(Postleitzahl)"),
        ("trait:code", "rule each other out (code)", "(code)"),
        ("code", "rule each other out (Code)", "(Code)"),
    ],
)
def test_what_conditions_are_about_is_called_as_in_the_editor(name: str, english: str, german: str) -> None:
    if ":" in name:
        source, known = name.split(":")
        bounds = [{source: {"name": known, "at_least": 3}}, {source: {"name": known, "at_most": 2}}]
    else:
        bounds = [{name: ["A"]}, {"not": {name: ["A"]}}]
    [found] = check([_entry("p", when={"all": bounds})], replace(WORLD, batches=[])).findings
    assert english in say(found, {"p": "Sun"})
    with override("de"):
        assert german in say(found, {"p": "Sun"})


def test_one_possible_way_is_enough() -> None:
    never = {"all": [{"channel": ["web"]}, {"channel": ["pos"]}]}
    assert _codes(_entry("p", when={"any": [never, {"channel": ["app"]}]})) == []


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"target": {"products": ["NOPE"]}}, "products_unknown"),
        ({"target": {"categories": ["Snow"]}}, "products_unknown"),
        ({"when": _spend(1000, brands=["Nobody"])}, "products_unknown"),
        ({"when": {"segment": ["vip"]}}, "segment_unknown"),
        ({"when": {"code": ["@GONE"]}}, "batch_unknown"),
        ({"when": {"period": {"until": "2020-01-01T00:00:00+00:00"}}}, "over"),
        ({"benefit": {"gift": {"sku": "NOPE"}}}, "gift_unknown"),
        ({"benefit": {"buy_get": {"buy": 1, "get": 1, "get_of": {"tags": ["old"]}}}}, "products_unknown"),
        ({"ends_at": AT - timedelta(days=1)}, "ended"),
        ({"used_up": "budget"}, "used_up_budget"),
        ({"target": {"products": ["TENT", "NOPE"]}}, "names_unknown"),
    ],
)
def test_what_cannot_work_by_itself(said: dict[str, Any], code: str) -> None:
    assert _codes(_entry("p", **said)) == [(code, "p")]


def test_codes_of_a_batch_that_is_over_and_batches_nobody_asks_for() -> None:
    over = replace(WORLD, batches=[Batch("SPRING", "Spring", "expired")])
    assert _codes(_entry("p", when={"code": ["@SPRING"]}), world=over) == [("codes_over", "p")]
    assert _codes(_entry("p", when={"code": ["@SPRING", "HELLO"]}), world=over) == []
    [idle] = check([_entry("p")], WORLD).findings
    assert (idle.code, idle.batch) == ("batch_idle", "SPRING")


def _of(code: str, *entries: Entry, world: World = WORLD) -> list[Finding]:
    return [one for one in check(entries, world).findings if one.code == code]


def test_a_stack_below_cost_comes_with_the_cart_that_shows_it() -> None:
    """Lotion: 16.81 without tax, costs 14.00; ten and ten per cent leave 13.61."""
    one = _entry("one", when={"code": ["@SPRING"]})
    two = _entry("two", target={"categories": ["Sun care"]}, when={"segment": ["rfm:champions"]})
    [found] = _of("stack_below_cost", one, two)
    assert set(found.promotions) == {"one", "two"}
    assert found.example is not None
    [line] = found.example.lines
    assert (line.sku, line.unit_price, line.total, line.net, line.cost) == ("LOTION", 2000, 1620, 1361, 1400)
    assert dict(found.example.taken) == {"one": 200, "two": 180}
    assert found.example.codes == ("@SPRING",)


def test_alone_below_cost_and_not_with_a_floor() -> None:
    deep = {"percent": {"percent": "40"}}
    assert _codes(_entry("p", deep)) == [("below_cost", "p")]
    assert _codes(_entry("p", deep, floor=1700, target={"products": ["LOTION"]})) == []
    assert _codes(_entry("p", deep, target={"products": ["SOAP"]})) == []  # nobody knows what soap costs


def test_two_on_one_unit_are_told_and_two_on_different_ones_are_not() -> None:
    tents, sun = _entry("a", target={"brands": ["Alp"]}), _entry("b", target={"tags": ["new"]})
    assert _codes(tents, sun) == []
    assert _codes(tents, _entry("c", target={"categories": ["Outdoor"]})) == [("overlap", "a", "c")]


def test_what_can_never_meet_is_no_overlap() -> None:
    web, till = _entry("a", when={"channel": ["web"]}), _entry("b", when={"channel": ["pos"]})
    assert _codes(web, till) == []
    later = _entry("c", when={"channel": ["web"]}, starts_at=AT + timedelta(days=10))
    ends = _entry("d", when={"channel": ["web"]}, ends_at=AT + timedelta(days=5))
    assert ("overlap", "c", "d") not in _codes(later, ends)


def test_exclusive_ones_give_way_or_are_never_better() -> None:
    alone = {"combination": "exclusive_in_lane", "target": {"brands": ["Alp"]}}
    cheap = _entry("cheap", **alone, when=_spend(5000))
    dear = _entry("dear", {"percent": {"percent": "20"}}, **alone)
    assert ("shadowed", "cheap", "dear") in _codes(cheap, dear)
    sometimes = _entry("dear", {"percent": {"percent": "20"}}, **alone, when={"channel": ["app"]})
    found = _codes(cheap, sometimes)
    assert ("shadowed", "cheap", "dear") not in found
    assert ("outbid", "cheap", "dear") in found


def test_thresholds_group_deals_and_hours_are_met_on_the_cart() -> None:
    floor = _entry("a", when=_spend(30000, brands=["Alp"]), target={"brands": ["Alp"]})
    deal = _entry("b", {"group_deal": {"size": 3, "units": 1}}, target={"products": ["TENT"]}, lane="line")
    night = _entry("c", when={"weekly": {"weekdays": ["sun"], "from": "22:00", "until": "23:00"}}, target=TENTS)
    dear = replace(WORLD, goods=[replace(TENT, cost=4800)])
    [found] = _of("stack_below_cost", floor, deal, night, world=dear)
    assert set(found.promotions) == {"a", "b", "c"}
    # Of what costs more the group deal alone is too much: then only that is to blame.
    [alone] = _of("below_cost", floor, deal, night, world=replace(WORLD, goods=[replace(TENT, cost=5800)]))
    assert alone.promotions == ("b",)


TENTS = {"categories": ["Outdoor › Tents"]}


def test_about_one_promotion_only() -> None:
    draft = _entry("draft", decides=False)
    entries = [_entry("dead", target={"products": ["NOPE"]}), _entry("other"), draft]
    assert _codes(*entries) == [("products_unknown", "dead")]
    assert _codes(*entries, about="draft") == [("stack_below_cost", "draft", "other")]


def test_a_thousand_promotions_are_checked_in_bounded_time() -> None:
    goods = [replace(LOTION, sku=f"S-{number}", cost=900, tags=(f"t{number}",)) for number in range(1000)]
    known = KNOWN | {"products": frozenset(one.sku for one in goods), "tags": frozenset(f"t{n}" for n in range(1000))}
    world = World(AT, goods, True, known)

    def target(number: int) -> dict[str, Any]:
        return {} if number % 4 == 0 else {"products": [f"S-{number}"]} if number % 2 else {"tags": [f"t{number}"]}

    entries = [
        _entry(
            f"p{number}", when={"all": [_spend(100 * (number % 7)), {"code": [f"C{number}"]}]}, target=target(number)
        )
        for number in range(1000)
    ]
    begun = process_time()
    found = check(entries, world)
    assert process_time() - begun < 10
    assert found.findings


def test_the_same_shop_is_found_the_same() -> None:
    entries = [_entry(name, target={"brands": ["Alp"]}) for name in "abc"]
    assert check(entries, WORLD) == check(entries, WORLD)
