"""From the columns of a frame to positions, codes and ages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

DAY = 86_400.0


def positions(ids: NDArray[Any], known: NDArray[np.int64]) -> NDArray[np.int32]:
    """Where each id stands in the ascending ``known``; −1 where it does not."""
    if not len(known):
        return np.full(len(ids), -1, np.int32)
    found = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.where(known[found] == ids, found, -1).astype(np.int32)


def codes(column: pl.Series) -> NDArray[np.int32]:
    """0, 1, 2, … per distinct value in ascending order; −1 for null."""
    known = column.drop_nulls().unique().sort().to_numpy().astype(np.int64)
    return positions(column.fill_null(-1).to_numpy(), known)


def seconds(column: pl.Series) -> NDArray[np.float64]:
    """Since 1970; a column of times is in UTC."""
    since: NDArray[np.float64] = column.dt.epoch("us").to_numpy() / 1e6
    return since


def days_before(until: datetime, column: pl.Series) -> NDArray[np.float32]:
    """Age in days at ``until``; negative for what came later."""
    days: NDArray[np.float32] = ((until.timestamp() - seconds(column)) / DAY).astype(np.float32)
    return days
