"""kill -9 at every stage of a training and of a refresh: the old model serves, and the next training cleans up."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from core import jobs
from core.models import Job, JobLogLine
from merchants.models import Merchant
from recommendations import loading
from recommendations.actions import refresh_model, request_training, train_models
from recommendations.engines import artefacts
from recommendations.models import ModelVersion
from recommendations.serving import recommend
from tests.recommendations.shops import stocked_shop
from tests.recommendations.worlds import Quiet

KILL = """
import os, signal, sys, django
django.setup()
from core import jobs
from core.models import Job
from merchants.models import Merchant
from recommendations import actions
from recommendations.actions import publishing, refreshing, training
from recommendations.engines import artefacts
from recommendations.engines import training as engines
from recommendations.engines.blend import Model
from pathlib import Path

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def second_time(function):
    calls = []
    def called(*args, **kwargs):
        calls.append(1)
        return die() if len(calls) == 2 else function(*args, **kwargs)
    return called

stage = sys.argv[1]
match stage:
    case "read":
        training.to_interactions = die
    case "measure":
        engines.tune = die
    case "learn":
        Model.fit = second_time(Model.fit)
    case "judge":
        engines.judge = die
    case "half written":
        artefacts._write_array = second_time(artefacts._write_array)
    case "written, not renamed":
        Path.rename = die
    case "renamed, not published":
        training.publish = die
    case "published, not committed":
        publishing.forget_customers = die
    case "refresh half written":
        artefacts._write_array = second_time(artefacts._write_array)
        actions.refresh_model(Merchant.objects.get())
    case "refresh not committed":
        artefacts.write = second_time(lambda *args: die())
        refreshing.artefacts.write = lambda *args: die()
        actions.refresh_model(Merchant.objects.get())
jobs.run(Job.objects.get(state="queued"))
"""
TRAINING = [
    "read",
    "measure",
    "learn",
    "judge",
    "half written",
    "written, not renamed",
    "renamed, not published",
    "published, not committed",
]
REFRESHING = ["refresh half written", "refresh not committed"]


def killed(stage: str, directory: Path) -> int:
    """The exit status of a process that does the queued job and is killed at ``stage``."""
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    variables = {"DATABASE_URL": url, "VAR_DIR": str(directory), "DJANGO_SETTINGS_MODULE": "cxapp.settings"}
    run = subprocess.run([sys.executable, "-c", KILL, stage], env=os.environ | variables, timeout=120, check=False)
    return run.returncode


@pytest.mark.django_db(transaction=True)
def test_the_old_model_serves_whenever_a_training_or_refresh_is_killed(tmp_path: Path, merchant: Merchant):
    stocked_shop(merchant)
    live = train_models(merchant, progress=Quiet())
    before = recommend(merchant_id=merchant.pk, placement="home", external_id="c-1")
    assert before.model_version == live.version
    for stage in (*TRAINING, *REFRESHING):
        job = request_training(merchant, staff=None, ring_worker=False)
        assert killed(stage, tmp_path) == -9, stage
        assert list(ModelVersion.objects.for_merchant(merchant)) == [live], stage
        live.refresh_from_db()
        assert (live.status, live.refresh) == (ModelVersion.Status.LIVE, ""), stage
        assert artefacts.load(live.directory).about["version"] == live.version
        loading.forget()  # as a web process that starts now
        after = recommend(merchant_id=merchant.pk, placement="home", external_id="c-1")
        assert after.items == before.items, stage
        Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED)
    # The locks died with their processes: the next refresh and the next training go through and clear up.
    assert refresh_model(merchant) is not None
    newer = train_models(merchant, progress=Quiet())
    live.refresh_from_db()
    assert {entry.name for entry in live.directory.parent.iterdir()} == {live.version, live.refresh, newer.version}


@pytest.mark.django_db(transaction=True)
def test_a_killed_trainings_job_is_taken_up_again_and_its_log_says_so(tmp_path: Path, merchant: Merchant):
    stocked_shop(merchant)
    job = request_training(merchant, staff=None, ring_worker=False)
    assert killed("judge", tmp_path) == -9
    job.refresh_from_db()
    assert job.state == Job.State.RUNNING
    assert jobs.run(job).starts == 1  # its process may still live
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    assert jobs.waiting_jobs() == [job]
    job = jobs.run(job)
    assert (job.state, job.starts, job.result["status"]) == (Job.State.DONE, 2, "live")
    warnings = JobLogLine.objects.filter(job=job, level=JobLogLine.Level.WARNING)
    assert [str(line) for line in warnings] == ["The process that did this job was lost; another one begins again."]
