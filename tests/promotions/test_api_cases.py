"""The cases of the promotion contract through the API: written, activated, evaluated over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from promotions import active
from tests.promotions.shops import amount, percent
from tests.storefront import Storefront

Definition = dict[str, Any]
Lines = list[dict[str, Any]]


def line(quantity: int, price: float, **facts: Any) -> dict[str, Any]:
    return {"sku": facts.pop("sku", "S"), "quantity": quantity, "unit_price": round(price * 100), **facts}


def off(units: float, **said: Any) -> Definition:
    return {"benefit": amount(round(units * 100)), **said}


def per_cent(number: str, **said: Any) -> Definition:
    return {"benefit": percent(number), **said}


def at_least(measure: str, number: int, of: Definition | None = None) -> Definition:
    return {measure: {"at_least": number} | ({"of": of} if of else {})}


SALE, JACKETS, SUN = {"tags": ["sale"]}, {"products": ["jacket"]}, {"categories": ["Sun care"]}
TIERS = {"by": "spend", "steps": [{"from": 0, "percent": "10"}, {"from": 2000, "percent": "15"}, {"from": 3000, "percent": "20"}]}  # fmt: skip
BEST = [off(5.5, combination="exclusive_in_lane"), per_cent("20", combination="exclusive_in_lane")]
SUN_20 = [off(20, target=SUN, when=at_least("spend", 5000, SUN))]
JACKET_DEALS = [per_cent("20", target=JACKETS), off(50, target=JACKETS, when=at_least("spend", 50000, JACKETS))]
ON_ORIGINAL = [per_cent("10", basis="original"), per_cent("20", basis="original")]
CASES: list[tuple[str, list[Definition], Lines, int, list[list[int]] | None]] = [
    ("1", [off(400)], [line(1, 200), line(1, 600)], 40000, [[10000, 30000]]),
    ("2", [off(30), off(50)], [line(1, 50), line(1, 150)], 12000, [[750, 2250], [1250, 3750]]),
    ("3", [per_cent("10"), per_cent("10")], [line(1, 50), line(1, 150)], 16200, [[500, 1500], [450, 1350]]),
    ("4", [off(4)], [line(1, 2), line(1, 2), line(1, 2)], 200, [[134, 133, 133]]),
    ("5", [{"benefit": {"amount_per_unit": {"amount": 300}}}], [line(2, 2), line(1, 4)], 100, None),
    ("6", [{"benefit": {"group_deal": {"size": 3, "units": 1}}, "times": 1}], [line(4, 4), line(4, 2)], 2200, [[0, 200]]),
    ("7", [{"benefit": {"bundle_price": {"size": 3, "price": 2000}}}], [line(4, 8)], 2800, [[400]]),
    ("8", [off(100), off(100)], [line(1, 20)], 0, [[2000]]),
    ("9", [off(1, when=at_least("spend", 1000))], [line(1, 5)], 500, []),
    (
        "10",
        [per_cent("50", when=at_least("quantity", 3)), per_cent("10", when=at_least("spend", 100000))],
        [line(3, 500)],
        75000,
        None,
    ),
    (
        "11",
        [per_cent("15", lane="order"), per_cent("50", lane="line", target=SALE)],
        [line(2, 1000, tags=["sale"]), line(1, 5000)],
        510000,
        None,
    ),
    ("12", BEST, [line(1, 30)], 2400, [[600]]),
    ("13a", SUN_20, [line(1, 100, categories=["Sun care › Lotion"])], 8000, None),
    ("13b", SUN_20, [line(1, 20, categories=["Sun care › Lotion"])], 2000, None),
    ("13c", SUN_20, [line(3, 20, categories=["Sun care › Lotion"])], 4000, None),
    ("14a", [per_cent("20", priority=1), off(10, priority=2)], [line(1, 100)], 7000, None),
    ("14b", [per_cent("20", priority=2), off(10, priority=1)], [line(1, 100)], 7200, None),
    ("15", JACKET_DEALS, [line(7, 100, sku="jacket")], 51000, None),
    ("16a", [{"benefit": {"tiered": TIERS}}], [line(1, 10)], 900, [[100]]),
    ("16b", [{"benefit": {"tiered": TIERS}}], [line(2, 10)], 1700, [[300]]),
    ("16c", [{"benefit": {"tiered": TIERS}}], [line(3, 10)], 2400, [[600]]),
    ("17", [{"benefit": percent("15", cap=5000)}], [line(1, 120), line(1, 230), line(1, 300)], 60000, [[923, 1769, 2308]]),
    ("18a", ON_ORIGINAL, [line(2, 10), line(1, 5)], 1750, None),
    ("18b", [per_cent("10"), per_cent("20")], [line(2, 10), line(1, 5)], 1800, None),
]  # fmt: skip


def publish(api: Storefront, *definitions: Definition) -> None:
    for number, definition in enumerate(definitions, start=1):
        body = {"key": f"p-{number}", "name": f"Offer {number}", "definition": definition}
        assert api.post("/api/v1/promotions", body).status_code == 201
        answer = api.post(f"/api/v1/promotions/p-{number}/activate", {})
        assert answer.status_code == 200, answer.json()
        assert answer.json()["status"] == "active"
    # Activation is told to this process after commit, which a test never reaches.
    active.forget()


def evaluate(api: Storefront, cart: Lines, **facts: Any) -> dict[str, Any]:
    answer = api.post("/api/v1/promotions/evaluate", {"lines": cart, **facts})
    assert answer.status_code == 200, answer.json()
    said: dict[str, Any] = answer.json()
    return said


@pytest.mark.parametrize(("case", "definitions", "cart", "total", "taken"), CASES, ids=[case[0] for case in CASES])
def test_a_case(
    api: Storefront,
    case: str,
    definitions: list[Definition],
    cart: Lines,
    total: int,
    taken: list[list[int]] | None,
) -> None:
    publish(api, *definitions)
    said = evaluate(api, cart)
    assert said["total"] == total
    assert said["discount"] == sum(line["discount"] for line in said["lines"])
    if taken is not None:
        ids = [line["id"] for line in said["lines"]]
        assert [[entry["lines"].get(name, 0) for name in ids] for entry in said["applications"]] == taken


def test_case_9_says_what_is_missing(api: Storefront) -> None:
    publish(api, off(1, when=at_least("spend", 1000)))
    [explanation] = evaluate(api, [line(1, 5)])["explanations"]
    assert (explanation["status"], explanation["missing"][0]["missing"], explanation["would_save"]) == (
        "not_met",
        500,
        100,
    )


def test_case_19_a_code_waits_until_the_cart_qualifies(api: Storefront) -> None:
    publish(api, off(5, when={"all": [{"code": ["SAVE5"]}, at_least("spend", 3000)]}))
    ten, both = [line(1, 10, sku="A")], [line(1, 10, sku="A"), line(1, 25, sku="B")]
    for cart, state, total in ((ten, "pending", 1000), (both, "applied", 3000), (ten, "pending", 1000)):
        said = evaluate(api, cart, codes=["save 5"])
        assert said["codes"][state] == ["SAVE5"]
        assert said["total"] == total


def redeem(api: Storefront, cart: Lines) -> str:
    answer = api.post("/api/v1/reservations", {"cart": {"lines": cart}})
    assert answer.status_code == 201, answer.json()
    reservation: str = answer.json()["id"]
    assert api.post(f"/api/v1/reservations/{reservation}/confirm", {"order": "A-1"}).json()["state"] == "confirmed"
    return reservation


def test_case_20_kept_units_keep_their_discount(api: Storefront) -> None:
    publish(api, per_cent("10"))
    back = {"reference": "R-1", "lines": [{"line": "1", "quantity": 2}]}
    answer = api.post(f"/api/v1/redemptions/{redeem(api, [line(3, 100)])}/returns", back)
    assert (answer.status_code, answer.json()["refund"]) == (201, 18000)


def test_case_21_everything_back_refunds_what_was_paid(api: Storefront) -> None:
    publish(api, per_cent("25"))
    reservation = redeem(api, [line(10, 23.90)])
    refunds = []
    for number, quantity in enumerate((3, 6, 1), start=1):
        body = {"reference": f"R-{number}", "lines": [{"line": "1", "quantity": quantity}]}
        answer = api.post(f"/api/v1/redemptions/{reservation}/returns", body)
        assert answer.status_code == 201, answer.json()
        refunds.append(answer.json()["refund"])
    assert sum(refunds) == 17925
    assert api.get(f"/api/v1/reservations/{reservation}").json()["state"] == "rolled_back"
