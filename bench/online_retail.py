"""The sample data as the engines read it, and the acceptance protocol measured on it.

Chen, D. (2015), Online Retail, UCI Machine Learning Repository, doi 10.24432/C5BW33, CC BY 4.0.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from recommendations.engines.blend import BLENDS, Blend, Model
from recommendations.engines.evaluation import BASELINES, Measured, measure, targets
from recommendations.engines.interactions import Interactions
from recommendations.engines.request import HOME
from recommendations.engines.training import MEASURED_ENGINES

PARQUET = Path(__file__).resolve().parents[2] / "shared" / "data" / "online_retail.parquet"
END = datetime(2011, 11, 10, tzinfo=UTC)
CUT = datetime(2011, 10, 11, tzinfo=UTC)
FEWEST_BUYERS = 5
METHODS: dict[str, Blend] = {
    **BASELINES,
    "als": {"als": 1.0},
    "item_knn": {"item_knn": 1.0},
    "blend": BLENDS[HOME],
}


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
    )


def interactions(until: datetime = END, *, only: pl.Series | None = None) -> Interactions:
    """Everything bought before ``until``, guests included; ``only`` restricts the products."""
    purchases = goods()
    products = purchases.group_by("product").agg(created_at=pl.col("occurred_at").min())
    if only is not None:
        products = products.filter(pl.col("product").is_in(only.implode()))
    products = products.with_columns(category=pl.lit(None, pl.Int64))
    return Interactions.from_frames(purchases, products, until)


def acceptance(cut: datetime = CUT) -> dict[str, Measured]:
    """The design's protocol: products with at least five buyers before ``cut``, no guests, each customer's first later invoice."""
    before = goods().filter(pl.col("occurred_at") < cut.replace(tzinfo=None), pl.col("customer").is_not_null())
    buyers = before.group_by("product").agg(pl.col("customer").n_unique().alias("buyers"))
    world = interactions(only=buyers.filter(pl.col("buyers") >= FEWEST_BUYERS)["product"])
    world = world.where(world.customer >= 0)
    days = (END - cut) / timedelta(days=1)
    past = world.older_than(days)
    model = Model.fit(past, MEASURED_ENGINES)
    return measure(model, past.matrix(), targets(world, days, at_most=int(np.iinfo(np.int32).max)), METHODS)
