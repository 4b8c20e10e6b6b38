"""Long work: one runner at a time, watched, cancelled, resumed after a worker died."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone, translation

from core import jobs
from core.errors import DomainError
from core.jobs import Progress, Runner, cancel_job, run, start_job, waiting_jobs
from core.models import Job, JobLogLine
from merchants.models import Merchant
from tests.factories import MerchantFactory


@pytest.fixture
def kind() -> Iterator[Callable[[Runner], str]]:
    """``kind(runner)`` registers it for the length of the test under the returned name."""

    def register(runner: Runner) -> str:
        return jobs.job_runner("test")(runner) and "test"

    yield register
    jobs._runners.pop("test", None)
    jobs._queues.pop("test", None)


def test_a_job_runs_once_and_keeps_its_result(merchant: Merchant, kind: Any) -> None:
    def count(progress: Progress) -> dict[str, Any]:
        progress.step("counting", total=3)
        progress.advance(2)
        progress.advance(5)  # more than there was never shows as more than all
        return {"counted": 3}

    shown: list[tuple[str, int]] = []
    job = start_job(merchant, kind(count), title="Count", ring_worker=False)
    done = run(job, echo=lambda row: shown.append((row.step, row.done)))
    assert (done.state, done.result, done.done, done.total, done.percent) == ("done", {"counted": 3}, 3, 3, 100)
    assert shown[0] == ("counting", 0)
    assert run(job).finished_at == done.finished_at  # a second ring does nothing


def test_of_several_workers_one_runs_it(merchant: Merchant, kind: Any) -> None:
    calls: list[int] = []

    def count(progress: Progress) -> dict[str, Any]:
        calls.append(1)
        run(progress.job)  # another worker that was rung as well
        return {}

    run(start_job(merchant, kind(count), title="Count", ring_worker=False))
    assert len(calls) == 1


def test_what_the_runner_refuses_is_shown_to_who_asked(merchant: Merchant, kind: Any) -> None:
    def refuse(progress: Progress) -> dict[str, Any]:
        raise DomainError("no_file", "The file is gone.")

    job = run(start_job(merchant, kind(refuse), title="Import", ring_worker=False))
    assert (job.state, job.error) == ("failed", "The file is gone.")


def test_a_runner_that_breaks_fails_the_job_and_is_reported(merchant: Merchant, kind: Any) -> None:
    def crash(progress: Progress) -> dict[str, Any]:
        raise ZeroDivisionError("no orders\0")

    job = start_job(merchant, kind(crash), title="Import", ring_worker=False)
    with pytest.raises(ZeroDivisionError):
        run(job)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "ZeroDivisionError: no orders")


def test_a_queued_job_is_cancelled_at_once_and_a_running_one_at_its_next_step(merchant: Merchant, kind: Any) -> None:
    def work(progress: Progress) -> dict[str, Any]:
        progress.step("first")
        cancel_job(progress.job)
        progress.step("second")
        raise AssertionError("cancelled jobs end")

    queued = start_job(merchant, kind(work), title="Queued", ring_worker=False)
    cancel_job(queued)
    assert run(queued).state == Job.State.QUEUED  # the row in hand; nothing ran
    queued.refresh_from_db()
    assert queued.state == Job.State.CANCELLED
    running = run(start_job(merchant, kind(work), title="Running", ring_worker=False))
    assert (running.state, running.step) == (Job.State.CANCELLED, "second")
    with pytest.raises(DomainError) as refused:
        cancel_job(running)
    assert refused.value.code == "job_finished"


def test_a_job_whose_worker_died_is_found_and_run_again(merchant: Merchant, kind: Any) -> None:
    job = start_job(merchant, kind(lambda progress: {"tries": 2}), title="Import", ring_worker=False)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert jobs._claim(job)  # and the worker dies here
        assert (waiting_jobs(), run(job).state) == ([], Job.State.QUEUED)
        clock.shift(jobs.STALE_AFTER + timedelta(seconds=1))
        assert waiting_jobs() == [job]
        assert (run(job).state, run(job).result) == (Job.State.DONE, {"tries": 2})
        assert waiting_jobs() == []


def test_a_job_whose_ring_was_lost_is_found(merchant: Merchant, kind: Any) -> None:
    job = start_job(merchant, kind(lambda progress: {}), title="Import", ring_worker=False)
    assert waiting_jobs() == []
    with time_machine.travel(timezone.now() + timedelta(seconds=11)):
        assert waiting_jobs() == [job]


@pytest.mark.django_db(transaction=True)
def test_a_long_step_is_not_taken_for_a_dead_worker(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 0.01)

    def think(progress: Progress) -> dict[str, Any]:
        """One step without any report, begun longer ago than the patience; waits until the heart has beaten."""
        row = Job.objects.for_merchant(progress.job.merchant_id).filter(pk=progress.job.pk)
        row.update(heartbeat_at=timezone.now() - jobs.STALE_AFTER)
        deadline = time.monotonic() + 30
        while waiting_jobs() and time.monotonic() < deadline:
            time.sleep(0.01)
        return {"taken_for_dead": len(waiting_jobs())}

    job = start_job(MerchantFactory(), kind(think), title="Think", ring_worker=False)
    assert run(job).result == {"taken_for_dead": 0}


# --- log


def test_a_jobs_log_tells_its_steps_and_notes_in_the_readers_language(
    merchant: Merchant, kind: Callable[[Runner], str]
):
    def work(progress: Progress) -> dict[str, Any]:
        progress.step("Reading the file")
        progress.note("%(count)s rows", count=1500)
        progress.warn("Half of it is missing")
        return {}

    job = run(start_job(merchant, kind(work), title="Test", ring_worker=False))
    lines = list(JobLogLine.objects.for_merchant(merchant).filter(job=job))
    assert [(line.level, str(line)) for line in lines] == [
        ("step", "Reading the file"),
        ("note", "1,500 rows"),
        ("warning", "Half of it is missing"),
    ]
    with translation.override("de"):
        assert [str(line) for line in lines][:2] == ["Datei wird gelesen", "1.500 rows"]


def test_a_job_that_takes_its_workers_with_it_fails_in_the_end(merchant: Merchant):
    begun = []

    def die(progress: Progress) -> dict[str, Any]:
        begun.append(progress.job.pk)
        raise KeyboardInterrupt  # as good as kill -9: nothing is written afterwards

    jobs.job_runner("test", most_starts=2)(die)
    job = start_job(merchant, "test", title="Test", ring_worker=False)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run(job)
        Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(hours=1))
    job = run(job)
    assert begun == [job.pk, job.pk]
    assert (job.state, job.error) == (Job.State.FAILED, "The process that did this job was lost several times.")
    assert JobLogLine.objects.filter(job=job, level="warning").count() == 2
    for registry in (jobs._runners, jobs._queues, jobs._most_starts):
        registry.pop("test")
