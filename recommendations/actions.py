"""Training, and letting its outcome go live or not."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from core.errors import DomainError
from core.jobs import Cancelled, start_job
from core.locks import lock_name
from core.models import Job
from customers.models import Customer
from merchants.actions import record_audit
from merchants.models import Merchant, Staff
from recommendations.engines import artefacts
from recommendations.engines.forgetting import without_customers
from recommendations.engines.interactions import Interactions
from recommendations.models import ModelVersion, artefact_directory
from recommendations.queries import Snapshot, read_snapshot

if TYPE_CHECKING:
    from recommendations.engines.training import Trained

logger = logging.getLogger(__name__)

TRAINING = "train_models"
KEPT_ARTEFACTS = 5
# The first half of PostgreSQL's two-part advisory lock keys: ours, so that no other lock of a merchant collides.
_LOCK_SPACE = 0x7261_696E


class Progress(Protocol):
    """Who watches a training: ``core.jobs.Progress``, or a bar on the terminal."""

    def step(self, text: str, *, total: int | None = None) -> None: ...

    def advance(self, count: int = 1) -> None: ...


@transaction.atomic
def request_training(merchant: Merchant, *, staff: Staff | None, ring_worker: bool = True) -> Job:
    """Queue a training. Raises DomainError ``training_running`` while another is waiting or running."""
    # Of two clicks the second waits here until the first one's job is visible.
    Merchant.objects.select_for_update().get(pk=merchant.pk)
    if Job.objects.for_merchant(merchant).unfinished().filter(kind=TRAINING).exists():
        raise _already_running()
    if staff is not None:
        record_audit(merchant, "training.requested", staff=staff)
    return start_job(
        merchant, TRAINING, title=gettext_noop("Train recommendations"), staff=staff, ring_worker=ring_worker
    )


def _already_running() -> DomainError:
    return DomainError("training_running", _("A training of this shop is already waiting or running."))


@dataclass(frozen=True)
class _Training:
    """What is known of a training before its outcome is."""

    merchant: Merchant
    version: str
    began_at: datetime

    @classmethod
    def begin(cls, merchant: Merchant) -> _Training:
        now = timezone.now()
        return cls(merchant, f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}", now)

    @property
    def directory(self) -> Path:
        return artefact_directory(self.merchant.pk, self.version)

    def outcome(self, status: str, **facts: Any) -> ModelVersion:
        """The unsaved row of this training."""
        duration = timezone.now() - self.began_at
        return ModelVersion(merchant=self.merchant, version=self.version, status=status, duration=duration, **facts)


def train_models(merchant: Merchant, *, progress: Progress) -> ModelVersion:
    """Reads, learns, measures, judges, and publishes or refuses; whatever happens, the old model serves until the swap.

    Returns the row of the outcome: live or refused. Raises DomainError ``training_running`` beside
    another training of the same merchant; any other error leaves a row that says what broke.
    """
    with training_lock(merchant):
        training = _Training.begin(merchant)
        try:
            tidy(merchant)
            return _train(training, progress)
        except Cancelled:
            raise
        except Exception as error:
            reason = {"code": "failed", "error": type(error).__name__}
            training.outcome(ModelVersion.Status.FAILED, reason=reason, snapshot_at=training.began_at).save()
            raise


@contextmanager
def training_lock(merchant: Merchant) -> Iterator[None]:
    """One training per merchant at a time. The lock dies with its connection, so a killed worker leaves none behind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_SPACE, merchant.pk])
        if not cursor.fetchone()[0]:
            raise _already_running()
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK_SPACE, merchant.pk])


def _train(training: _Training, progress: Progress) -> ModelVersion:
    # implicit and polars bring thread pools that do not survive a fork: only a training loads them.
    from recommendations.engines.training import train  # noqa: PLC0415

    progress.step(gettext_noop("Reading purchases"))
    snapshot = read_snapshot(training.merchant)
    interactions = to_interactions(snapshot)
    live = ModelVersion.objects.for_merchant(training.merchant).live().first()
    trained = train(interactions, _Translated(progress), live_rows=live.rows if live else None)
    facts = {**_facts(interactions, snapshot), "mode": trained.mode, "metrics": trained.metrics}
    if trained.refusal:
        return _refuse(training, facts, {"code": trained.refusal.code, **trained.refusal.figures})
    progress.step(gettext_noop("Writing the model"))
    size = artefacts.write(
        training.directory, {**trained.model.arrays(), **_ids(interactions, snapshot)}, _about(training, trained, facts)
    )
    version = publish(training.outcome(ModelVersion.Status.LIVE, size=size, **facts))
    tidy(training.merchant)
    return version


def to_interactions(snapshot: Snapshot) -> Interactions:
    """The snapshot as engines read it."""
    return Interactions.from_frames(snapshot.purchases, snapshot.products, snapshot.until, snapshot.events)


def _facts(interactions: Interactions, snapshot: Snapshot) -> dict[str, Any]:
    customers, products = interactions.shape
    any_rows = len(interactions) > 0
    oldest = timedelta(days=float(interactions.age.max(initial=0)))
    return {
        "snapshot_at": snapshot.at,
        "data_from": interactions.until - oldest if any_rows else None,
        "data_until": interactions.until if any_rows else None,
        "rows": len(interactions),
        "customers": customers,
        "events": len(snapshot.events),
        "products": products,
    }


def _ids(interactions: Interactions, snapshot: Snapshot) -> dict[str, NDArray[Any]]:
    """What turns the world's ids into the artefact's positions: product and customer ids, and keys of customers."""
    order = np.argsort(snapshot.customer_keys)
    return {
        "ids.products": interactions.product_ids,
        "ids.customers": interactions.customer_ids,
        "ids.keys": snapshot.customer_keys[order],
        "ids.key_customers": snapshot.customer_ids[order],
    }


def _about(training: _Training, trained: Trained, facts: dict[str, Any]) -> dict[str, Any]:
    """What the manifest tells beside the checksums."""
    plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in facts.items()}
    return {
        "version": training.version,
        "created_at": timezone.now().isoformat(),
        "blends": trained.model.blends,
        "libraries": {name: metadata.version(name) for name in ("numpy", "scipy", "implicit")},
        **plain,
    }


@transaction.atomic
def publish(version: ModelVersion) -> ModelVersion:
    """Swap the pointer: in one transaction the live version retires and ``version`` takes its place.

    Whoever was erased while it learnt is taken out of it first.
    """
    _lock_artefacts(version.merchant_id)
    live = ModelVersion.objects.for_merchant(version.merchant_id).live()
    live.update(status=ModelVersion.Status.RETIRED)
    version.status, version.published_at = ModelVersion.Status.LIVE, timezone.now()
    version.save()
    customers = Customer.objects.for_merchant(version.merchant_id).filter(erased_at__gte=version.snapshot_at)
    forget_customers(version.merchant_id, [customer.pk for customer in customers])
    version.refresh_from_db()
    return version


@transaction.atomic
def forget_customers(merchant_id: int, customer_ids: Iterable[int]) -> int:
    """Take erased people out of every stored artefact; returns how many artefacts knew them.

    An artefact is never changed: a copy without them is written beside it under a new name, the row is pointed
    there, and serving processes load it as they load every new version. The old one goes after the commit.
    """
    _lock_artefacts(merchant_id)
    ids = np.fromiter(customer_ids, np.int64)
    stored = ModelVersion.objects.for_merchant(merchant_id).stored()
    return sum(_forget_in(version, ids) for version in stored) if len(ids) else 0


def _forget_in(version: ModelVersion, ids: NDArray[np.int64]) -> bool:
    old = version.directory
    try:
        artefact = artefacts.load(old)
        arrays = without_customers(artefact.arrays, ids)
    except (artefacts.ArtefactError, KeyError):
        # Nobody can read it, so nobody can say that the person is not in it.
        version.size = 0
        version.save(update_fields=["size"])
        transaction.on_commit(lambda: artefacts.remove(old))
        return True
    if arrays is None:
        return False
    version.version = f"{version.version.partition('+')[0]}+{secrets.token_hex(3)}"
    version.size = artefacts.write(version.directory, arrays, {**artefact.about, "version": version.version})
    version.save(update_fields=["version", "size"])
    transaction.on_commit(lambda: artefacts.remove(old))
    return True


def _lock_artefacts(merchant_id: int) -> None:
    """Held until the transaction ends: meanwhile nobody publishes, tidies, or takes somebody out."""
    lock_name(f"recommendations.artefacts:{merchant_id}")


def _refuse(training: _Training, facts: dict[str, Any], reason: dict[str, Any]) -> ModelVersion:
    """Keep the outcome and why it stays out; nothing else changes."""
    version = training.outcome(ModelVersion.Status.REFUSED, reason=reason, **facts)
    version.save()
    logger.warning("model %s of merchant %s refused: %s", version.version, version.merchant_id, reason["code"])
    return version


@transaction.atomic
def tidy(merchant: Merchant) -> None:
    """Keep the newest five artefacts and the live one; delete others, and what killed trainings left behind.

    Only under the training lock: a directory without a row may be one that is being written.
    """
    _lock_artefacts(merchant.pk)
    versions = ModelVersion.objects.for_merchant(merchant)
    kept = set(versions.stored().order_by("-id").values_list("version", flat=True)[:KEPT_ARTEFACTS])
    kept |= set(versions.live().values_list("version", flat=True))
    versions.stored().exclude(version__in=kept).update(size=0)
    shop = artefact_directory(merchant.pk, "")
    for directory in shop.iterdir() if shop.exists() else ():
        if directory.name not in kept:
            artefacts.remove(directory)


_STEPS = {
    "measure": gettext_noop("Measuring quality on the newest weeks"),
    "learn": gettext_noop("Learning from all purchases"),
}


class _Translated:
    """Says the engines' steps in words."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.advance = progress.advance

    def step(self, text: str, *, total: int | None = None) -> None:
        self._progress.step(_STEPS[text], total=total)
