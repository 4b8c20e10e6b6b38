"""Long work with progress: a row that people watch, a runner that a worker executes.

A kind of job registers its runner once: ``@job_runner("import_orders")``. The runner gets a
``Progress`` and works in its own transactions; what it returns becomes the job's ``result``.
Runners must be restartable: a worker that dies leaves the row behind, and beat starts it again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.errors import DomainError
from core.models import Job, JobLogLine
from core.rings import ring
from merchants.models import Merchant, Staff

logger = logging.getLogger(__name__)

STALE_AFTER = timedelta(minutes=2)
BEAT_SECONDS = 20.0
WORKER_LOST = gettext_noop("The process that did this job was lost; another one begins again.")
Runner = Callable[["Progress"], dict[str, Any]]
_runners: dict[str, Runner] = {}
_queues: dict[str, str] = {}
_most_starts: dict[str, int] = {}


class Cancelled(Exception):  # noqa: N818  # it is no error
    """Raised inside a runner when staff cancelled its job."""


def job_runner(
    kind: str, *, task: str = "core.tasks.run_job", most_starts: int | None = None
) -> Callable[[Runner], Runner]:
    """Register the function that does jobs of ``kind``; ``task`` is the Celery task that is rung for it.

    ``most_starts``: a job that took so many workers with it (out of memory, say) has failed; by default it never gives up.
    """

    def register(runner: Runner) -> Runner:
        _runners[kind] = runner
        _queues[kind] = task
        if most_starts is not None:
            _most_starts[kind] = most_starts
        return runner

    return register


class Progress:
    """A runner's view of its job. Writes at most once a second, so that reporting costs nothing."""

    def __init__(self, job: Job, *, echo: Callable[[Job], None] | None = None) -> None:
        self.job = job
        self._echo = echo
        self._written = 0.0

    def step(self, text: str, *, total: int | None = None) -> None:
        """Begin a named step; progress within it restarts at zero, and the job's log says when."""
        self.job.step, self.job.done, self.job.total = text, 0, total
        self._write()
        _log(self.job, JobLogLine.Level.STEP, text)

    def note(self, text: str, **values: Any) -> None:
        """Say something in the job's log; ``text`` is marked by ``gettext_noop`` and filled in with ``values``."""
        _log(self.job, JobLogLine.Level.NOTE, text, values)

    def warn(self, text: str, **values: Any) -> None:
        """Likewise, for what somebody should look at."""
        _log(self.job, JobLogLine.Level.WARNING, text, values)

    def advance(self, count: int = 1) -> None:
        """Note ``count`` further units done. Raises Cancelled when staff asked to stop."""
        self.job.done += count
        if self.job.total is not None:
            self.job.done = min(self.job.done, self.job.total)
        if time.monotonic() - self._written >= 1:
            self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        row = Job.objects.for_merchant(self.job.merchant_id).filter(pk=self.job.pk)
        row.update(step=self.job.step, done=self.job.done, total=self.job.total, heartbeat_at=timezone.now())
        if self._echo:
            self._echo(self.job)
        if row.filter(cancel_requested=True).exists():
            raise Cancelled


def _log(job: Job, level: str, text: str, values: dict[str, Any] | None = None) -> None:
    JobLogLine.objects.create(merchant_id=job.merchant_id, job=job, level=level, text=text, values=values or {})


def start_job(
    merchant: Merchant,
    kind: str,
    *,
    title: str,
    parameters: dict[str, Any] | None = None,
    staff: Staff | None = None,
    ring_worker: bool = True,
) -> Job:
    """Write the job down and, after commit, ring a worker (unless the caller runs it itself)."""
    job = Job.objects.create(merchant=merchant, kind=kind, title=title, parameters=parameters or {}, asked_by=staff)
    if ring_worker:
        transaction.on_commit(lambda: ring_job(job))
    return job


def ring_job(job: Job) -> None:
    ring(_queues[job.kind], merchant_id=job.merchant_id, job_id=job.pk)


def run(job: Job, *, echo: Callable[[Job], None] | None = None) -> Job:
    """Run a queued or abandoned job here and now; of several callers one wins, the others do nothing."""
    if not _claim(job):
        return job
    job.refresh_from_db()
    if job.starts > 1:
        _log(job, JobLogLine.Level.WARNING, WORKER_LOST)
    if job.starts > _most_starts.get(job.kind, job.starts):
        return _finish(job, Job.State.FAILED, error=_("The process that did this job was lost several times."))
    try:
        with _heartbeat(job):
            result = _runners[job.kind](Progress(job, echo=echo))
    except Cancelled:
        return _finish(job, Job.State.CANCELLED)
    except DomainError as error:
        return _finish(job, Job.State.FAILED, error=str(error.message))
    except Exception as error:
        _finish(job, Job.State.FAILED, error=f"{type(error).__name__}: {error}".replace("\0", "")[:2000])
        raise
    return _finish(job, Job.State.DONE, result=result)


@contextmanager
def _heartbeat(job: Job) -> Iterator[None]:
    """Show that this process lives, also while one step (a matrix, a big statement) takes longer than the patience."""
    stop = threading.Event()

    def beat() -> None:
        try:
            while not stop.wait(BEAT_SECONDS):
                Job.objects.for_merchant(job.merchant_id).filter(pk=job.pk).update(heartbeat_at=timezone.now())
        except DatabaseError:  # the job's own next statement tells
            logger.warning("no heartbeat for job %s", job.pk)
        finally:
            connection.close()

    heart = threading.Thread(target=beat, name=f"job-{job.pk}", daemon=True)
    heart.start()
    try:
        yield
    finally:
        stop.set()
        heart.join()


def _abandoned() -> Q:
    return Q(state=Job.State.RUNNING, heartbeat_at__lt=timezone.now() - STALE_AFTER)


def _claim(job: Job) -> bool:
    now = timezone.now()
    free = Job.objects.for_merchant(job.merchant_id).filter(Q(state=Job.State.QUEUED) | _abandoned(), pk=job.pk)
    begun = {"state": Job.State.RUNNING, "started_at": now, "heartbeat_at": now, "starts": F("starts") + 1}
    return bool(free.update(**begun, done=0, error=""))


def _finish(job: Job, state: str, *, result: dict[str, Any] | None = None, error: str = "") -> Job:
    Job.objects.for_merchant(job.merchant_id).filter(pk=job.pk).update(
        state=state,
        finished_at=timezone.now(),
        error=error,
        result=job.result if result is None else result,  # a job that ended early keeps what it had so far
        step=job.step,
        total=job.total,
        done=job.done,
    )
    job.refresh_from_db()
    return job


def cancel_job(job: Job) -> None:
    """A queued job ends at once, a running one at its next step."""
    unfinished = Job.objects.for_merchant(job.merchant_id).unfinished().filter(pk=job.pk)
    if not unfinished.update(cancel_requested=True):
        raise DomainError("job_finished", _("This job has already ended."))
    unfinished.filter(state=Job.State.QUEUED).update(state=Job.State.CANCELLED, finished_at=timezone.now())


def waiting_jobs() -> list[Job]:
    """Jobs whose ring was lost (queued for ten seconds) or whose worker died."""
    lost = Q(state=Job.State.QUEUED, created_at__lt=timezone.now() - timedelta(seconds=10))
    return list(Job.objects.all_merchants().filter(lost | _abandoned()).order_by("pk"))
