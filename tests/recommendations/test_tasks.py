"""The schedule, the task on the training queue, and the management command."""

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from core.models import Job
from merchants.models import Membership, Merchant
from recommendations import tasks
from recommendations.actions import TRAINING, pause, request_training, resume, save_plan, start_scheduled_training
from recommendations.models import ModelVersion
from recommendations.tasks import start_due_refreshes, start_due_trainings, train
from tests.recommendations.shops import stocked_shop

SLOT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)  # 3 o'clock in Berlin


def live(merchant: Merchant, created_at: datetime) -> ModelVersion:
    return ModelVersion.objects.create(
        merchant=merchant,
        version="v",
        status=ModelVersion.Status.LIVE,
        snapshot_at=created_at,
        created_at=created_at,
        size=1,
    )


def scheduled(merchant: Merchant, now: datetime) -> bool:
    """Whether the schedule begins a training at ``now``; it ends at once."""
    with time_machine.travel(now, tick=False):
        job = start_scheduled_training(merchant)
    Job.objects.filter(pk=job.pk if job else None).update(state=Job.State.DONE)
    return job is not None


def test_a_shop_with_a_model_trains_once_a_night_at_its_hour(merchant: Merchant):
    live(merchant, SLOT - timedelta(hours=10))
    assert not scheduled(merchant, SLOT - timedelta(minutes=1))
    assert scheduled(merchant, SLOT)
    assert not scheduled(merchant, SLOT + timedelta(minutes=10))
    assert not scheduled(merchant, SLOT + timedelta(hours=23))


def test_staff_choose_the_hour(merchant: Merchant, membership: Membership):
    live(merchant, SLOT - timedelta(hours=10))
    save_plan(merchant, staff=membership.staff, hour=5)
    assert not scheduled(merchant, SLOT + timedelta(hours=1))
    assert scheduled(merchant, SLOT + timedelta(hours=2))


def test_a_night_that_was_slept_through_is_made_up_for(merchant: Merchant):
    live(merchant, SLOT - timedelta(days=3))
    assert scheduled(merchant, SLOT + timedelta(hours=9))


def test_what_failed_or_was_asked_for_in_the_night_is_not_tried_again_before_the_next(merchant: Merchant):
    live(merchant, SLOT - timedelta(days=3))
    with time_machine.travel(SLOT + timedelta(minutes=5), tick=False):
        Job.objects.create(merchant=merchant, kind=TRAINING, title="x", state=Job.State.FAILED)
    assert not scheduled(merchant, SLOT + timedelta(hours=2))
    assert scheduled(merchant, SLOT + timedelta(hours=24))


def test_a_shop_without_a_model_trains_as_soon_as_it_has_orders(merchant: Merchant):
    assert not scheduled(merchant, SLOT - timedelta(hours=12))
    stocked_shop(merchant, customers=1, orders=1)
    assert scheduled(merchant, SLOT - timedelta(hours=12))
    assert not scheduled(merchant, SLOT - timedelta(hours=11))  # it failed: not every ten minutes


def test_a_paused_shop_trains_only_when_asked(merchant: Merchant, membership: Membership):
    live(merchant, SLOT - timedelta(days=3))
    pause(merchant, staff=membership.staff)
    assert not scheduled(merchant, SLOT)
    assert request_training(merchant, staff=membership.staff, ring_worker=False).state == Job.State.QUEUED
    Job.objects.all().update(state=Job.State.DONE, created_at=SLOT - timedelta(days=1))
    resume(merchant, staff=membership.staff)
    assert scheduled(merchant, SLOT)


@pytest.mark.django_db(transaction=True)
def test_of_two_schedulers_one_starts_the_training(merchant: Merchant):
    stocked_shop(merchant, customers=1, orders=1)
    begun: list[Job | None] = []

    def beat() -> None:
        begun.append(start_scheduled_training(merchant))
        connection.close()

    threads = [threading.Thread(target=beat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(job is not None for job in begun) == 1
    assert Job.objects.for_merchant(merchant).filter(kind=TRAINING).count() == 1


def test_the_round_queues_what_is_due_and_skips_what_runs(merchant: Merchant):
    stocked_shop(merchant, customers=1, orders=1)
    running = request_training(merchant, staff=None, ring_worker=False)
    Job.objects.filter(pk=running.pk).update(created_at=timezone.now() - timedelta(days=2))
    start_due_trainings()
    assert Job.objects.for_merchant(merchant).count() == 1
    Job.objects.filter(pk=running.pk).update(state=Job.State.FAILED)
    start_due_trainings()
    assert Job.objects.for_merchant(merchant).filter(state=Job.State.QUEUED).count() == 1


def test_refreshes_are_rung_for_by_the_plan_and_rest_after_long_ones(
    merchant: Merchant, membership: Membership, monkeypatch: pytest.MonkeyPatch
):
    rung: list[int] = []
    monkeypatch.setattr(tasks, "ring", lambda task, merchant_id: rung.append(merchant_id))
    version = live(merchant, timezone.now() - timedelta(minutes=6))
    start_due_refreshes()
    assert rung.pop() == merchant.pk
    ModelVersion.objects.filter(pk=version.pk).update(refreshed_at=timezone.now() - timedelta(minutes=4))
    start_due_refreshes()
    assert rung == []
    ModelVersion.objects.filter(pk=version.pk).update(
        refreshed_at=timezone.now() - timedelta(minutes=6), timings={"refresh": 30.0}
    )
    start_due_refreshes()
    assert rung == []  # it took 30 seconds, so it rests for 600
    ModelVersion.objects.filter(pk=version.pk).update(timings={})
    save_plan(merchant, staff=membership.staff, refresh_minutes=0)
    start_due_refreshes()
    assert rung == []


def test_the_task_does_the_job_on_the_queue_for_trainings(merchant: Merchant):
    job = request_training(merchant, staff=None, ring_worker=False)
    train(merchant_id=merchant.pk, job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.result["status"]) == (Job.State.DONE, "live")
    assert settings.CELERY_TASK_ROUTES["recommendations.tasks.train*"] == {"queue": "training"}


GREEDY = """
import django
django.setup()
from recommendations.tasks import limit_memory
import numpy as np
limit_memory(400 * 1024**2)
small = np.ones(10 * 1024**2 // 8)
try:
    np.ones(1024**3 // 8)
except MemoryError:
    print("refused")
"""


def test_a_training_gets_no_more_memory_than_it_may():
    found = subprocess.run(
        [sys.executable, "-c", GREEDY],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "cxapp.settings"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert found.stdout.strip() == "refused"


def test_the_command_trains_and_prints_the_figures(merchant: Merchant):
    stocked_shop(merchant)
    out = StringIO()
    call_command("train", merchant=merchant.slug, stdout=out)
    version = ModelVersion.objects.for_merchant(merchant).live().get()
    assert version.version in out.getvalue()
    assert "1,500 purchases" in out.getvalue()
    assert "popularity" in out.getvalue()


def test_the_command_names_an_unknown_merchant(db: None):
    with pytest.raises(CommandError, match="no merchant “nobody”"):
        call_command("train", merchant="nobody")


def test_the_command_does_not_start_beside_another_training(merchant: Merchant):
    request_training(merchant, staff=None, ring_worker=False)
    with pytest.raises(CommandError, match="already waiting or running"):
        call_command("train", merchant=merchant.slug)
