"""Predict each customer's last basket from all baskets before it."""

from __future__ import annotations

from argparse import Namespace, _ArgumentGroup
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl

from recommendations.engines.blend import ENGINES, Model
from recommendations.engines.blends import BLENDS, Blend
from recommendations.engines.columns import positions
from recommendations.engines.evaluation import BASELINES, DEPTH, Target
from recommendations.engines.evaluation.lists import Answers, Range, figures
from recommendations.engines.evaluation.temporal import rank
from recommendations.engines.history import History
from recommendations.engines.interactions import Interactions
from recommendations.engines.popularity import Popularity, recent_sales
from recommendations.engines.request import HOME
from recommendations.engines.tifu import Tifu
from recommendations.evaluate.data import HELD_OUT, DataError
from recommendations.evaluate.report import Report, Table

TITLE = "each customer's last basket (with --test: the last one in it); ALL counts repeats, NEW does not"
FREQUENCY = "frequency"
# Decides between products bought equally often, and nothing else.
TIES = 1e-3


def add_arguments(group: _ArgumentGroup) -> None:
    group.add_argument(
        "--fewest-baskets", type=int, default=3, help="customers with fewer, the last one included, are not asked about"
    )


def evaluate(events: pl.DataFrame, options: Namespace) -> Report:
    """Every engine, frequency, the baselines and the blend; raises DataError where nobody has baskets enough."""
    orders = events.filter(pl.col("kind") == "order", pl.col("customer").is_not_null())
    if orders.is_empty():
        raise DataError("This protocol needs orders of known customers; there are none.")
    earlier, last = split(orders, options.fewest_baskets)
    past = interactions(earlier, orders, options.fewest_buyers)
    wanted = list(_targets(last, past))
    if not wanted:
        raise DataError("Nobody's last basket holds anything known. See --fewest-baskets and --fewest-buyers.")
    model = fitted(past)
    lists = rank(model, past.matrix(), wanted, methods(), depth=options.depth or DEPTH)
    known = Range.of(past.matrix(), recent_sales(past))
    facts = {"customers": past.shape[0], "products": past.shape[1], "purchases learnt from": len(past)}
    return Report(
        "next-basket",
        facts,
        [
            _table("ALL", {method: found.every for method, found in lists.items()}, known),
            _table("NEW", {method: found.new for method, found in lists.items()}, known),
        ],
    )


def _table(title: str, answers: Mapping[str, Answers], known: Range) -> Table:
    first = next(iter(answers.values()))
    found = {method: figures(lists, known) for method, lists in answers.items() if lists.says_anything}
    return Table(title, len(first), first.depth, found)


def split(orders: pl.DataFrame, fewest: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All orders but the last basket of each customer with baskets enough, and these baskets.

    With a test file only customers with a basket in it are asked about; whatever came before that is learnt from.
    """
    baskets = (
        orders.group_by("customer", "basket")
        .agg(pl.col("occurred_at").max(), pl.col(HELD_OUT).any())
        .sort("customer", "occurred_at", "basket")
        .with_columns(place=pl.int_range(pl.len()).over("customer"), baskets=pl.len().over("customer"))
    )
    asked = pl.col(HELD_OUT) if orders[HELD_OUT].any() else pl.lit(value=True)
    last = baskets.filter(asked, pl.col("place") == pl.col("baskets") - 1, pl.col("baskets") >= fewest)
    key = ["customer", "basket"]
    return orders.join(last, on=key, how="anti"), orders.join(last, on=key, how="semi")


def interactions(earlier: pl.DataFrame, orders: pl.DataFrame, fewest_buyers: int) -> Interactions:
    """What is learnt from, as of the end of the data, of products with buyers enough."""
    buyers = earlier.group_by("product").agg(pl.col("customer").n_unique().alias("buyers"))
    sold = buyers.filter(pl.col("buyers") >= fewest_buyers)["product"]
    known = earlier.filter(pl.col("product").is_in(sold.implode()))
    products = known.group_by("product").agg(
        pl.col("category", "title", "price").drop_nulls().last(), created_at=pl.col("occurred_at").min()
    )
    newest = orders["occurred_at"].max()
    assert isinstance(newest, datetime)
    until = newest.replace(tzinfo=UTC) + timedelta(seconds=1)
    return Interactions.from_frames(known.select("customer", "product", "basket", "occurred_at"), products, until)


def _targets(last: pl.DataFrame, past: Interactions) -> Iterator[Target]:
    """The known products of each last basket whose customer is known."""
    rows = last.select("customer", "product").unique().sort("customer", "product")
    customer = positions(rows["customer"].to_numpy(), past.customer_ids)
    product = positions(rows["product"].to_numpy(), past.product_ids)
    kept = (customer >= 0) & (product >= 0)
    customer, product = customer[kept], product[kept]
    for begin, end in pairwise(np.flatnonzero(np.diff(customer, prepend=-1, append=-1))):
        yield Target(int(customer[begin]), product[begin:end])


def fitted(past: Interactions) -> Model:
    """The engines of a training, and beside them plain frequency: the model to beat where people buy again."""
    model = Model.fit(past, ENGINES)
    counted = History.fit(replace(past, age=np.zeros_like(past.age)))
    frequency = replace(counted, repeatable=np.ones_like(counted.repeatable))
    return Model({**model.engines, FREQUENCY: frequency}, model.blends)


def methods() -> dict[str, Blend]:
    """Each engine alone, frequency with popularity, the baselines, and the blend with and without the next basket."""
    alone: dict[str, Blend] = {f"{kind.name} alone": {kind.name: 1.0} for kind in ENGINES}
    blend = BLENDS[HOME]
    return {
        **alone,
        **BASELINES,
        "frequency + popularity": {FREQUENCY: 1.0, Popularity.name: TIES},
        "tifu + popularity": {Tifu.name: 1.0, Popularity.name: TIES},
        "blend": blend,
        "blend without tifu": {**blend, History.name: blend[History.name] + blend[Tifu.name], Tifu.name: 0.0},
    }
