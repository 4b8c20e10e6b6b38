"""Every kind of condition and benefit reads as a sentence, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from promotions.language.benefits import BENEFITS
from promotions.language.conditions import CONDITIONS, say_condition, say_gap
from promotions.language.summary import Offered, differences, parts, summary
from promotions.language.words import Words, ordinal
from promotions.pricing.reading import SCHEMA, read_promotion

WORDS = Words("EUR", ZoneInfo("Europe/Berlin"), {("product", "L-1"): "Lotion", ("batch", "WELCOME"): "Welcome"})
SUN = {"categories": ["Care › Sun care"]}
START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)

# What a promotion gives (with the rest of its definition), in English and in German.
BENEFIT_CASES: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    (
        {"percent": {"percent": "20", "cap": 5000}},
        {"target": SUN},
        "20% off Sun care, at most €50.00.",
        "20\xa0% auf Sun care, höchstens 50,00\xa0€.",
    ),
    ({"percent": {"percent": "12.5"}}, {}, "12.5% off the whole purchase.", "12,5\xa0% auf den ganzen Einkauf."),
    ({"amount": {"amount": 500}}, {}, "€5.00 off the whole purchase.", "5,00\xa0€ Nachlass auf den ganzen Einkauf."),
    (
        {"amount": {"amount": 500, "spills": False}},
        {"target": {"brands": ["Lumo"], "price_from": 1000}},
        "€5.00 off brand Lumo, from €10.00, product by product.",
        "5,00\xa0€ Nachlass auf Marke Lumo, ab 10,00\xa0€, Produkt für Produkt.",
    ),
    (
        {"amount_per_unit": {"amount": 300}},
        {"target": SUN},
        "€3.00 off each unit of Sun care.",
        "3,00\xa0€ Nachlass auf jedes Stück: Sun care.",
    ),
    (
        {"fixed_price": {"price": 900}},
        {"target": {"products": ["L-1"]}},
        "Lotion for €9.00 each.",
        "Lotion für je 9,00\xa0€.",
    ),
    (
        {"bundle_price": {"size": 3, "price": 2000}},
        {"target": SUN, "times": 2},
        "Any 3 of Sun care for €20.00 (at most 2 times per cart).",
        "Je 3 Stück (Sun care) für 20,00\xa0€ (höchstens 2-mal je Warenkorb).",
    ),
    ({"group_deal": {"size": 3, "units": 1}}, {"target": SUN}, "3 for 2 on Sun care.", "3 für 2 auf Sun care."),
    (
        {"group_deal": {"size": 3, "units": 1, "percent": "50", "pick": "dearest"}},
        {},
        "Of every 3 of all products the dearest 1 at 50% off.",
        "Von je 3 Stück (alle Produkte) die teuersten 1 um 50\xa0% billiger.",
    ),
    (
        {"group_deal": {"size": 3, "units": 1, "pick": "dearest"}},
        {},
        "Of every 3 of all products the dearest 1 free.",
        "Von je 3 Stück (alle Produkte) die teuersten 1 gratis.",
    ),
    (
        {"buy_get": {"buy": 2, "get": 1, "buy_of": SUN, "get_of": {"tags": ["new"]}}},
        {},
        "Buy 2 of Sun care, get 1 of tagged new free.",
        "Wer 2 × Sun care kauft, bekommt 1 × mit Schlagwort new gratis.",
    ),
    (
        {"buy_get": {"buy": 2, "get": 1, "percent": "30"}},
        {"times": 1},
        "Buy 2 of any products, get 1 of any products at 30% off (at most once per cart).",
        "Wer 2 × beliebige Produkte kauft, bekommt 1 × beliebige Produkte um 30\xa0% billiger (höchstens einmal je Warenkorb).",
    ),
    (
        {"tiered": {"by": "spend", "steps": [{"from": 0, "percent": "10"}, {"from": 2000, "percent": "15"}]}},
        {},
        "The more, the cheaper for the whole purchase: 10% from €0.00, 15% from €20.00.",
        "Je mehr, desto günstiger für den ganzen Einkauf: 10\xa0% ab 0,00\xa0€, 15\xa0% ab 20,00\xa0€.",
    ),
    (
        {"tiered": {"by": "quantity", "steps": [{"from": 1, "percent": "10"}, {"from": 3, "percent": "15"}]}},
        {"target": SUN},
        "The more, the cheaper for Sun care: 10% from 1 unit, 15% from 3 units.",
        "Je mehr, desto günstiger für Sun care: 10\xa0% ab 1 Stück, 15\xa0% ab 3 Stück.",
    ),
    ({"shipping_percent": {"percent": "100"}}, {"lane": "shipping"}, "Free shipping.", "Kostenloser Versand."),
    ({"shipping_percent": {"percent": "50"}}, {}, "50% off shipping.", "50\xa0% auf den Versand."),
    ({"shipping_price": {"price": 290}}, {}, "Shipping for €2.90.", "Versand für 2,90\xa0€."),
    ({"gift": {"sku": "L-1"}}, {}, "Lotion as a gift.", "Lotion als Geschenk."),
    ({"gift": {"sku": "X", "quantity": 2}}, {}, "2 × X as a gift.", "2 × X als Geschenk."),
    ({"points": {"fixed": 50}}, {}, "50 points.", "50 Punkte."),
    (
        {"points": {"each": 1, "per": 100, "times": "1.5"}},
        {"target": SUN},
        "1 point per €1.00 of Sun care + 1.5 times the points for Sun care.",
        "1 Punkt je 1,00\xa0€ für Sun care + 1,5-fache Punkte für Sun care.",
    ),
]
# Conditions, in English and in German.
CONDITION_CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"spend": {"at_least": 5000, "of": SUN}}, "from €50.00 in Sun care", "ab 50,00\xa0€ in Sun care"),
    ({"spend": {"at_least": 5000}}, "from €50.00", "ab 50,00\xa0€"),
    ({"quantity": {"at_least": 3, "of": SUN}}, "from 3 units of Sun care", "ab 3 Stück von Sun care"),
    ({"quantity": {"at_least": 1}}, "from 1 unit", "ab 1 Stück"),
    ({"distinct_products": {"at_least": 2}}, "from 2 different products", "ab 2 verschiedenen Produkten"),
    (
        {"segment": ["lifecycle:active", "rfm:loyal"]},
        "for “Lifecycle: active” or “Buying behaviour: loyal”",
        "für „Lebenszyklus: aktiv“ oder „Kaufverhalten: treu“",
    ),
    ({"customer": ["C-1"]}, "for C-1 alone", "nur für C-1"),
    ({"code": ["SUMMER"]}, "with code SUMMER", "mit Code SUMMER"),
    ({"code": ["@WELCOME"]}, "with a code of the batch Welcome", "mit einem Code der Serie Welcome"),
    (
        {"code": ["A", "@WELCOME"]},
        "with code A or with a code of the batch Welcome",
        "mit Code A oder mit einem Code der Serie Welcome",
    ),
    ({"order_number": {"number": 1}}, "with the first order", "mit der ersten Bestellung"),
    ({"order_number": {"number": 3, "every": True}}, "with every 3rd order", "mit jeder 3. Bestellung"),
    ({"trait": {"name": "city", "values": ["Berlin", "Kiel"]}}, "City is Berlin or Kiel", "Ort ist Berlin oder Kiel"),
    ({"trait": {"name": "vip", "values": [True]}}, "vip is yes", "vip ist ja"),
    ({"kpi": {"name": "revenue", "at_least": 10000}}, "Revenue from €100.00", "Umsatz ab 100,00\xa0€"),
    (
        {"kpi": {"name": "orders_count", "at_least": 2, "at_most": 5}},
        "Number of orders from 2 to 5",
        "Zahl der Bestellungen von 2 bis 5",
    ),
    (
        {"weekly": {"weekdays": ["mon", "tue"], "from": "10:00", "until": "12:00"}},
        "on Monday and Tuesday from 10:00 to 12:00",
        "am Montag und Dienstag von 10:00 bis 12:00",
    ),
    ({"weekly": {"from": "18:00"}}, "every day from 18:00", "jeden Tag ab 18:00"),
    ({"period": {"from": "2026-11-20T10:00:00+01:00"}}, "from Nov 20, 2026, 10:00\u202fAM", "ab 20.11.2026, 10:00"),
    (
        {"period": {"from": "2026-11-20T10:00:00+01:00", "until": "2026-11-21T10:00:00+01:00"}},
        "from Nov 20, 2026, 10:00\u202fAM until Nov 21, 2026, 10:00\u202fAM",
        "ab 20.11.2026, 10:00 bis 21.11.2026, 10:00",
    ),
    ({"channel": ["web", "app"]}, "in the channel online shop or app", "im Kanal Onlineshop oder App"),
    ({"payment_method": ["paypal"]}, "when paid by paypal", "bei Zahlung mit paypal"),
    ({"country": ["DE", "AT"]}, "delivered to Germany or Austria", "mit Lieferland Deutschland oder Österreich"),
    ({"shipping_method": ["express"]}, "when sent by express", "bei Versand mit express"),
    ({"not": {"code": ["X"]}}, "not with code X", "nicht mit Code X"),
    (
        {"any": [{"segment": ["tier:gold"]}, {"all": [{"spend": {"at_least": 100}}, {"country": ["DE"]}]}]},
        "for “Tier: gold” or (from €1.00, delivered to Germany)",
        "für „Stufe: gold“ oder (ab 1,00\xa0€, mit Lieferland Deutschland)",
    ),
    (
        {"not": {"any": [{"country": ["DE"]}, {"country": ["AT"]}]}},
        "not (delivered to Germany or delivered to Austria)",
        "nicht (mit Lieferland Deutschland oder mit Lieferland Österreich)",
    ),
    (
        {
            "spend": {
                "at_least": 1,
                "of": {"products": ["A", "B", "C", "D", "E"], "reduced": False, "except": {"tags": ["x"]}},
            }
        },
        "from €0.01 in A, B, C or 2 more, that are not reduced, except tagged x",
        "ab 0,01\xa0€ in A, B, C oder 2 weitere, die nicht reduziert sind, außer mit Schlagwort x",
    ),
    (
        {"spend": {"at_least": 1, "of": {"price_from": 1000, "price_until": 2000}}},
        "from €0.01 in products from €10.00 to €20.00",
        "ab 0,01\xa0€ in Produkte von 10,00\xa0€ bis 20,00\xa0€",
    ),
]


def show(benefit: dict[str, Any], more: dict[str, Any], **offered: Any) -> str:
    read_promotion({"id": "p", "benefit": benefit, **more})  # the engine takes it
    return summary(Offered(definition={"benefit": benefit, **more}, **offered), WORDS)


@pytest.mark.parametrize(("benefit", "more", "english", "german"), BENEFIT_CASES)
def test_a_benefit_reads_as_a_sentence(
    benefit: dict[str, Any], more: dict[str, Any], english: str, german: str
) -> None:
    with translation.override("en"):
        assert show(benefit, more) == english
    with translation.override("de"):
        assert show(benefit, more) == german


@pytest.mark.parametrize(("condition", "english", "german"), CONDITION_CASES)
def test_a_condition_reads_as_a_phrase(condition: dict[str, Any], english: str, german: str) -> None:
    read_promotion({"id": "p", "benefit": {"points": {"fixed": 1}}, "when": condition})
    with translation.override("en"):
        assert say_condition(condition, WORDS) == english
    with translation.override("de"):
        assert say_condition(condition, WORDS) == german


def test_every_kind_of_the_engine_has_words_and_a_case() -> None:
    kinds = set(SCHEMA["$defs"]["benefit"]["properties"])
    assert set(BENEFITS) == kinds == {kind for case in BENEFIT_CASES for kind in case[0]}
    conditions = set(SCHEMA["$defs"]["condition"]["properties"])
    assert set(CONDITIONS) | {"all", "any", "not"} == conditions
    assert set(CONDITIONS) <= {kind for case in CONDITION_CASES for kind in case[0]}


def test_a_whole_promotion_is_one_sentence() -> None:
    when = {"all": [{"segment": ["lifecycle:active"]}, {"code": ["SUMMER"]}, {"spend": {"at_least": 5000, "of": SUN}}]}
    offered: dict[str, Any] = {"ends_at": END, "limits": {"uses_limit": 100}}
    with translation.override("en"):
        assert show({"percent": {"percent": "20"}}, {"target": SUN, "when": when}, **offered) == (
            "20% off Sun care, for “Lifecycle: active”, with code SUMMER, from €50.00 in Sun care, "
            "until Dec 1, 2026, 1:00\u202fAM, at most 100 times."
        )
    with translation.override("de"):
        assert show({"percent": {"percent": "20"}}, {"target": SUN, "when": when}, **offered) == (
            "20\xa0% auf Sun care, für „Lebenszyklus: aktiv“, mit Code SUMMER, ab 50,00\xa0€ in Sun care, "
            "bis 01.12.2026, 01:00, höchstens 100-mal."
        )


def test_what_bears_on_the_amount_and_every_limit_is_said() -> None:
    more = {"floor": 500, "basis": "original", "tax": "net", "combination": "exclusive_overall"}
    limits = {"uses_limit": 1, "uses_per_customer": 2, "uses_per_window": 3, "window": "week", "budget": 50_000}
    with translation.override("en"):
        said = show({"percent": {"percent": "20"}}, more, limits=limits, starts_at=START)
    assert said == (
        "20% off the whole purchase, from Nov 1, 2026, 1:00\u202fAM, reckoned on the original price, amounts without "
        "tax, no unit below €5.00, applies alone on the cart, if it saves most, at most once, at most 2 times per "
        "person, at most 3 times a week, at most €500.00 in all."
    )


@pytest.mark.parametrize(
    ("gap", "english"),
    [
        ({"kind": "spend", "missing": 700, "of": SUN, "wanted": 5000}, "€7.00 more from Sun care"),
        ({"kind": "spend", "missing": 700, "of": {}, "wanted": 5000}, "€7.00 more"),
        ({"kind": "quantity", "missing": 1, "of": SUN, "wanted": 3}, "1 unit more from Sun care"),
        ({"kind": "distinct_products", "missing": 2, "of": {}, "wanted": 3}, "2 different products more"),
        ({"kind": "segment", "wanted": ["rfm:loyal"]}, "The person is not in “Buying behaviour: loyal”"),
        ({"kind": "customer", "wanted": ["C-1"]}, "It is for C-1 alone"),
        ({"kind": "country", "wanted": ["DE"]}, "It holds for orders to Germany"),
        ({"kind": "code", "wanted": None}, "Its code is not on the cart"),
        ({"kind": "order_number", "wanted": 3}, "It is for the 3rd order of a person"),
        ({"kind": "trait", "wanted": "city"}, "What is known of the person as “City” does not fit"),
        ({"kind": "kpi", "wanted": "revenue"}, "What is known of the person as “Revenue” does not fit"),
        (
            {"kind": "hours", "wanted": {"weekdays": [0, 4], "from": "10:00", "until": "12:00"}},
            "It holds on Monday and Friday from 10:00 to 12:00",
        ),
        ({"kind": "not_yet", "wanted": "2026-11-20T10:00:00+01:00"}, "It begins Nov 20, 2026, 10:00\u202fAM"),
        ({"kind": "excluded", "wanted": None}, "Something is there that rules it out"),
    ],
)
def test_what_a_cart_lacks_is_said(gap: dict[str, Any], english: str) -> None:
    with translation.override("en"):
        assert say_gap(gap, WORDS) == english


def test_two_versions_differ_thing_by_thing() -> None:
    before = Offered(definition={"benefit": {"percent": {"percent": "20"}}, "target": SUN, "name": "Sun"})
    after = Offered(
        definition={"benefit": {"percent": {"percent": "25"}}, "target": SUN, "name": "Sun", "priority": 5}, ends_at=END
    )
    with translation.override("en"):
        found = [(entry.label, entry.before, entry.after) for entry in differences(before, after, WORDS)]
        assert differences(before, before, WORDS) == []
        assert len(parts(before, WORDS)) == 12
    assert found == [
        ("What it gives", "Percent off: 20% off Sun care", "Percent off: 25% off Sun care"),
        ("Period", "Always", "Until Dec 1, 2026, 1:00\u202fAM"),
        ("Priority", "100", "5"),
    ]


def test_ordinals() -> None:
    with translation.override("en"):
        assert [ordinal(number) for number in (1, 2, 3, 4, 11, 22)] == ["1st", "2nd", "3rd", "4th", "11th", "22nd"]
