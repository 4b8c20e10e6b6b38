"""One training: read, learn, measure, judge, and publish or refuse. Whatever happens, the old model serves until the swap."""

from __future__ import annotations

import logging
import resource
import secrets
import time
from collections.abc import Iterator
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
from core.models import Job
from merchants.actions import record_audit
from merchants.models import Merchant, Staff
from orders.models import Order
from recommendations.actions.plans import TRAINING
from recommendations.actions.publishing import lock_artefacts, publish, tidy
from recommendations.engines import artefacts
from recommendations.engines.interactions import Interactions
from recommendations.engines.recipe import Recipe
from recommendations.engines.refused import Refused
from recommendations.models import ModelVersion, artefact_directory, training_plan
from recommendations.queries import Snapshot, Window, read_snapshot
from recommendations.slots import last_slot

if TYPE_CHECKING:
    from recommendations.engines.als import Factoriser
    from recommendations.engines.gate import Live
    from recommendations.engines.training import Trained

logger = logging.getLogger(__name__)

AT_MOST_EVERY = timedelta(hours=20)
# A recipe holds so long: what suits a shop changes slowly, and searching costs as much as some trainings.
RECIPE_HOLDS = timedelta(days=28)
# The first half of PostgreSQL's two-part advisory lock keys: ours, so that no other lock of a merchant collides.
_LOCK_SPACE = 0x7261_696E


class Progress(Protocol):
    """Who watches a training: ``core.jobs.Progress``, or a bar on the terminal."""

    def step(self, text: str, *, total: int | None = None) -> None: ...

    def advance(self, count: int = 1) -> None: ...

    def note(self, text: str, **values: Any) -> None: ...

    def warn(self, text: str, **values: Any) -> None: ...


@transaction.atomic
def request_training(
    merchant: Merchant, *, staff: Staff | None, ring_worker: bool = True, engine: str = ModelVersion.Engine.IMPLICIT
) -> Job:
    """Queue a training. Raises DomainError ``training_running`` while another is waiting or running."""
    _lock_requests(merchant)
    if Job.objects.for_merchant(merchant).unfinished().filter(kind=TRAINING).exists():
        raise _already_running()
    if staff is not None:
        record_audit(merchant, "training.requested", staff=staff)
    return start_job(
        merchant,
        TRAINING,
        title=gettext_noop("Train recommendations"),
        parameters={} if engine == ModelVersion.Engine.IMPLICIT else {"engine": str(engine)},
        staff=staff,
        ring_worker=ring_worker,
    )


@transaction.atomic
def start_scheduled_training(merchant: Merchant) -> Job | None:
    """Queue the training of the schedule if it is due; of several schedulers one does it."""
    _lock_requests(merchant)
    trainings = Job.objects.for_merchant(merchant).filter(kind=TRAINING)
    newest = trainings.order_by("-id").values_list("created_at", flat=True).first()
    if trainings.unfinished().exists() or not is_due(merchant, newest):
        return None
    return request_training(merchant, staff=None)


def is_due(merchant: Merchant, last_asked: datetime | None) -> bool:
    """Whether the schedule wants a training now: since the last slot nobody asked for one, and there is something to learn.

    A shop without a model does not wait for the night. What failed or was refused is not tried again before the next slot.
    """
    plan = training_plan(merchant)
    if plan.is_paused:
        return False
    live = ModelVersion.objects.for_merchant(merchant).live().first()
    if live is not None:
        return max(live.created_at, last_asked or live.created_at) < last_slot(plan.hour, merchant.tz, timezone.now())
    is_recent = last_asked is not None and last_asked > timezone.now() - AT_MOST_EVERY
    return not is_recent and Order.objects.for_merchant(merchant).exists()


def _lock_requests(merchant: Merchant) -> None:
    """Of two clicks or two schedulers the second waits here until the first one's job is visible."""
    Merchant.objects.select_for_update().get(pk=merchant.pk)


def _already_running() -> DomainError:
    return DomainError("training_running", _("A training of this shop is already waiting or running."))


@dataclass(frozen=True)
class _Training:
    """What is known of a training before its outcome is."""

    merchant: Merchant
    version: str
    began_at: datetime
    watch: _Watch
    job: Job | None
    engine: str
    live: int | None  # the version that answered when it began

    @classmethod
    def begin(cls, merchant: Merchant, progress: Progress, job: Job | None, engine: str) -> _Training:
        now = timezone.now()
        name = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        return cls(merchant, name, now, _Watch(progress), job, engine, _live_version(merchant))

    @property
    def directory(self) -> Path:
        return artefact_directory(self.merchant.pk, self.version)

    def outcome(self, status: str, **facts: Any) -> ModelVersion:
        """The unsaved row of this training."""
        return ModelVersion(
            merchant=self.merchant,
            job=self.job,
            version=self.version,
            status=status,
            engine=self.engine,
            duration=timezone.now() - self.began_at,
            timings=self.watch.timings(),
            peak_memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            **facts,
        )


def train_models(
    merchant: Merchant,
    *,
    progress: Progress,
    job: Job | None = None,
    engine: str = ModelVersion.Engine.IMPLICIT,
) -> ModelVersion:
    """Reads, learns, measures, judges, and publishes or refuses.

    Returns the row of the outcome: live or refused. Raises DomainError ``training_running`` beside
    another training of the same merchant; any other error leaves a row that says what broke.
    """
    with training_lock(merchant):
        training = _Training.begin(merchant, progress, job, engine)
        try:
            tidy(merchant)
            return _train(training)
        except Cancelled:
            raise
        except Exception as error:
            reason = {"code": "out_of_memory" if isinstance(error, MemoryError) else "failed"}
            reason |= {"error": type(error).__name__}
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


def _train(training: _Training) -> ModelVersion:
    # implicit and polars bring thread pools that do not survive a fork: only a training loads them.
    from recommendations.engines.als import computed_by  # noqa: PLC0415
    from recommendations.engines.training import train  # noqa: PLC0415

    watch = training.watch
    watch.step("read")
    snapshot = read_snapshot(training.merchant, Window.of(training_plan(training.merchant)))
    interactions = to_interactions(snapshot)
    watch.tell_of(snapshot)
    recipe, found_at = _recipe(training.merchant)
    with computed_by(_factoriser(training.engine)):
        trained = train(interactions, watch, live=_live(training.merchant), recipe=recipe)
    watch.tell_result(trained)
    facts = {**_facts(interactions, snapshot), "mode": trained.mode, "metrics": trained.metrics}
    facts |= {"checks": [check.as_dict() for check in trained.verdict.checks], "health": snapshot.health}
    if trained.refusal:
        return _refuse(training, facts, {"code": trained.refusal.code, **trained.refusal.figures})
    watch.step("write")
    size = artefacts.write(
        training.directory,
        {**trained.model.arrays(), **_ids(interactions, snapshot)},
        _about(training, trained, facts) | _recipe_of(trained, found_at),
    )
    version = _publish(training, size, facts)
    if version.status != ModelVersion.Status.LIVE:
        return version
    watch.progress.note(
        gettext_noop("%(version)s is live (%(kilobytes)s kB)"), version=version.version, kilobytes=size // 1000
    )
    tidy(training.merchant)
    return version


@transaction.atomic
def _publish(training: _Training, size: int, facts: dict[str, Any]) -> ModelVersion:
    """Let it answer, unless somebody went back to an earlier model meanwhile: they decided against newer ones."""
    lock_artefacts(training.merchant.pk)
    if _live_version(training.merchant) != training.live:
        artefacts.remove(training.directory)
        return _refuse(training, facts, {"code": "rolled_back"})
    return publish(training.outcome(ModelVersion.Status.LIVE, size=size, **facts))


def _live_version(merchant: Merchant) -> int | None:
    return ModelVersion.objects.for_merchant(merchant).live().values_list("pk", flat=True).first()


def _factoriser(engine: str) -> Factoriser | None:
    """What computes the factors; None: this machine."""
    if engine != ModelVersion.Engine.SPARK:
        return None
    from recommendations.engines.spark import factorise  # noqa: PLC0415 - as the training

    return factorise


def _recipe(merchant: Merchant) -> tuple[Recipe | None, str]:
    """What the live model was learnt by, and when that was found; None where it is time to search again."""
    live = ModelVersion.objects.for_merchant(merchant).live().first()
    try:
        about = artefacts.load(live.directory, only=()).about if live else {}
    except artefacts.ArtefactError:
        about = {}
    found_at = str(about.get("recipe_found_at", ""))
    if not found_at or datetime.fromisoformat(found_at) < timezone.now() - RECIPE_HOLDS:
        return None, timezone.now().isoformat()
    return Recipe.from_dict(about["recipe"]), found_at


def _recipe_of(trained: Trained, found_at: str) -> dict[str, Any]:
    """For the manifest; a model of popularity has searched none."""
    return {"recipe": trained.recipe.as_dict(), "recipe_found_at": found_at} if trained.model.is_personal else {}


def _live(merchant: Merchant) -> Live | None:
    """The model that answers now, as the gate wants it."""
    from recommendations.engines.blend import Model  # noqa: PLC0415 - as the training
    from recommendations.engines.comparing import Champion  # noqa: PLC0415
    from recommendations.engines.gate import Live  # noqa: PLC0415

    live = ModelVersion.objects.for_merchant(merchant).live().first()
    if live is None:
        return None
    try:
        artefact = artefacts.load(live.directory)
        model = Model.from_arrays(artefact.arrays, artefact.about["blends"])
        until = live.data_until or live.snapshot_at
        return Live(
            live.rows, Champion(model, artefact.arrays["ids.products"], artefact.arrays["ids.customers"], until)
        )
    except (artefacts.ArtefactError, KeyError):
        logger.warning("model %s of merchant %s cannot be compared with", live.version, merchant.pk)
        return Live(live.rows)


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
        **_refused(interactions, snapshot).arrays(),
    }


def _refused(interactions: Interactions, snapshot: Snapshot) -> Refused:
    """What customers sent back or rated badly, by the artefact's positions."""
    return Refused.of_pairs(snapshot.refusals, interactions.customer_ids, interactions.product_ids)


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


def _refuse(training: _Training, facts: dict[str, Any], reason: dict[str, Any]) -> ModelVersion:
    """Keep the outcome and why it stays out; nothing else changes."""
    version = training.outcome(ModelVersion.Status.REFUSED, reason=reason, **facts)
    version.save()
    logger.warning("model %s of merchant %s refused: %s", version.version, version.merchant_id, reason["code"])
    return version


STEPS = {
    "read": gettext_noop("Reading purchases and events"),
    "search": gettext_noop("Trying out how the engines learn best"),
    "measure": gettext_noop("Measuring quality on the newest weeks"),
    "compare": gettext_noop("Comparing with the live model"),
    "learn": gettext_noop("Learning from all purchases"),
    "judge": gettext_noop("Deciding whether it may go live"),
    "write": gettext_noop("Writing the model"),
}


class _Watch:
    """Says the steps of a training in words, and keeps how long each took."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.advance = progress.advance
        self._begun: list[tuple[str, float]] = []

    def step(self, text: str, *, total: int | None = None) -> None:
        """``text``: one of the names in STEPS."""
        self._begun.append((text, time.monotonic()))
        self.progress.step(STEPS.get(text, text), total=total)

    def timings(self) -> dict[str, float]:
        """Seconds by step; the last one has lasted until now."""
        ends = [begin for _step, begin in self._begun[1:]] + [time.monotonic()]
        taken: dict[str, float] = {}
        for (step, begin), end in zip(self._begun, ends, strict=True):
            taken[step] = round(taken.get(step, 0.0) + end - begin, 2)
        return taken

    def tell_of(self, snapshot: Snapshot) -> None:
        """What was read, and what is wrong with it."""
        read = gettext_noop("Read %(purchases)s purchases, %(events)s events and %(products)s products")
        counts = {
            "purchases": len(snapshot.purchases),
            "events": len(snapshot.events),
            "products": len(snapshot.products),
        }
        self.progress.note(read, **counts)
        if bots := snapshot.health.get("bot_events"):
            self.progress.note(gettext_noop("Left out %(count)s events of bots"), count=bots)

    def tell_result(self, trained: Trained) -> None:
        """How good it is, and what the gate says."""
        if methods := trained.metrics.get("methods"):
            figures = {name: values["all_ndcg"] for name, values in methods.items()}
            text = gettext_noop("NDCG@10: %(blend)s, popularity %(popularity)s, own history %(history)s")
            self.progress.note(text, **{name: figures.get(name, "–") for name in ("blend", "popularity", "history")})
        if trained.refusal:
            self.progress.warn(gettext_noop("The gate keeps it out: the live model stays"))
        else:
            self.progress.note(gettext_noop("It may go live"))
