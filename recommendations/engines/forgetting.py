"""Taking people out of a trained model: their rows become blank, and nothing leads to them any more."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommendations.engines.interface import Arrays

# No row of the database has this id, and it is smaller than all of them.
NOBODY = 0
BY_CUSTOMER = "als.customers"


def without_customers(arrays: Arrays, ids: NDArray[np.int64]) -> Arrays | None:
    """The arrays of an artefact without these customers; None where it knows none of them.

    Positions stay as they are, for the rows of others lie behind them: a blanked customer's id is overwritten by the
    id before it, where the search for that finds the other row first.
    """
    gone = np.isin(arrays["ids.customers"], ids)
    gone_keys = np.isin(arrays["ids.key_customers"], ids)
    if not gone.any() and not gone_keys.any():
        return None
    positions = np.flatnonzero(gone)
    changed: dict[str, Any] = {
        "ids.customers": _overwritten(arrays["ids.customers"], gone),
        "ids.keys": arrays["ids.keys"][~gone_keys],
        "ids.key_customers": arrays["ids.key_customers"][~gone_keys],
    }
    if BY_CUSTOMER in arrays:
        changed[BY_CUSTOMER] = arrays[BY_CUSTOMER].copy()
        changed[BY_CUSTOMER][positions] = 0
    if "history.indptr" in arrays:
        changed |= _without_history(arrays, positions)
    return {**arrays, **changed}


def _overwritten(ids: NDArray[np.int64], gone: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Ascending as before."""
    kept = np.where(gone, NOBODY, ids)
    return np.maximum.accumulate(kept)


def _without_history(arrays: Arrays, positions: NDArray[np.intp]) -> dict[str, Any]:
    products, weights = arrays["history.products"].copy(), arrays["history.weights"].copy()
    for position in positions:
        row = slice(arrays["history.indptr"][position], arrays["history.indptr"][position + 1])
        products[row], weights[row] = 0, 0
    return {"history.products": products, "history.weights": weights}
