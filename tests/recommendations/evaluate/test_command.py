"""``python -m recommendations.evaluate``: what it prints, and what it says of files that do not do."""

import json
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from recommendations.evaluate.command import main
from tests.recommendations.worlds import NOON, tastes


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The planted tastes as a file."""
    world = tastes()
    path = tmp_path_factory.mktemp("data") / "orders.parquet"
    pl.DataFrame(
        {
            "customer": [f"c-{row}" for row in world.customer.tolist()],
            "product": [f"p-{row:02}" for row in world.product.tolist()],
            "basket": world.basket.tolist(),
            "occurred_at": [(NOON - timedelta(days=age)).replace(tzinfo=None) for age in world.age.tolist()],
            "category": [f"group {row // 12}" for row in world.product.tolist()],
        }
    ).write_parquet(path)
    return path


def evaluated(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    assert main([*arguments, "--json"]) == 0
    return {table["title"]: table["methods"] for table in json.loads(capsys.readouterr().out)["tables"]}


def test_the_temporal_protocol_finds_planted_tastes(file: Path, capsys: pytest.CaptureFixture[str]):
    tables = evaluated(capsys, "--interactions", str(file))
    assert set(tables) == {"ALL", "NEW"}
    assert tables["ALL"]["blend"]["ndcg"]["value"] > 2 * tables["ALL"]["popularity"]["ndcg"]["value"]
    figure = tables["NEW"]["als alone"]["hr"]
    assert figure["low"] <= figure["value"] <= figure["high"]
    assert "history alone" not in tables["NEW"]  # it has nothing new to say


def test_a_test_file_of_its_own_is_the_same_as_a_cut(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    cut = (NOON - timedelta(days=28)).replace(tzinfo=None, hour=0)
    rows = pl.read_parquet(file)
    rows.filter(pl.col("occurred_at") < cut).write_parquet(tmp_path / "train.parquet")
    rows.filter(pl.col("occurred_at") >= cut).write_csv(tmp_path / "test.csv")
    apart = evaluated(capsys, "--interactions", str(tmp_path / "train.parquet"), "--test", str(tmp_path / "test.csv"))
    whole = evaluated(capsys, "--interactions", str(file), "--cut", f"{cut:%Y-%m-%d}")
    assert apart["ALL"]["popularity"]["hr"]["value"] == pytest.approx(
        whole["ALL"]["popularity"]["hr"]["value"], abs=0.02
    )
    assert apart["ALL"]["blend"]["ndcg"]["value"] == pytest.approx(whole["ALL"]["blend"]["ndcg"]["value"], abs=0.02)


def test_tables_are_printed_with_their_intervals(file: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--interactions", str(file), "--depth", "5"]) == 0
    printed = capsys.readouterr().out
    assert "lists of 5" in printed
    assert "–" in printed.split("blend")[1]


def test_columns_may_have_other_names(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    renamed = tmp_path / "renamed.csv"
    pl.read_parquet(file).rename({"product": "StockCode", "customer": "Who"}).write_csv(renamed)
    columns = ["--column", "product=StockCode", "--column", "customer=Who"]
    assert evaluated(capsys, "--interactions", str(renamed), *columns)["ALL"]
    assert main(["--interactions", str(renamed), "--column", "product=StockCode", "--column", "customer=Whom"]) == 2
    assert "no column Whom" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"product": None}, "needs a product"),
        ({"customer": None}, "customer or a session"),
        ({"kind": "gift"}, "Unknown kind gift"),
        ({"kind": "view"}, "needs orders of known customers"),
        ({"occurred_at": "yesterday"}, "not of its type"),
    ],
)
def test_a_file_that_does_not_do_is_refused_with_the_reason(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, str | None], said: str
):
    broken = tmp_path / "broken.parquet"
    pl.read_parquet(file).with_columns(
        pl.lit(value, pl.String).alias(name) for name, value in changed.items()
    ).write_parquet(broken)
    assert main(["--interactions", str(broken)]) == 2
    assert said in capsys.readouterr().err


def test_a_missing_file_and_a_file_of_something_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--interactions", str(tmp_path / "none.parquet")]) == 2
    assert "There is no file" in capsys.readouterr().err
    (tmp_path / "text.parquet").write_text("hello")
    assert main(["--interactions", str(tmp_path / "text.parquet")]) == 2
    assert "neither Parquet nor CSV" in capsys.readouterr().err


def test_titles_let_what_hardly_sold_be_ranked(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A new product is bought by two people before the cut, and by others who like its group after it."""
    rows = pl.read_parquet(file).with_columns(title=pl.lit("Thing of ") + pl.col("category"), price=pl.lit(9.5))
    new = rows.filter(pl.col("category") == "group 2").unique("customer", keep="first", maintain_order=True).head(12)
    ages = [60 if number < 2 else 5 for number in range(len(new))]
    new = new.with_columns(
        product=pl.lit("p-99"),
        basket=pl.int_range(900_000, 900_000 + len(new), dtype=pl.Int64),
        occurred_at=pl.Series([(NOON - timedelta(days=age)).replace(tzinfo=None) for age in ages]).dt.cast_time_unit(
            "us"
        ),
    )
    pl.concat([rows, new]).write_parquet(tmp_path / "titled.parquet")
    pl.concat([rows, new]).drop("title", "price", "category").write_parquet(tmp_path / "untitled.parquet")
    titled, untitled = (
        evaluated(capsys, "--interactions", str(tmp_path / f"{name}.parquet"), "--fewest-buyers", "1")
        for name in ("titled", "untitled")
    )
    assert titled["NEW"]["content alone"]["hr"]["value"] > 0
    assert "content alone" not in untitled["NEW"]
