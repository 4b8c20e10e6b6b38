"""The protocols of sessions and of next baskets, on files whose structure is known."""

import json
from argparse import Namespace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from bench.planted import Planted
from recommendations.evaluate.command import main
from recommendations.evaluate.data import read
from recommendations.evaluate.session import split
from tests.recommendations.worlds import NOON

Figures = dict[str, dict[str, float]]


def evaluated(
    capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[dict[str, int], dict[str, dict[str, Figures]]]:
    """Facts, and figures by table and method."""
    assert main([*arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    return report["facts"], {table["title"]: table["methods"] for table in report["tables"]}


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "visits.parquet"
    Planted(products=72, sessions=1_500).frame().write_parquet(path)
    return path


def test_the_session_protocol_finds_planted_structure(visits: Path, capsys: pytest.CaptureFixture[str]):
    facts, tables = evaluated(capsys, "--interactions", str(visits), "--protocol", "session", "--test-days", "2")
    assert facts["sessions predicted"] > 60
    new = {method: figures["mrr"]["value"] for method, figures in tables["NEW"].items()}
    assert new["v-stan"] > new["sknn"] > new["popularity alone"]
    assert new["blend"] > 2 * new["popularity alone"]
    assert tables["ALL"]["v-stan tuned"]["mrr"]["value"] > tables["ALL"]["v-stan"]["mrr"]["value"]
    hit = tables["ALL"]["v-stan"]["hr"]
    assert hit["low"] <= hit["value"] <= hit["high"]
    assert "history alone" not in tables["ALL"]


def test_every_click_but_the_first_is_predicted_and_unknown_products_are_not_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    def file(name: str, sessions: dict[str, list[str]]) -> str:
        rows = [
            {"session": session, "product": product, "occurred_at": 1_700_000_000 + 60 * place}
            for session, products in sessions.items()
            for place, product in enumerate(products)
        ]
        pl.DataFrame(rows).write_parquet(tmp_path / name)
        return str(tmp_path / name)

    train = file("train.parquet", {"1": ["a", "b", "c"], "2": ["b", "c"], "3": ["d", "a"]})
    test = file("test.parquet", {"7": ["a", "b", "new", "c"], "8": ["new", "d"], "9": ["b", "b"]})
    arguments = ["--interactions", train, "--test", test, "--protocol", "session"]
    facts, tables = evaluated(capsys, *arguments)
    assert (facts["sessions learnt from"], facts["sessions predicted"], facts["products"]) == (3, 2, 4)
    assert tables["ALL"]["v-stan"]["hr"]["value"] == 1
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "ALL: 3 cases, lists of 20" in printed
    assert "NEW: 2 cases, lists of 20" in printed


def test_visitors_without_sessions_are_parted_by_pauses(visits: Path, tmp_path: Path):
    by_visitor = tmp_path / "visitors.csv"
    pl.read_parquet(visits).rename({"session": "customer"}).with_columns(kind=pl.lit("view")).write_csv(by_visitor)
    options = Namespace(cut=None, test_days=1.0, most_sessions=20)
    ours, theirs = split(read(visits), options), split(read(by_visitor), options)
    assert ours[1].count == 20
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.product.tolist() == other.product.tolist()
        assert mine.session.tolist() == other.session.tolist()


def test_without_two_clicks_after_the_cut_the_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "clicks.parquet"
    pl.DataFrame({"session": [1, 2], "product": [1, 2], "occurred_at": [1, 2]}).write_parquet(file)
    assert main(["--interactions", str(file), "--protocol", "session"]) == 2
    assert "No session of two clicks" in capsys.readouterr().err


@pytest.fixture(scope="module")
def groceries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everybody buys the two products of their own again and again, and now and then one that nobody else does."""
    rows = [
        {
            "customer": customer,
            "product": f"{product}",
            "basket": f"{customer}-{number}",
            "occurred_at": NOON.replace(tzinfo=None) - timedelta(days=100 - 7 * number, hours=customer % 5),
        }
        for customer in range(60)
        for number in range(2 if customer < 10 else 8)
        for product in (customer % 6, 6 + customer % 4, *((20 + number,) if number % 3 == 0 else ()))
    ]
    path = tmp_path_factory.mktemp("data") / "groceries.parquet"
    pl.DataFrame(rows).write_parquet(path)
    return path


def test_the_next_basket_protocol_finds_what_is_bought_again(groceries: Path, capsys: pytest.CaptureFixture[str]):
    arguments = ["--interactions", str(groceries), "--protocol", "next-basket", "--depth", "3"]
    facts, tables = evaluated(capsys, *arguments)
    assert facts["customers"] == 60
    every = {method: figures["recall"]["value"] for method, figures in tables["ALL"].items()}
    assert every["tifu alone"] > 0.95
    assert every["frequency + popularity"] > 0.95
    assert every["popularity"] < 0.7
    assert main(arguments) == 0
    assert "ALL: 50 cases, lists of 3" in capsys.readouterr().out
    assert main([*arguments, "--fewest-baskets", "9"]) == 2
    assert "Nobody's last basket" in capsys.readouterr().err


def test_with_a_test_file_its_last_baskets_are_the_targets(
    groceries: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    rows, late = pl.read_parquet(groceries), pl.col("basket").str.ends_with("-7") & (pl.col("customer") < 30)
    rows.filter(~late).write_parquet(tmp_path / "train.parquet")
    rows.filter(late).write_parquet(tmp_path / "test.parquet")
    arguments = ["--interactions", str(tmp_path / "train.parquet"), "--test", str(tmp_path / "test.parquet")]
    assert main([*arguments, "--protocol", "next-basket"]) == 0
    assert "ALL: 20 cases, lists of 10" in capsys.readouterr().out
