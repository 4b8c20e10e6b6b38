"""kill -9 at every stage of a training and of a refresh: the old model serves on, and the next one goes through."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from catalog.models import Product
from core import jobs
from core.models import Job, JobLogLine
from merchants.models import Merchant
from recommendations import loading
from recommendations.actions import refresh_model, request_training, train_models
from recommendations.engines import artefacts
from recommendations.models import ModelVersion
from recommendations.serving import Recommendation, recommend
from tests.recommendations.shops import buy, sku, stocked_shop, track
from tests.recommendations.worlds import Quiet

SETUP = """
import os, signal, sys, django
from datetime import timedelta
django.setup()
from pathlib import Path
from core import jobs
from core.models import Job
from django.db import models
from merchants.models import Merchant
from recommendations import actions
from recommendations.actions import publishing, refreshing, training
from recommendations.engines import artefacts
from recommendations.engines import training as engines
from recommendations.engines.blend import Model
from recommendations.engines.sessions.engine import SessionKnn
from recommendations.models import ModelVersion
from recommendations.queries import snapshot

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def kill_at(owner, name):
    getattr(owner, name)  # what was renamed kills nobody
    setattr(owner, name, die)

def second_time(function):
    calls = []
    def called(*args, **kwargs):
        calls.append(1)
        return die() if len(calls) == 2 else function(*args, **kwargs)
    return called

def then_die(function):
    def called(*args, **kwargs):
        function(*args, **kwargs)
        die()
    return called
"""
TRAIN = """
match sys.argv[1]:
    case "read":
        kill_at(training, "to_interactions")
    case "search":
        training.RECIPE_HOLDS = timedelta(0)
        kill_at(engines, "found")
    case "measure":
        kill_at(engines, "asked")
    case "learn":
        Model.fit = second_time(Model.fit)
    case "judge":
        kill_at(engines, "judge")
    case "half written":
        artefacts._write_array = second_time(artefacts._write_array)
    case "written, not renamed":
        kill_at(Path, "rename")
    case "renamed, not published":
        kill_at(training, "publish")
    case "published, not committed":
        kill_at(publishing, "forget_customers")
jobs.run(Job.objects.get(state="queued"))
"""
REFRESH = """
match sys.argv[1]:
    case "reading":
        snapshot._read_products = then_die(snapshot._read_products)
    case "read, not learnt":
        refreshing._with_positions = then_die(refreshing._with_positions)
    case "learning":
        kill_at(SessionKnn, "fit")
    case "learnt, not written":
        refreshing.refit = then_die(refreshing.refit)
    case "half written":
        artefacts._write_array = second_time(artefacts._write_array)
    case "written, not renamed":
        kill_at(Path, "rename")
    case "renamed, not published":
        artefacts.write = then_die(artefacts.write)
    case "published, not committed":
        ModelVersion.save = then_die(ModelVersion.save)
    case "committed, the earlier not removed":
        kill_at(artefacts, "remove")
actions.refresh_model(Merchant.objects.get())
"""
TRAINING = [
    "read",
    "search",
    "measure",
    "learn",
    "judge",
    "half written",
    "written, not renamed",
    "renamed, not published",
    "published, not committed",
]
REFRESHING = [
    "reading",
    "read, not learnt",
    "learning",
    "learnt, not written",
    "half written",
    "written, not renamed",
    "renamed, not published",
    "published, not committed",
]


def killed(stage: str, directory: Path, *, work: str = TRAIN) -> int:
    """The exit status of a process that does the queued job, or refreshes, and is killed at ``stage``."""
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    variables = {"DATABASE_URL": url, "VAR_DIR": str(directory), "DJANGO_SETTINGS_MODULE": "cxapp.settings"}
    run = subprocess.run(
        [sys.executable, "-c", SETUP + work, stage], env=os.environ | variables, timeout=120, check=False
    )
    return run.returncode


def home(merchant: Merchant, external_id: str = "c-1") -> Recommendation:
    """The answer of a web process that starts now."""
    loading.forget()
    return recommend(merchant_id=merchant.pk, placement="home", external_id=external_id)


@pytest.mark.django_db(transaction=True)
def test_the_old_model_serves_whenever_a_training_is_killed(tmp_path: Path, merchant: Merchant):
    stocked_shop(merchant)
    live = train_models(merchant, progress=Quiet())
    before = home(merchant)
    assert before.model_version == live.version
    for stage in TRAINING:
        job = request_training(merchant, staff=None, ring_worker=False)
        assert killed(stage, tmp_path) == -9, stage
        assert list(ModelVersion.objects.for_merchant(merchant)) == [live], stage
        live.refresh_from_db()
        assert (live.status, live.refresh) == (ModelVersion.Status.LIVE, ""), stage
        assert artefacts.load(live.directory).about["version"] == live.version
        assert home(merchant).items == before.items, stage
        Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED)
    # The locks died with their processes: the next training goes through and clears up.
    newer = train_models(merchant, progress=Quiet())
    assert home(merchant).model_version == newer.version
    assert {entry.name for entry in live.directory.parent.iterdir()} == {live.version, newer.version}


@pytest.mark.django_db(transaction=True)
def test_the_model_serves_on_whenever_a_refresh_is_killed_and_the_next_refresh_works(
    tmp_path: Path, merchant: Merchant
):
    people = stocked_shop(merchant)
    visits(merchant)
    live = refreshed(merchant, train_models(merchant, progress=Quiet()))
    for number, stage in enumerate(REFRESHING):
        before, known = home(merchant), live.refresh
        assert before.model_version == live.version
        assert killed(stage, tmp_path, work=REFRESH) == -9, stage
        live.refresh_from_db()
        assert (live.status, live.refresh) == (ModelVersion.Status.LIVE, known), stage
        assert home(merchant).items == before.items, stage
        Product.objects.create(merchant=merchant, sku=f"NEW-{number}", title="New", price=1000, stock=5)
        for person in people[:60]:
            buy(person, f"NEW-{number}", at=timezone.now())
        live = refreshed(merchant, live)
        assert live.refresh != known, stage
        assert f"NEW-{number}" in {item.sku for item in home(merchant, "a stranger").items}, stage
    newer = train_models(merchant, progress=Quiet())
    assert {entry.name for entry in live.directory.parent.iterdir()} == {live.version, live.refresh, newer.version}


@pytest.mark.django_db(transaction=True)
def test_a_refresh_killed_after_its_commit_serves_and_leaves_the_earlier_files_to_the_training(
    tmp_path: Path, merchant: Merchant
):
    stocked_shop(merchant)
    live = refreshed(merchant, train_models(merchant, progress=Quiet()))
    earlier = live.refresh_directory
    assert earlier is not None
    assert killed("committed, the earlier not removed", tmp_path, work=REFRESH) == -9
    live.refresh_from_db()
    assert live.refresh_directory not in (None, earlier)
    assert home(merchant).model_version == live.version
    assert earlier.exists()
    train_models(merchant, progress=Quiet())
    assert not earlier.exists()


def refreshed(merchant: Merchant, live: ModelVersion) -> ModelVersion:
    """The live version after a refresh, whose files serve."""
    assert refresh_model(merchant) == live
    live.refresh_from_db()
    assert live.refresh_directory is not None
    assert artefacts.load(live.refresh_directory).arrays
    return live


def visits(merchant: Merchant) -> None:
    """Enough visits that sessions are an engine of the model."""
    for visitor in range(30):
        for number in range(3):
            track(merchant, "Product Viewed", sku(visitor % 4, number), visitor=f"v-{visitor}", minutes_ago=30 - number)


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
