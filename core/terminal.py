"""Jobs that a command runs itself: a bar on the terminal instead of one in the browser."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from core.jobs import cancel_job
from core.models import Job


class JobTerminal:
    """A bar for each step of the job. Ctrl-C cancels the job between two batches."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._step = ""
        self._stop = False

    @contextmanager
    def watching(self) -> Iterator[JobTerminal]:
        former = signal.signal(signal.SIGINT, self._ask_to_stop)
        try:
            yield self
        finally:
            signal.signal(signal.SIGINT, former)
            self._close(is_full=not self._stop)

    def _ask_to_stop(self, *_signal: Any) -> None:
        self._stop = True

    def show(self, job: Job) -> None:
        if job.step != self._step:
            self._close(is_full=True)
            self._step = job.step
            self._bar = tqdm(total=job.total, desc=job.spoken_step, unit_scale=True, file=sys.stderr)
        if self._bar is not None:
            self._bar.update(job.done - self._bar.n)
        if self._stop and not job.cancel_requested:
            job.cancel_requested = True
            cancel_job(job)

    def _close(self, *, is_full: bool) -> None:
        if self._bar is not None:
            if is_full:
                self._bar.update((self._bar.total or self._bar.n) - self._bar.n)
            self._bar.close()
            self._bar = None
