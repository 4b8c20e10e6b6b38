"""``python -m promotions.evaluate``: documents in, a decision or a clear error out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from promotions.evaluate import main

PROMOTION = {"id": "p", "benefit": {"percent": {"percent": "12.5"}}}
CART = {"lines": [{"sku": "A", "quantity": 2, "unit_price": 1000}], "at": "2026-11-20T10:00:00+01:00"}


def run(tmp_path: Path, definitions: Any, cart: Any) -> int:
    for name, document in (("d.json", definitions), ("c.json", cart)):
        text = document if isinstance(document, str) else json.dumps(document)
        (tmp_path / name).write_text(text)
    return main([str(tmp_path / "d.json"), str(tmp_path / "c.json")])


def test_it_needs_neither_database_nor_settings(tmp_path: Path):
    (tmp_path / "d.json").write_text(json.dumps({"promotions": [PROMOTION]}))
    (tmp_path / "c.json").write_text(json.dumps(CART))
    bare = {name: value for name, value in os.environ.items() if "DJANGO" not in name and "_URL" not in name}
    command = [sys.executable, "-m", "promotions.evaluate", str(tmp_path / "d.json"), str(tmp_path / "c.json")]
    done = subprocess.run(command, capture_output=True, check=True, env=bare)
    told = json.loads(done.stdout)
    assert (told["total"], told["discount"], told["lines"][0]["units"]) == (1750, 250, [875, 875])


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"benefit": {}}, "promotions.0.benefit"),
        ({"benefit": {"percent": {"percent": "101"}}}, "promotions.0.benefit.percent.percent"),
        ({"benefit": {"percent": {"percent": "10"}, "gift": {"sku": "G"}}}, "promotions.0.benefit"),
        ({"benefit": {"amount": {"amount": -1}}}, "promotions.0.benefit.amount.amount"),
        ({"benefit": {"amount": {"amount": 9.5}}}, "promotions.0.benefit.amount.amount"),
        ({"lane": "fast"}, "promotions.0.lane"),
        ({"when": {"spend": {"at_least": 1}, "code": ["X"]}}, "promotions.0.when"),
        ({"when": {"period": {"from": "yesterday"}}}, "promotions.0.when.period.from"),
        ({"when": {"any": [{"period": {"from": "2026-01-01T00:00:00"}}]}}, "promotions.0.when.any.0.period.from"),
        ({"when": {"period": {"from": "0001-01-01T00:00:00+14:00"}}}, "promotions.0.when.period.from"),
        ({"benefit": {"amount": {"amount": 1.0}}}, "promotions.0.benefit.amount.amount"),
        ({"benefit": {"percent": {"percent": "10\n"}}}, "promotions.0.benefit.percent.percent"),
        ({"when": {"weekly": {"from": "10:00\n"}}}, "promotions.0.when.weekly.from"),
        ({"when": {"segment": ["vip", "a\0b"]}}, "promotions.0.when.segment.1"),
        ({"when": {"trait": {"name": "tier", "values": ["\ud800"]}}}, "promotions.0.when.trait.values.0"),
        ({"benefit": {"points": {"fixed": 10_000_000}}}, "promotions.0.benefit.points.fixed"),
        ({"mood": "good"}, "promotions.0"),
    ],
)
def test_a_definition_that_cannot_be_is_refused_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], place: str
):
    assert run(tmp_path, {"promotions": [PROMOTION | changes]}, CART) == 2
    assert capsys.readouterr().err.startswith(f"error: {place}: ")


def test_a_refusal_speaks_json_and_repeats_no_novel(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(tmp_path, {"promotions": [PROMOTION | {"benefit": None}]}, CART) == 2
    assert capsys.readouterr().err == "error: promotions.0.benefit: null is not of type 'object'\n"
    assert run(tmp_path, {"promotions": [PROMOTION | {"name": "x" * 10_000}]}, CART) == 2
    assert capsys.readouterr().err == f'error: promotions.0.name: "{"x" * 79}… is too long\n'


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"lines": [{"sku": "A", "quantity": 0, "unit_price": 1}]}, "lines.0.quantity"),
        ({"lines": [{"id": "1", "sku": "A", "quantity": 1, "unit_price": 1}] * 2}, "lines"),
        ({"lines": [{"sku": sku, "quantity": 15_000, "unit_price": 1} for sku in "AB"]}, "lines"),
        ({"at": "2026-11-20T10:00:00"}, "at"),
        ({"total": 1}, "the document"),
    ],
)
def test_a_cart_that_cannot_be_is_refused_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], place: str
):
    assert run(tmp_path, {"promotions": [PROMOTION]}, CART | changes) == 2
    assert capsys.readouterr().err.startswith(f"error: {place}: ")


def test_two_promotions_of_one_id_and_files_that_are_no_json_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run(tmp_path, {"promotions": [PROMOTION, PROMOTION]}, CART) == 2
    assert run(tmp_path, "{", CART) == 2
    assert main([str(tmp_path / "nothing.json"), str(tmp_path / "c.json")]) == 2
    assert capsys.readouterr().err.count("error: ") == 3


EVERY_CONDITION = {
    "all": [
        {"any": [{"segment": ["vip"]}, {"not": {"customer": ["c-9"]}}]},
        {"spend": {"at_least": 100, "of": {"categories": ["Outdoor"], "except": {"reduced": True}}}},
        {"quantity": {"at_least": 1}},
        {"distinct_products": {"at_least": 1, "of": {"price_from": 1, "price_until": 5000}}},
        {"channel": ["web"]},
        {"country": ["DE"]},
        {"payment_method": ["invoice"]},
        {"shipping_method": ["parcel"]},
        {"order_number": {"number": 2, "every": True}},
        {"trait": {"name": "tier", "values": ["gold"]}},
        {"kpi": {"name": "clv", "at_least": 100}},
        {"code": ["summer 20"]},
        {"period": {"from": "2026-11-01T00:00:00+01:00", "until": "2026-12-01T00:00:00+01:00"}},
        {"weekly": {"weekdays": ["fri"], "from": "09:00", "until": "18:00"}},
    ]
}
EVERY_BENEFIT = [
    {"percent": {"percent": "10", "cap": 50}},
    {"amount": {"amount": 100, "spills": False}},
    {"amount_per_unit": {"amount": 10}},
    {"fixed_price": {"price": 900}},
    {"bundle_price": {"size": 2, "price": 1500}},
    {"group_deal": {"size": 2, "units": 1, "percent": "50", "pick": "dearest"}},
    {"buy_get": {"buy": 1, "get": 1}},
    {"tiered": {"by": "quantity", "steps": [{"from": 2, "percent": "5"}]}},
    {"shipping_percent": {"percent": "100"}},
    {"shipping_price": {"price": 100}},
    {"gift": {"sku": "G"}},
    {"points": {"each": 1, "per": 100}},
]


@pytest.mark.parametrize("benefit", EVERY_BENEFIT, ids=lambda benefit: next(iter(benefit)))
def test_everything_that_can_be_written_can_be_met(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], benefit: dict[str, Any]
):
    cart = CART | {
        "lines": [{"sku": "A", "quantity": 2, "unit_price": 1000, "categories": ["Outdoor › Tents"]}],
        "shipping": 499,
        "codes": ["SUMMER20"],
        "channel": "web",
        "country": "DE",
        "payment_method": "invoice",
        "shipping_method": "parcel",
        "shopper": {"segments": ["vip"], "orders": 3, "traits": {"tier": "gold"}, "kpis": {"clv": 120.5}},
    }
    assert run(tmp_path, {"promotions": [PROMOTION | {"benefit": benefit, "when": EVERY_CONDITION}]}, cart) == 0
    told = json.loads(capsys.readouterr().out)
    assert [entry["status"] for entry in told["explanations"]] == ["applied"]
    assert told["discount"] or told["gifts"] or told["points"]
