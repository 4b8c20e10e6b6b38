"""Trainings: what goes live, what does not, and that the old model serves whatever happens."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from core import jobs
from core.errors import DomainError
from core.models import Job, JobLogLine
from customers.models import Customer
from merchants.models import AuditEntry, Membership, Merchant
from orders.models import Order, OrderLine
from recommendations import actions
from recommendations.actions import (
    KEPT_ARTEFACTS,
    request_training,
    roll_back,
    save_plan,
    tidy,
    train_models,
    training_lock,
)
from recommendations.engines import artefacts
from recommendations.engines.gate import Check, Verdict
from recommendations.models import ModelVersion, TrainingPlan, artefact_directory, training_plan
from recommendations.serving import recommend
from tests.recommendations.shops import NOON, stocked_shop
from tests.recommendations.worlds import Quiet

Status = ModelVersion.Status


def status_of(merchant: Merchant) -> list[str]:
    return list(ModelVersion.objects.for_merchant(merchant).order_by("id").values_list("status", flat=True))


@pytest.fixture
def shop(merchant: Merchant) -> Merchant:
    stocked_shop(merchant)
    return merchant


# --- going live


def test_a_training_goes_live_with_all_its_facts(shop: Merchant):
    version = train_models(shop, progress=Quiet())
    version.refresh_from_db()
    assert (version.status, version.mode, version.reason) == (Status.LIVE, ModelVersion.Mode.PERSONAL, {})
    assert (version.rows, version.customers, version.products) == (1500, 100, 32)
    assert version.data_from < version.data_until <= NOON
    assert version.duration > timedelta(0)
    assert version.metrics["methods"]["blend"]["all_ndcg"] > version.metrics["methods"]["popularity"]["all_ndcg"]
    about = artefacts.load(version.directory).about
    assert (about["version"], about["rows"], about["metrics"]) == (version.version, 1500, version.metrics)
    assert set(about["libraries"]) == {"numpy", "scipy", "implicit"}
    assert version.size == sum(file.stat().st_size for file in version.directory.iterdir())


def test_the_next_training_retires_the_last(shop: Merchant):
    train_models(shop, progress=Quiet())
    train_models(shop, progress=Quiet())
    assert status_of(shop) == [Status.RETIRED, Status.LIVE]


def test_a_small_shop_gets_popularity_and_says_so(merchant: Merchant):
    stocked_shop(merchant, customers=5)
    version = train_models(merchant, progress=Quiet())
    assert (version.status, version.mode, version.metrics) == (Status.LIVE, ModelVersion.Mode.POPULARITY, {})


def test_an_empty_shop_trains_too(merchant: Merchant):
    version = train_models(merchant, progress=Quiet())
    assert (version.status, version.rows, version.data_until) == (Status.LIVE, 0, None)


def test_there_is_one_live_version_per_merchant(shop: Merchant):
    live = train_models(shop, progress=Quiet())
    with pytest.raises(IntegrityError, match="model_version_one_live"), transaction.atomic():
        ModelVersion.objects.create(
            merchant=shop, version="other", status=Status.LIVE, snapshot_at=timezone.now(), rows=live.rows
        )


def test_a_refusal_without_a_reason_cannot_be_stored(merchant: Merchant):
    with pytest.raises(IntegrityError, match="model_version_says_why"), transaction.atomic():
        ModelVersion.objects.create(merchant=merchant, version="x", status=Status.REFUSED, snapshot_at=timezone.now())


# --- staying out


def test_losing_half_of_the_rows_is_refused_and_the_old_model_stays(shop: Merchant):
    live = train_models(shop, progress=Quiet())
    OrderLine.objects.for_merchant(shop).filter(order__number__contains="-1").delete()
    Order.objects.for_merchant(shop).filter(number__regex="-[234]$").update(state=Order.State.CANCELLED)
    refused = train_models(shop, progress=Quiet())
    assert refused.status == Status.REFUSED
    assert refused.reason == {"code": "rows_halved", "rows": refused.rows, "live_rows": 1500}
    assert ModelVersion.objects.for_merchant(shop).live().get() == live
    assert refused.size == 0
    assert not refused.directory.exists()


def test_a_model_worse_than_popularity_is_refused(shop: Merchant, monkeypatch: pytest.MonkeyPatch):
    live = train_models(shop, progress=Quiet())
    verdict = Verdict([Check("not_finite", True), Check("worse_than_popularity", False, {"low": -0.2, "high": -0.1})])
    monkeypatch.setattr("recommendations.engines.training.judge", lambda *args, **kwargs: verdict)
    assert train_models(shop, progress=Quiet()).reason == {"code": "worse_than_popularity", "low": -0.2, "high": -0.1}
    assert ModelVersion.objects.for_merchant(shop).live().get() == live


def test_a_training_that_breaks_leaves_a_row_without_details_of_people(shop: Merchant, monkeypatch: pytest.MonkeyPatch):
    live = train_models(shop, progress=Quiet())

    def full(*args: object) -> None:
        raise OSError("No space left for ada@example.org")

    monkeypatch.setattr(artefacts, "write", full)
    with pytest.raises(OSError, match="No space"):
        train_models(shop, progress=Quiet())
    assert status_of(shop) == [Status.LIVE, Status.FAILED]
    failed = ModelVersion.objects.for_merchant(shop).get(status=Status.FAILED)
    assert failed.reason == {"code": "failed", "error": "OSError"}
    assert ModelVersion.objects.for_merchant(shop).live().get() == live


def test_a_cancelled_training_changes_nothing(shop: Merchant):
    class Impatient(Quiet):
        def advance(self, count: int = 1) -> None:
            raise jobs.Cancelled

    with pytest.raises(jobs.Cancelled):
        train_models(shop, progress=Impatient())
    assert status_of(shop) == []


# --- one at a time


@contextmanager
def held_elsewhere(merchant: Merchant) -> Iterator[None]:
    """Another process (here: another connection) holds the training lock."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with training_lock(merchant):
            held.set()
            done.wait(10)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_a_second_training_beside_the_first_is_refused(shop: Merchant):
    with held_elsewhere(shop), pytest.raises(DomainError) as refused:
        train_models(shop, progress=Quiet())
    assert refused.value.code == "training_running"
    assert status_of(shop) == []
    assert train_models(shop, progress=Quiet()).status == Status.LIVE  # the lock is free again


def test_another_merchant_may_train_meanwhile(shop: Merchant, stranger: Membership):
    with held_elsewhere(stranger.merchant):
        assert train_models(shop, progress=Quiet()).status == Status.LIVE


def test_of_two_requests_one_queues(merchant: Merchant, membership: Membership):
    job = request_training(merchant, staff=membership.staff)
    with pytest.raises(DomainError) as refused:
        request_training(merchant, staff=membership.staff)
    assert refused.value.code == "training_running"
    assert list(Job.objects.for_merchant(merchant)) == [job]
    assert AuditEntry.objects.for_merchant(merchant).filter(action="training.requested").count() == 1


def test_a_finished_training_makes_room_for_the_next(merchant: Merchant, membership: Membership):
    job = jobs.run(request_training(merchant, staff=membership.staff, ring_worker=False))
    assert (job.state, job.result["status"]) == (Job.State.DONE, "live")
    request_training(merchant, staff=membership.staff)


# --- disk


def _versions(merchant: Merchant, count: int) -> list[ModelVersion]:
    rows = []
    for number in range(count):
        last = number == count - 1
        row = ModelVersion(
            merchant=merchant,
            version=f"v{number}",
            status=Status.LIVE if last else Status.RETIRED,
            snapshot_at=timezone.now(),
        )
        row.size = artefacts.write(row.directory, {"a": np.arange(3)}, {})
        row.save()
        rows.append(row)
    return rows


def test_the_newest_five_artefacts_stay(merchant: Merchant):
    versions = _versions(merchant, 7)
    tidy(merchant)
    kept = [version.version for version in versions if version.directory.exists()]
    assert kept == [f"v{number}" for number in range(2, 7)]
    assert len(kept) == KEPT_ARTEFACTS
    assert set(ModelVersion.objects.for_merchant(merchant).stored().values_list("version", flat=True)) == set(kept)


def test_tidying_removes_what_killed_trainings_left_and_nothing_of_others(merchant: Merchant, stranger: Membership):
    theirs = _versions(stranger.merchant, 1)[0]
    _versions(merchant, 1)
    shop = artefact_directory(merchant.pk, "")
    for name in ("orphan", "v9.abc.partial"):
        (shop / name).mkdir()
    tidy(merchant)
    assert [entry.name for entry in shop.iterdir()] == ["v0"]
    assert theirs.directory.exists()


# --- rolling back


def test_rolling_back_lets_the_earlier_model_answer_and_pauses_the_schedule(shop: Merchant, membership: Membership):
    first, second = train_models(shop, progress=Quiet()), train_models(shop, progress=Quiet())
    first.refresh_from_db()
    back = roll_back(first, staff=membership.staff)
    assert ModelVersion.objects.for_merchant(shop).live().get() == back == first
    second.refresh_from_db()
    assert second.status == Status.RETIRED
    assert training_plan(shop).is_paused
    entry = AuditEntry.objects.for_merchant(shop).get(action="model.rolled_back")
    assert entry.changes == {"version": {"from": second.version, "to": first.version}}
    assert recommend(merchant_id=shop.pk, placement="home").model_version == first.version


def test_what_is_live_not_kept_or_damaged_cannot_be_rolled_back_to(shop: Merchant, membership: Membership):
    first, second = train_models(shop, progress=Quiet()), train_models(shop, progress=Quiet())
    with pytest.raises(DomainError) as refused:
        roll_back(second, staff=membership.staff)
    assert refused.value.code == "already_live"
    (first.directory / "als.products.npy").write_bytes(b"damaged")
    with pytest.raises(DomainError) as refused:
        roll_back(first, staff=membership.staff)
    assert refused.value.code == "not_kept"
    ModelVersion.objects.filter(pk=first.pk).update(size=0)
    with pytest.raises(DomainError) as refused:
        roll_back(first, staff=membership.staff)
    assert refused.value.code == "not_kept"
    assert ModelVersion.objects.for_merchant(shop).live().get() == second
    assert not training_plan(shop).is_paused


def test_whoever_was_erased_meanwhile_does_not_come_back_with_an_old_model(shop: Merchant, membership: Membership):
    person = Customer.objects.for_merchant(shop).order_by("pk").first()
    assert person is not None
    first, _second = train_models(shop, progress=Quiet()), train_models(shop, progress=Quiet())
    actions.forget_customers(shop.pk, [person.pk])
    first.refresh_from_db()
    back = roll_back(first, staff=membership.staff)
    assert person.pk not in artefacts.load(back.directory).arrays["ids.customers"]


# --- plan


def test_a_plan_is_stored_with_what_changed(merchant: Merchant, membership: Membership):
    save_plan(merchant, staff=membership.staff, hour=4, refresh_minutes=15)
    save_plan(merchant, staff=membership.staff, hour=4, refresh_minutes=15)  # changes nothing, tells nothing
    plan = TrainingPlan.objects.for_merchant(merchant).get()
    assert (plan.hour, plan.refresh_minutes, plan.purchase_days) == (4, 15, 1095)
    entry = AuditEntry.objects.for_merchant(merchant).get(action="training.plan_changed")
    assert entry.changes == {"hour": {"from": 3, "to": 4}, "refresh_minutes": {"from": 5, "to": 15}}


def test_the_plans_window_decides_what_is_learnt_from(shop: Merchant, membership: Membership):
    save_plan(shop, staff=membership.staff, purchase_days=30)
    version = train_models(shop, progress=Quiet())
    assert 0 < version.rows < 500
    assert version.data_until - version.data_from <= timedelta(days=30)


# --- what a version tells


def test_a_version_keeps_checks_health_and_cost(shop: Merchant):
    job = jobs.run(request_training(shop, staff=None, ring_worker=False))
    version = ModelVersion.objects.for_merchant(shop).get()
    assert version.job == job
    assert [check["code"] for check in version.checks if check["passed"]] == [
        "not_finite",
        "worse_than_popularity",
        "worse_than_history",
        "too_slow",
    ]
    assert set(version.timings) == {"read", "search", "measure", "learn", "judge", "write"}
    assert version.peak_memory > 50_000_000
    assert version.health["guest_baskets"] == 0
    assert version.health["products_without_category"] == 32


def test_the_jobs_log_tells_the_training(shop: Merchant):
    job = jobs.run(request_training(shop, staff=None, ring_worker=False))
    lines = [str(line) for line in JobLogLine.objects.for_merchant(shop).filter(job=job)]
    assert lines[:2] == ["Reading purchases and events", "Read 1,500 purchases, 0 events and 32 products"]
    assert any(line.startswith("NDCG@10: 0.") for line in lines)
    assert "It may go live" in lines
    assert lines[-1].startswith(f"{job.result['version']} is live")


def test_running_out_of_memory_is_said_by_name(shop: Merchant, monkeypatch: pytest.MonkeyPatch):
    def greedy(*args: object) -> None:
        raise MemoryError

    monkeypatch.setattr(artefacts, "write", greedy)
    with pytest.raises(MemoryError):
        train_models(shop, progress=Quiet())
    assert ModelVersion.objects.for_merchant(shop).get().reason == {"code": "out_of_memory", "error": "MemoryError"}


def test_a_broken_live_model_is_not_compared_with_and_can_be_replaced(shop: Merchant):
    live = train_models(shop, progress=Quiet())
    (live.directory / "manifest.json").unlink()
    version = train_models(shop, progress=Quiet())
    assert version.status == Status.LIVE
    assert {check["code"]: check["passed"] for check in version.checks}["coverage_collapsed"] is None
