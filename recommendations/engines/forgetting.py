"""Taking people out of a trained model: their rows become blank, and nothing leads to them any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommendations.engines.interface import Arrays

# No row of the database has this id, and it is smaller than all of them.
NOBODY = 0
BY_CUSTOMER = ("als.customers", "bpr.customers")
# Arrays with a row of entries per customer.
BY_ROW = {
    "history": ("products", "weights"),
    "repurchase": ("products", "ages"),
    "refused": ("products",),
    "tifu": ("products", "weights", "own"),
}


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
    for name in BY_CUSTOMER:
        if name in arrays:
            changed[name] = arrays[name].copy()
            changed[name][positions] = 0
    for engine, kept in BY_ROW.items():
        if f"{engine}.indptr" in arrays:
            changed |= _without_rows(arrays, positions, f"{engine}.indptr", [f"{engine}.{name}" for name in kept])
    return {**arrays, **changed}


def _overwritten(ids: NDArray[np.int64], gone: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Ascending as before."""
    kept = np.where(gone, NOBODY, ids)
    return np.maximum.accumulate(kept)


def _without_rows(arrays: Arrays, positions: NDArray[np.intp], indptr: str, names: Sequence[str]) -> dict[str, Any]:
    """What is kept of customers' purchases, with the rows of some blanked."""
    copies = {name: arrays[name].copy() for name in names}
    for position in positions:
        for copy in copies.values():
            copy[arrays[indptr][position] : arrays[indptr][position + 1]] = 0
    return copies
