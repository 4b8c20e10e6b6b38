"""The nightly round, the task on the training queue, and the management command."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.models import Job
from merchants.models import Merchant
from recommendations.actions import TRAINING, request_training
from recommendations.models import ModelVersion
from recommendations.tasks import is_due, start_due_trainings, train
from tests.recommendations.shops import stocked_shop

NIGHT, DAY = datetime(2026, 11, 21, 2, 30, tzinfo=UTC), datetime(2026, 11, 21, 12, 0, tzinfo=UTC)  # 3:30 in Berlin


def live(merchant: Merchant) -> ModelVersion:
    return ModelVersion.objects.create(
        merchant=merchant, version="v", status=ModelVersion.Status.LIVE, snapshot_at=timezone.now()
    )


@pytest.mark.parametrize(("now", "due"), [(NIGHT, True), (DAY, False)])
def test_a_shop_with_a_model_trains_at_night(merchant: Merchant, now: datetime, due: bool):
    live(merchant)
    with time_machine.travel(now, tick=False):
        assert is_due(merchant) is due


def test_a_shop_without_a_model_trains_as_soon_as_it_has_orders(merchant: Merchant):
    with time_machine.travel(DAY, tick=False):
        assert not is_due(merchant)
        stocked_shop(merchant, customers=1, orders=1)
        assert is_due(merchant)


def test_a_night_has_one_training_even_if_it_failed(merchant: Merchant):
    live(merchant)
    with time_machine.travel(NIGHT, tick=False):
        Job.objects.create(merchant=merchant, kind=TRAINING, title="x", state=Job.State.FAILED)
    with time_machine.travel(NIGHT + timedelta(hours=1), tick=False):
        assert not is_due(merchant)
    with time_machine.travel(NIGHT + timedelta(hours=24), tick=False):
        assert is_due(merchant)


def test_the_round_queues_what_is_due_and_skips_what_runs(merchant: Merchant):
    stocked_shop(merchant, customers=1, orders=1)
    running = request_training(merchant, staff=None, ring_worker=False)
    Job.objects.filter(pk=running.pk).update(created_at=timezone.now() - timedelta(days=2))
    start_due_trainings()
    assert Job.objects.for_merchant(merchant).count() == 1
    Job.objects.filter(pk=running.pk).update(state=Job.State.FAILED)
    start_due_trainings()
    assert Job.objects.for_merchant(merchant).filter(state=Job.State.QUEUED).count() == 1


def test_the_task_does_the_job_on_the_queue_for_trainings(merchant: Merchant):
    job = request_training(merchant, staff=None, ring_worker=False)
    train(merchant_id=merchant.pk, job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.result["status"]) == (Job.State.DONE, "live")
    assert settings.CELERY_TASK_ROUTES["recommendations.tasks.train*"] == {"queue": "training"}


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
