"""Learn from what was bought before a cut, rank for each customer what the first basket after it holds.

The blend is that of a whole training: its weights are tuned on the last weeks before the cut.
"""

from __future__ import annotations

from argparse import Namespace, _ArgumentGroup
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from recommendations.engines.blend import ENGINES
from recommendations.engines.blends import Blend
from recommendations.engines.evaluation import BASELINES, DEPTH, targets
from recommendations.engines.evaluation.lists import Answers, Range, figures
from recommendations.engines.evaluation.temporal import rank
from recommendations.engines.interactions import Interactions
from recommendations.engines.popularity import recent_sales
from recommendations.engines.request import DISCOVER, HOME
from recommendations.engines.training import WINDOW_DAYS, Unwatched, train
from recommendations.evaluate.data import HELD_OUT, DataError
from recommendations.evaluate.report import Report, Table

TITLE = "the first basket after a cut, for customers known before it; ALL counts repeats, NEW does not"
BLEND = "blend"
EVERYBODY = int(np.iinfo(np.int32).max)


def add_arguments(group: _ArgumentGroup) -> None:
    group.add_argument(
        "--cut",
        type=_day,
        help=f"what happened from this UTC day on is predicted; by default the last {WINDOW_DAYS} days, or --test",
    )
    group.add_argument("--fewest-buyers", type=int, default=5, help="products with fewer before the cut are left out")


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def evaluate(events: pl.DataFrame, options: Namespace) -> Report:
    """Every engine, the baselines and the blend; raises DataError without customers on both sides of the cut."""
    orders = events.filter(pl.col("kind") == "order", pl.col("customer").is_not_null())
    if orders.is_empty():
        raise DataError("This protocol needs orders of known customers; there are none.")
    until = _time(orders["occurred_at"].max()) + timedelta(seconds=1)
    cut = _cut(orders, options.cut, until)
    world = interactions(orders, cut, until, options.fewest_buyers)
    days = (until - cut) / timedelta(days=1)
    wanted = targets(world, days, at_most=EVERYBODY)
    if not wanted:
        raise DataError(f"Nobody who was known before {cut:%Y-%m-%d} bought anything known afterwards.")
    past = world.older_than(days)
    trained = train(past, Unwatched())
    model = trained.model.with_all(past, trained.recipe)
    blends = model.blends
    lists = rank(
        model, past.matrix(), wanted, methods(blends[HOME]), {BLEND: blends[DISCOVER]}, depth=options.depth or DEPTH
    )
    known = Range.of(past.matrix(), recent_sales(past))
    facts = {"cut": f"{cut:%Y-%m-%d}", "products": world.shape[1], "purchases before the cut": len(past)}
    return Report(
        "temporal",
        facts,
        [
            _table("ALL", {method: found.every for method, found in lists.items()}, known),
            _table("NEW", {method: found.new for method, found in lists.items()}, known),
        ],
    )


def _table(title: str, answers: dict[str, Answers], known: Range) -> Table:
    """Without the engines that have nothing to say here, such as categories where there are none."""
    first = next(iter(answers.values()))
    found = {method: figures(lists, known) for method, lists in answers.items() if lists.says_anything}
    return Table(title, len(first), first.depth, found)


def methods(blend: Blend) -> dict[str, Blend]:
    """Each engine alone, the baselines, and the blend."""
    alone: dict[str, Blend] = {f"{kind.name} alone": {kind.name: 1.0} for kind in ENGINES}
    return {**alone, **BASELINES, BLEND: blend}


def _cut(orders: pl.DataFrame, chosen: datetime | None, until: datetime) -> datetime:
    if orders[HELD_OUT].any():
        return _time(orders.filter(HELD_OUT)["occurred_at"].min())
    return chosen or until - timedelta(days=WINDOW_DAYS)


def _time(found: object) -> datetime:
    """A value of ``occurred_at``: UTC, and polars does not say so."""
    assert isinstance(found, datetime)
    return found.replace(tzinfo=UTC)


def interactions(orders: pl.DataFrame, cut: datetime, until: datetime, fewest_buyers: int) -> Interactions:
    """The orders of products with enough buyers before ``cut``."""
    before = orders.filter(pl.col("occurred_at") < cut.replace(tzinfo=None))
    buyers = before.group_by("product").agg(pl.col("customer").n_unique().alias("buyers"))
    sold = buyers.filter(pl.col("buyers") >= fewest_buyers)["product"]
    known = orders.filter(pl.col("product").is_in(sold.implode()))
    products = known.group_by("product").agg(
        pl.col("category", "title", "price").drop_nulls().last(), created_at=pl.col("occurred_at").min()
    )
    return Interactions.from_frames(known.select("customer", "product", "basket", "occurred_at"), products, until)
