"""The sample data as the engines read it, and the acceptance protocol measured on it.

Chen, D. (2015), Online Retail, UCI Machine Learning Repository, doi 10.24432/C5BW33, CC BY 4.0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from recommendations.engines.blend import ENGINES, Model
from recommendations.engines.blends import Blend
from recommendations.engines.evaluation import BASELINES, Measured, Target, measure, targets
from recommendations.engines.history import History
from recommendations.engines.interactions import Interactions
from recommendations.engines.request import DISCOVER, HOME
from recommendations.engines.training import WINDOW_DAYS, Unwatched, train
from recommendations.engines.tuner import tune, unbiased

PARQUET = Path(__file__).resolve().parents[2] / "shared" / "data" / "online_retail.parquet"
END = datetime(2011, 11, 10, tzinfo=UTC)
CUT = datetime(2011, 10, 11, tzinfo=UTC)
LATE_CUT = datetime(2011, 11, 9, tzinfo=UTC)
FEWEST_BUYERS = 5
ALONE: dict[str, Blend] = {kind.name: {kind.name: 1.0} for kind in ENGINES if kind is not History}
SINGLE = (*ALONE, *BASELINES)


def goods() -> pl.DataFrame:
    """Sold goods: quantity and price above 0, no cancellation, a stock code of five digits plus letters."""
    rows = pl.read_parquet(PARQUET).filter(
        pl.col("Quantity") > 0,
        pl.col("UnitPrice") > 0,
        ~pl.col("InvoiceNo").str.starts_with("C"),
        pl.col("StockCode").str.contains(r"^\d{5}[A-Za-z]*$"),
    )
    codes = rows.select("StockCode").unique().sort("StockCode").with_row_index("product")
    return rows.join(codes, on="StockCode").select(
        customer="CustomerID",
        product=pl.col("product").cast(pl.Int64),
        basket=pl.col("InvoiceNo").cast(pl.Int64),
        occurred_at="InvoiceDate",
        title="Description",
        price="UnitPrice",
    )


def interactions(until: datetime = END, *, only: pl.Series | None = None) -> Interactions:
    """Everything bought before ``until``, guests included; ``only`` restricts the products."""
    purchases = goods()
    # As they were named and priced when they were first sold: nothing of what came later.
    products = (
        purchases.sort("occurred_at", "basket")
        .group_by("product")
        .agg(pl.col("title", "price").drop_nulls().first(), created_at=pl.col("occurred_at").min())
    )
    if only is not None:
        products = products.filter(pl.col("product").is_in(only.implode()))
    products = products.with_columns(category=pl.lit(None, pl.Int64))
    return Interactions.from_frames(purchases, products, until)


@dataclass(frozen=True)
class World:
    """The protocol's data: what is learnt from, and every customer's first invoice after the cut."""

    past: Interactions
    wanted: list[Target]
    whole: Interactions
    days: float

    @classmethod
    def at(cls, cut: datetime = CUT) -> World:
        """Products with at least five buyers before ``cut``, no guests."""
        before = goods().filter(pl.col("occurred_at") < cut.replace(tzinfo=None), pl.col("customer").is_not_null())
        buyers = before.group_by("product").agg(pl.col("customer").n_unique().alias("buyers"))
        world = interactions(only=buyers.filter(pl.col("buyers") >= FEWEST_BUYERS)["product"])
        world = world.where(world.customer >= 0)
        days = (END - cut) / timedelta(days=1)
        wanted = targets(world, days, at_most=int(np.iinfo(np.int32).max))
        return cls(world.older_than(days), wanted, world, days)


def acceptance(cut: datetime = CUT) -> dict[str, Measured]:
    """Every engine alone, the baselines, and two blends, ``blend`` and ``found``, ranked for what came after ``cut``.

    ``blend`` is what a training on the time before stores; ``found`` is what its tuner finds when it starts from
    equal weights. Both know nothing of the time after.
    """
    world = World.at(cut)
    trained = train(world.past, Unwatched())
    model = trained.model.with_all(world.past, trained.recipe)
    found = from_equal_weights(world.past)
    methods = {**ALONE, **BASELINES, "blend": model.blends[HOME], "found": found[HOME]}
    discover = {"blend": model.blends[DISCOVER], "found": found[DISCOVER]}
    return measure(model, world.past.matrix(), world.wanted, methods, discover)


def from_equal_weights(past: Interactions) -> dict[str, Blend]:
    """What the tuner finds in the newest weeks when it starts from nothing."""
    model = Model.fit(past.older_than(WINDOW_DAYS))
    model = replace(model, blends={placement: unbiased(blend) for placement, blend in model.blends.items()})
    window = past.where(past.age <= WINDOW_DAYS)
    return tune(model, targets(past, WINDOW_DAYS), window, (HOME, DISCOVER))
