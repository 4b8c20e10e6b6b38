"""The factorisation on Spark, for shops whose customers × products do not fit into one machine's memory.

MLlib's implicit ALS in place of implicit's; what comes out is the same two arrays, so the artefact is the same. pyspark
is the optional extra ``spark`` and needs Java. ``SPARK_MASTER`` says where it runs (default: this machine),
``SPARK_EXCHANGE_DIR`` a directory that all of its machines see.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from recommendations.engines.als import ALPHA, ITERATIONS, SEED
from recommendations.engines.interface import Floats, Tick, no_tick
from recommendations.engines.recipe import USUAL, Recipe

if TYPE_CHECKING:
    import polars as pl

# MLlib multiplies it by each row's number of entries, implicit does not: about the same for twenty purchases each.
REGULARIZATION = 0.5
LOCAL = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


class SparkMissing(RuntimeError):  # noqa: N818  # reads as what happened
    """pyspark is not installed."""


def is_installed() -> bool:
    return find_spec("pyspark") is not None


def factorise(
    matrix: sp.csr_array, tick: Tick = no_tick, *, start: Floats | None = None, recipe: Recipe = USUAL
) -> tuple[Floats, Floats]:
    """Factors of rows and columns of ``matrix`` (customers × products), each (n, factors); ``start`` is of no use to MLlib."""
    with (
        tempfile.TemporaryDirectory(prefix="spark-", dir=os.environ.get("SPARK_EXCHANGE_DIR")) as directory,
        _session() as session,
    ):
        folder = Path(directory)
        _entries(matrix).write_parquet(folder / "entries.parquet")
        model = _als(recipe.factors).fit(session.read.parquet(str(folder / "entries.parquet")))
        for _ in range(ITERATIONS):  # MLlib says nothing while it works
            tick()
        customers = _dense(model.userFactors, folder / "customers", matrix.shape[0], recipe.factors)
        return customers, _dense(model.itemFactors, folder / "products", matrix.shape[1], recipe.factors)


@contextmanager
def _session() -> Iterator[Any]:
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise SparkMissing("pyspark is missing: pip install 'cxapp[spark]', and Java 17 or newer.") from error

    master = os.environ.get("SPARK_MASTER", "local[*]")
    builder = SparkSession.builder.master(master).appName("cxapp recommendations")
    settings = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
    for name, value in (settings | (LOCAL if master.startswith("local") else {})).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield session
    finally:
        session.stop()


def _als(factors: int) -> Any:
    from pyspark.ml.recommendation import ALS  # noqa: PLC0415 - see above

    return ALS(
        userCol="customer",
        itemCol="product",
        ratingCol="baskets",
        implicitPrefs=True,
        rank=factors,
        maxIter=ITERATIONS,
        regParam=REGULARIZATION,
        alpha=ALPHA,
        seed=SEED,
    )


def _entries(matrix: sp.csr_array) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415 - its thread pool must not exist when a worker forks

    entries = matrix.tocoo()
    row, column = entries.coords
    return pl.DataFrame(
        {
            "customer": row.astype(np.int32),
            "product": column.astype(np.int32),
            "baskets": entries.data.astype(np.float32),
        }
    )


def _dense(factors: Any, folder: Path, rows: int, width: int) -> Floats:
    """MLlib's table of (id, features) as an array; whoever has no entry has no taste."""
    import polars as pl  # noqa: PLC0415 - see above

    factors.write.parquet(str(folder))
    table = pl.read_parquet(folder / "*.parquet")
    dense = np.zeros((rows, width), np.float32)
    if len(table):
        dense[table["id"].to_numpy()] = np.stack(table["features"].to_list())
    return dense
