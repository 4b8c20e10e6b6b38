"""Between trainings: popularity, sessions and new products, every few minutes.

A refresh is an artefact of its own beside the version's, with newer arrays of the quick engines. New customers need
none: their purchases are folded in when they are answered.
"""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from core.locks import try_lock_name
from merchants.models import Merchant
from recommendations.actions.publishing import lock_artefacts
from recommendations.engines import artefacts
from recommendations.engines.interactions import Interactions
from recommendations.engines.recipe import Recipe
from recommendations.engines.refreshing import DECAYS, ORDER, SOLD, refit
from recommendations.models import ModelVersion, artefact_directory, training_plan
from recommendations.queries import Snapshot, Window, read_snapshot

if TYPE_CHECKING:
    import polars as pl

logger = logging.getLogger(__name__)

# As far back as popularity looks; sessions have the plan's own window.
PURCHASE_DAYS = 28
# A refresh that takes long waits long for the next one: at most a twentieth of a worker's time goes into it.
REST = 20


def is_refresh_due(version: ModelVersion) -> bool:
    """Whether the plan wants newer figures than the live version has."""
    minutes = training_plan(version.merchant).refresh_minutes
    if not minutes:
        return False
    rest = max(timedelta(minutes=minutes), timedelta(seconds=REST * version.timings.get("refresh", 0.0)))
    return (version.refreshed_at or version.created_at) <= timezone.now() - rest


def refresh_model(merchant: Merchant) -> ModelVersion | None:
    """Newer arrays for the live version; None when there is none, or somebody else is at it.

    Another version may go live meanwhile: then what was computed is thrown away.
    """
    with transaction.atomic():
        # Held to the end: of two refreshes of a shop one is enough.
        if not try_lock_name(f"recommendations.refresh:{merchant.pk}"):
            return None
        live = ModelVersion.objects.for_merchant(merchant).live().first()
        if live is None:
            return None
        begin, now = time.monotonic(), timezone.now()
        try:
            artefact = artefacts.load(live.directory, only=["ids.products", ORDER, DECAYS, SOLD])
        except artefacts.ArtefactError as error:
            logger.error("model %s of merchant %s: %s", live.version, merchant.pk, error)
            return None
        arrays = _refit(merchant, artefact)
        return _attach(live, arrays, now, time.monotonic() - begin)


def _refit(merchant: Merchant, artefact: artefacts.Artefact) -> dict[str, NDArray[Any]]:
    window = replace(Window.of(training_plan(merchant)), purchase_days=PURCHASE_DAYS)
    known = artefact.arrays["ids.products"]
    recent = _with_positions(read_snapshot(merchant, window), known)
    engines = {name.partition(".")[0] for name in artefact.names}
    recipe = Recipe.from_dict(artefact.about.get("recipe", {}))
    return {**refit(engines, artefact.arrays, recent, recipe), "ids.products": recent.product_ids}


def _with_positions(snapshot: Snapshot, known: NDArray[np.int64]) -> Interactions:
    """The snapshot with the training's products at their positions, also those that are gone, and newer ones behind."""
    import polars as pl  # noqa: PLC0415 - its thread pool must not exist when a worker forks

    newest = int(known[-1]) if len(known) else 0
    is_known = pl.col("product").is_in(pl.Series(known).implode())
    products = snapshot.products.filter(is_known | (pl.col("product") > newest))
    gone = np.setdiff1d(known, products["product"].to_numpy())
    products = pl.concat([products, _forgotten(gone, products)], how="diagonal")
    return Interactions.from_frames(snapshot.purchases, products, snapshot.until, snapshot.events)


def _forgotten(ids: NDArray[np.int64], like: pl.DataFrame) -> pl.DataFrame:
    """Rows of products that were deleted: nobody can be shown them, but their places stay taken."""
    import polars as pl  # noqa: PLC0415 - see above

    rows = pl.DataFrame({"product": ids}, schema={"product": pl.Int64})
    return rows.with_columns(
        title=pl.lit(""),
        price=pl.lit(0, pl.Int64),
        created_at=pl.lit(datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None), like.schema["created_at"]),
    )


def _attach(live: ModelVersion, arrays: dict[str, NDArray[Any]], now: datetime, seconds: float) -> ModelVersion | None:
    """Write the arrays beside the version's and point to them, if it is still live."""
    name = f"{live.version.partition('+')[0]}~{secrets.token_hex(4)}"
    directory = artefact_directory(live.merchant_id, name)
    lock_artefacts(live.merchant_id)
    current = ModelVersion.objects.for_merchant(live.merchant_id).live().filter(pk=live.pk).first()
    if current is None:
        return None
    artefacts.write(directory, arrays, {"refreshes": live.version.partition("+")[0], "at": now.isoformat()})
    old = current.refresh_directory
    current.refresh, current.refreshed_at = name, now
    current.timings = {**current.timings, "refresh": round(seconds, 2)}
    current.save(update_fields=["refresh", "refreshed_at", "timings"])
    if old is not None:
        transaction.on_commit(lambda: artefacts.remove(old))
    return current
